//! Why a mirror refuses an upload, and with which status (C2SP tlog-mirror).

use fasti_entry::quote;
use fasti_grow::TreeError;
use fasti_store::StoreError;
use thiserror::Error;
use tiles_spec::mirror::{MirrorInfo, PackageError, UploadError};
use tiles_spec::{ProofError, TreeHead, TreeSize};

use crate::refusal::Refusal;
use crate::state::StateError;

/// Why a mirror refuses an upload.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MirrorRefusal {
    /// A log that this mirror does not know.
    #[error("this mirror does not mirror the log {}", quote(.0))]
    NotMirrored(String),
    /// A malformed head.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// A malformed package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The body ended within its head.
    #[error("the body ends within its head")]
    Truncated,
    /// The body ended before anything could be verified.
    #[error("the body ends before its first package does")]
    NoPackage,
    /// Nothing is known of the log yet.
    #[error("no checkpoint of this log was added yet")]
    NoPending,
    /// The client has to go on elsewhere.
    #[error("go on as this answer says")]
    Elsewhere(MirrorInfo),
    /// Entries that are not those of the log.
    #[error("the entries from {start} on are not proved to be in the log's tree")]
    Unproved {
        /// How many entries come before.
        start: TreeSize,
        /// What is wrong with the proof.
        #[source]
        source: ProofError,
    },
    /// What a witness would refuse.
    #[error(transparent)]
    Witness(#[from] Refusal),
    /// A stored file is missing or damaged.
    #[error("the copy cannot be read")]
    Tree(#[from] TreeError),
    /// The store failed.
    #[error("the copy cannot be read or written")]
    Store(#[from] StoreError),
    /// What is stored is not what the log has signed.
    #[error(
        "the copy has another tree of {} entries than the log has signed: it is damaged, or of \
         another history. Nothing was cosigned", .0.size
    )]
    OtherTree(TreeHead),
    /// The state was put back to an older one.
    #[error(
        "as a mirror it has cosigned {mirrored} entries, as a witness only {pending}: the state \
         was replaced by an older one"
    )]
    RolledBack {
        /// What was cosigned as a mirror.
        mirrored: TreeSize,
        /// What was cosigned as a witness.
        pending: TreeSize,
    },
}

impl From<StateError> for MirrorRefusal {
    fn from(error: StateError) -> Self {
        Self::Witness(error.into())
    }
}

impl MirrorRefusal {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotMirrored(_) => 404,
            Self::Upload(_) | Self::Package(_) | Self::Truncated | Self::NoPackage => 400,
            Self::NoPending | Self::Unproved { .. } => 422,
            Self::Elsewhere(_) => 409,
            Self::Witness(refusal) => refusal.status(),
            Self::Tree(_) | Self::Store(_) | Self::OtherTree(_) | Self::RolledBack { .. } => 500,
        }
    }
}
