//! Audit: derive a whole log again from its files, and name everything that is not as it was signed.
//!
//! | module | what it is |
//! |---|---|
//! | [`fsck`] | every entry, every tile of every level, against the signed root |
//!
//! Like [`client`](crate::client), on which it stands, it knows nothing of the writer.

pub mod fsck;
