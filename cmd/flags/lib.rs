//! The configuration that the binaries share: flags, each with an environment variable.
//!
//! This is where the environment is read, except for what a store's own library reads itself (above
//! all, credentials).

#![allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "flags are documented for the terminal"
)]

mod buckets;
mod keys;
mod machine;

pub use buckets::{BucketFlags, ConflictingEncryption, Sse};
pub use keys::{KeyError, KeyFlags, UnreadablePassword, memory};
pub use machine::{MachineFlags, NoState, own_state_dir};
