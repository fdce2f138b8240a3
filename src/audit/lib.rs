//! Audit: recomputes a whole log from its files, and names everything that differs from what was
//! signed.
//!
//! | module | what it is |
//! |---|---|
//! | [`fsck`] | every entry, every tile of every level, against the signed root |
//! | [`heads`] | the heads that the log keeps, against its tree |
//! | [`lookup`] | the index: every posting, against the entries |
//! | [`elsewhere`] | what mirrors and witnesses have of the log, against its tree |
//! | `findings`, [`problem`], [`report`], [`heads_report`] | what they find |
//!
//! Like [`client`](fasti_client), on which it builds, it does not depend on the writer.

pub mod elsewhere;
mod findings;
pub mod fsck;
pub mod heads;
pub mod heads_report;
pub mod lookup;
pub mod problem;
pub mod report;
