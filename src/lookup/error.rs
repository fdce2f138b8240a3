//! Why an index cannot be built, or not gone on with.

use tiles_spec::lookup::{LookupPath, ManifestError, RevisionError};
use tiles_spec::{CheckpointError, LeafIndex, TreeSize};

use super::run::BuildError;
use crate::client::fetch::FetchError;
use crate::client::reader::ReadError;
use crate::client::trust::CheckpointRefusal;
use crate::log::RecoverError;
use crate::log::guard::GuardError;
use crate::store::StoreError;

/// Why an index cannot be built, or not gone on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The log cannot be read, or what is read is not the log.
    #[error("cannot read the log")]
    Read(#[from] ReadError),
    /// A run cannot be built.
    #[error("cannot build a run of the index")]
    Build(#[from] BuildError),
    /// The store failed.
    #[error("the store of the index failed")]
    Store(#[from] StoreError),
    /// Another builder has made the revision. Nothing is wrong: open the index again.
    #[error("another builder has made revision {revision}")]
    Overtaken {
        /// The revision.
        revision: LeafIndex,
    },
    /// A revision that is there is no revision of this log's index.
    #[error("{path} is not a revision of this log's index")]
    Revision {
        /// The file.
        path: LookupPath,
        /// What is wrong with it.
        #[source]
        source: RevisionError,
    },
    /// A revision holds a checkpoint that is not the log's.
    #[error("{path} holds a checkpoint that is not believed")]
    Checkpoint {
        /// The file.
        path: LookupPath,
        /// Why not.
        #[source]
        source: CheckpointRefusal,
    },
    /// A revision is of another log, or goes back.
    #[error("{path} cannot follow the revision before it: {reason}")]
    Order {
        /// The file.
        path: LookupPath,
        /// Why not.
        reason: String,
    },
    /// A revision is gone that was signed.
    #[error(
        "{path} is missing, which `lookup/checkpoint` implies; restore it, or remove all of lookup/ \
         to build the index anew under a name of its own"
    )]
    Missing {
        /// The file.
        path: LookupPath,
    },
    /// The checkpoint of the revisions is not one of this key.
    #[error("lookup/checkpoint is not signed by this key as {origin}")]
    Foreign {
        /// The name of the lookup log.
        origin: String,
        /// What verification said.
        #[source]
        source: CheckpointError,
    },
    /// The tiles of the lookup log are not those of its checkpoint.
    #[error("the tiles below lookup/ do not make its checkpoint")]
    Edge(#[source] RecoverError),
    /// The log shows less than was indexed.
    #[error(
        "the log shows a tree of {shown} entries, and {indexed} of it were indexed: it was restored \
         from an old copy, or an old checkpoint is served"
    )]
    Shrunk {
        /// The size that is shown.
        shown: TreeSize,
        /// The size that was indexed.
        indexed: TreeSize,
    },
    /// The log is not the one that was indexed.
    #[error("forked: the log's tree of {size} entries is not the one that was indexed")]
    Forked {
        /// The size that was indexed.
        size: TreeSize,
    },
    /// Runs do not make a manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The guard objects.
    #[error("the guard stops the index")]
    Guard(#[from] GuardError),
    /// Another tree was signed for the lookup log.
    #[error("forked: lookup/checkpoint shows another tree of {size} revisions; do not go on")]
    LookupForked {
        /// The number of revisions.
        size: TreeSize,
    },
    /// There is no room in the lookup log.
    #[error("the lookup log is full")]
    Full,
}

impl From<FetchError> for IndexError {
    fn from(error: FetchError) -> Self {
        Self::Read(error.into())
    }
}

impl IndexError {
    /// It may go better the next time, from a new start.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Overtaken { .. } => true,
            Self::Read(error) => !error.is_refusal(),
            Self::Build(error) => error.is_passing(),
            Self::Store(error) => error.is_passing(),
            Self::Edge(error) => error.is_passing(),
            Self::Guard(error) => error.is_passing(),
            _ => false,
        }
    }
}
