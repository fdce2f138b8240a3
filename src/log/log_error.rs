//! Why a log has stopped.

use fasti_store::StoreError;
use tiles_spec::LeafIndex;

use crate::commit::CommitError;
use crate::dedup::DedupError;
use crate::publish::PublishError;
use crate::recover_error::RecoverError;
use crate::sequence::SequenceError;

/// Why a log has stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A batch could not be prepared.
    #[error("cannot prepare a batch")]
    Sequence(#[from] SequenceError),
    /// A batch could not be committed.
    #[error("cannot commit")]
    Commit(#[from] CommitError),
    /// A committed batch could not be published.
    #[error("cannot publish")]
    Publish(#[from] PublishError),
    /// What was published could not be settled.
    #[error("cannot settle what was published")]
    Settle(#[source] StoreError),
    /// The deduplication index could not be written.
    #[error(transparent)]
    Dedup(#[from] DedupError),
    /// A leaf is not where it should be in the published tree (I4).
    #[error("leaf {0} is not in the published tree")]
    NotIncluded(LeafIndex),
    /// The log cannot be continued.
    #[error("the log cannot be continued")]
    Recover(#[source] RecoverError),
}

impl LogError {
    /// The term is over, and a recovery may continue from there.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Commit(error) => error.is_passing(),
            Self::Publish(error) => error.is_passing(),
            Self::Settle(error) => error.is_passing(),
            Self::Recover(error) => error.is_passing(),
            Self::Sequence(_) | Self::Dedup(_) | Self::NotIncluded(_) => false,
        }
    }
}
