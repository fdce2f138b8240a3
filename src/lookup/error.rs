//! Why an index cannot be built or continued.

use fasti_client::fetch::FetchError;
use fasti_client::reader::ReadError;
use fasti_client::times::ReadTimesError;
use fasti_client::trust::CheckpointRefusal;
use fasti_grow::{CosignError, GuardError, TreeError};
use fasti_lookup_spec::{LeafRange, LookupError, LookupPath, ManifestError, RevisionError};
use fasti_store::StoreError;
use tiles_spec::{CheckpointError, LeafIndex, TreeSize};

/// Why an index cannot be built or continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The log cannot be read, or does not verify.
    #[error("cannot read the log")]
    Read(#[from] ReadError),
    /// The integrated times of the log's entries cannot be read.
    #[error("cannot read the times of the log's entries")]
    Times(#[from] ReadTimesError),
    /// A run cannot be built.
    #[error("cannot build a run of the index")]
    Build(#[from] BuildError),
    /// The store failed.
    #[error("the store of the index failed")]
    Store(#[from] StoreError),
    /// Another builder has committed the revision. Nothing is wrong: open the index again.
    #[error("another builder has committed revision {revision}")]
    Overtaken {
        /// The revision.
        revision: LeafIndex,
    },
    /// An existing revision is not a revision of this log's index.
    #[error("{path} is not a revision of this log's index")]
    Revision {
        /// The file.
        path: LookupPath,
        /// What is wrong with it.
        #[source]
        source: RevisionError,
    },
    /// A revision holds a checkpoint that does not verify.
    #[error("{path} holds a checkpoint that does not verify")]
    Checkpoint {
        /// The file.
        path: LookupPath,
        /// The reason.
        #[source]
        source: CheckpointRefusal,
    },
    /// A revision belongs to another log, or goes back.
    #[error("{path} cannot follow the previous revision: {reason}")]
    Order {
        /// The file.
        path: LookupPath,
        /// The reason.
        reason: String,
    },
    /// A signed revision is missing.
    #[error(
        "{path} is missing, although `lookup/checkpoint` implies it; restore it, or remove all of \
         lookup/ to rebuild the index under a name of its own"
    )]
    Missing {
        /// The file.
        path: LookupPath,
    },
    /// The checkpoint of the revisions is not signed by this key.
    #[error("lookup/checkpoint is not signed by this key as {origin}")]
    Foreign {
        /// The name of the lookup log.
        origin: String,
        /// The verification error.
        #[source]
        source: CheckpointError,
    },
    /// The tiles of the lookup log do not match its checkpoint.
    #[error("the tiles below lookup/ do not match its checkpoint")]
    Edge(#[source] TreeError),
    /// The log is smaller than what was indexed.
    #[error(
        "the log has a tree of {shown} entries, but {indexed} entries were indexed: it was \
         restored from an old copy, or an old checkpoint is served"
    )]
    Shrunk {
        /// The published size.
        shown: TreeSize,
        /// The indexed size.
        indexed: TreeSize,
    },
    /// The log is not the one that was indexed.
    #[error("forked: the log's tree of {size} entries is not the one that was indexed")]
    Forked {
        /// The indexed size.
        size: TreeSize,
    },
    /// The runs do not form a manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The guard refused.
    #[error("the guard stops the index")]
    Guard(#[from] GuardError),
    /// A witness has cosigned more revisions than there are.
    #[error("the revisions cannot be cosigned")]
    Cosign(#[source] CosignError),
    /// Another tree was signed for the lookup log.
    #[error("forked: lookup/checkpoint has another tree of {size} revisions; do not continue")]
    LookupForked {
        /// The number of revisions.
        size: TreeSize,
    },
    /// The lookup log is full.
    #[error("the lookup log is full")]
    Full,
}

impl From<FetchError> for IndexError {
    fn from(error: FetchError) -> Self {
        Self::Read(error.into())
    }
}

impl IndexError {
    /// Whether it may succeed next time, after a new start.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Overtaken { .. } => true,
            Self::Read(error) => !error.is_refusal(),
            Self::Times(ReadTimesError::Fetch(error)) => !error.is_damage(),
            Self::Times(ReadTimesError::Unsteady { .. }) => true,
            Self::Build(error) => error.is_passing(),
            Self::Store(error) => error.is_passing(),
            Self::Edge(error) => error.is_passing(),
            Self::Guard(error) => error.is_passing(),
            Self::Cosign(error) => error.is_passing(),
            _ => false,
        }
    }
}

/// Why a run could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored part is missing.
    #[error("{path}, a part of the index, is missing")]
    Missing {
        /// The part.
        path: LookupPath,
    },
    /// A stored part is not what the manifest says (I14).
    #[error("{path} is damaged")]
    Damaged {
        /// The part.
        path: LookupPath,
        /// What is wrong with it.
        #[source]
        source: LookupError,
    },
    /// What is known about a stored run, or was found in it, is inconsistent.
    #[error("a run of the index is inconsistent")]
    Run(#[from] ManifestError),
    /// The inputs do not cover the leaves of the range exactly once.
    #[error("the postings of leaves {start} to {end} do not make a run: {reason}")]
    Leaves {
        /// The start of the range.
        start: TreeSize,
        /// The end of the range.
        end: TreeSize,
        /// The reason.
        reason: String,
    },
}

impl BuildError {
    /// Whether the store may recover.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }

    pub(super) fn of(range: LeafRange, reason: String) -> Self {
        Self::Leaves { start: range.start(), end: range.end(), reason }
    }
}
