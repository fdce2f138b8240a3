//! Reads a log and trusts nothing in it without proof: bytes in, verdicts out.
//!
//! Nothing here does I/O or asks for the time. A [`Reading`] says which object it wants, and which
//! bytes of it; its host fetches them, from a URL, a bucket or a directory, or in a browser.
//!
//! | module | what it is |
//! |---|---|
//! | [`reading`] | how readings and their hosts work together |
//! | [`trust`] | which logs, witnesses and indexers the caller trusts |
//! | [`window`] | when a key or a certificate is in use |
//! | [`description`] | what a log says about itself: whether it was frozen |
//! | [`tree`] | a log's tree at one head: its verified tiles |
//! | [`prove`], [`proven`] | entries with their proofs; growth with its proof |
//! | [`evidence`] | two signed checkpoints that contradict each other |
//! | [`bundle`] | whole bundles, compared with the tree |
//! | [`search`] | which entries have a digest, a key, an identity: uses the log's index |
//!
//! Invariants: pure, and built for any target: no runtime, no files, no sockets, no clock, and none
//! of the writer's code.

pub mod bundle;
pub mod description;
pub mod evidence;
pub mod prove;
pub mod proven;
pub mod reading;
pub mod search;
pub mod tree;
pub mod trust;
pub mod window;

#[cfg(test)]
pub(crate) mod testing;

pub use bundle::VerifiedBundle;
pub use description::Description;
pub use prove::{Consistency, Inclusion};
pub use proven::ProvenEntry;
pub use reading::{Fault, Reading, RequestId, Want};
pub use tree::Tree;
pub use trust::{CheckpointRefusal, OpenedCheckpoint, Trust, TrustedLog};
