//! Audit: derive a whole log again from its files, and name everything that is not as it was signed.
//!
//! | module | what it is |
//! |---|---|
//! | [`fsck`] | every entry, every tile of every level, against the signed root |
//! | [`lookup`] | the index: every posting, against the entries |
//! | [`report`] | what they find |
//!
//! Like [`client`](crate::client), on which it stands, it knows nothing of the writer.

pub mod fsck;
pub mod lookup;
pub mod report;
