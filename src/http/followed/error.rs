//! Why a log cannot be followed to its newest checkpoint.

use fasti_client::fetch::FetchError;
use fasti_client::reader::ReadError;
use fasti_client::trust::CheckpointRefusal;
use tiles_spec::TreeHead;

/// Why a log cannot be followed to its newest checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The checkpoint is out of reach.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// There is no checkpoint.
    #[error("there is no log: nothing at {0}")]
    NoLog(String),
    /// The checkpoint is not trusted.
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointRefusal),
    /// The key has no form that clients of Rekor v1 know.
    #[error("the log's key has no SubjectPublicKeyInfo, by which clients of Rekor v1 know a log")]
    Key,
    /// The checkpoint is of another log.
    #[error("the checkpoint is now of the log {origin:?}")]
    OtherLog {
        /// Its origin.
        origin: String,
    },
    /// The log has become smaller.
    #[error(
        "ROLLBACK: the log serves a tree of {} entries, but has shown one of {}. It was restored \
         from an old copy, or something in between serves an old checkpoint", found.size, shown.size
    )]
    Shrunk {
        /// The tree that is shown.
        shown: TreeHead,
        /// The tree that the log serves now.
        found: TreeHead,
    },
    /// The log has signed two trees, of which neither extends the other.
    #[error(
        "FORK: the log has signed a tree of {} entries with root {}, which is shown, and one of {} \
         entries with root {} that does not extend it. Keep both checkpoints: they are the evidence",
        shown.size, shown.root, found.size, found.root
    )]
    Fork {
        /// The tree that is shown.
        shown: TreeHead,
        /// The tree that the log serves now.
        found: TreeHead,
    },
    /// The tree cannot be read, or is not what was signed.
    #[error("the tree of the newest checkpoint cannot be read")]
    Read(#[from] ReadError),
}

impl FollowError {
    /// Whether the log itself is at fault, rather than the connection to it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_damage(),
            Self::Read(error) => error.is_refusal(),
            Self::NoLog(_) => false,
            _ => true,
        }
    }
}
