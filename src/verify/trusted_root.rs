//! Sigstore's `trusted_root.json`: trust in the format of other clients
//! (`sigstore_trustroot.proto`, protobuf JSON). [`merge`] combines several, for logs that succeed
//! each other.
//!
//! A log's name (its origin) is not in the file. It is the host of the log's URL, or another part
//! of the URL that gives the key ID in the file. A log that clients of Rekor v1 know by another
//! key, or by another ID of its key, is in it twice, at one URL.

mod error;
mod json;
mod merge;
mod names;
mod read;
mod write;

pub use error::TrustedRootError;
pub use merge::merge;
pub use read::{LogAt, logs_at, read};
pub use write::{LogKey, write};

/// The maximum size of a file, in bytes.
pub const TRUSTED_ROOT_BYTES_MAX: usize = 4 << 20;

#[cfg(test)]
mod tests;
