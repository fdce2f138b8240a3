//! What an index of leaves promises, whatever keeps it.

use std::io;
use std::path::Path;

use tiles_spec::{Hash, LeafIndex, TreeHead};

/// The key of a leaf on disk: the first half of its hash.
pub(super) type Key = u128;

/// The index cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DedupError {
    /// An operation of the operating system failed.
    #[error(
        "cannot {action} {path} of the deduplication index; the index can be deleted, and is then \
         rebuilt from the log"
    )]
    Io {
        /// The operation.
        action: &'static str,
        /// The file or directory.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// It holds something that was never written to it.
    #[error(
        "the deduplication index is damaged ({path}); it can be deleted, and is then rebuilt from \
         the log"
    )]
    Damaged {
        /// The file.
        path: String,
    },
}

impl DedupError {
    pub(super) fn failed(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.display().to_string(), source }
    }
}

/// A map from leaf hashes to leaf indices that covers a tree. Its methods block.
///
/// # Contract
/// [`add`](DedupIndex::add) is atomic: after a crash the index covers the tree that it says it
/// covers, which may be an earlier one.
pub trait DedupIndex: Send + Sync + 'static {
    /// The tree that the index covers; `None` if it is new.
    fn covers(&self) -> Result<Option<TreeHead>, DedupError>;
    /// The index of each of `leaves`, if it is known.
    fn find(&self, leaves: &[Hash]) -> Result<Vec<Option<LeafIndex>>, DedupError>;
    /// Adds leaves; from now on the index covers `head`.
    fn add(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError>;
    /// Forgets everything.
    fn clear(&self) -> Result<(), DedupError>;
}
