//! How copying a log can fail.

use fasti_client::attestations::ReadAttestationError;
use fasti_client::fetch::FetchError;
use fasti_client::heads::ReadHeadsError;
use fasti_client::reader::ReadError;
use fasti_client::times::ReadTimesError;
use fasti_client::trust::CheckpointRefusal;
use fasti_lookup_spec::{LookupError, LookupPath, RevisionError};
use fasti_store::{ObjectPath, StoreError};
use tiles_spec::{ProofError, TreeSize};

/// Why a log could not be copied. What was copied so far stays, and is verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The log cannot be read, or does not verify.
    #[error("cannot read the log")]
    Read(#[from] ReadError),
    /// Its times cannot be read.
    #[error("cannot read the times of the log's entries")]
    Times(#[from] ReadTimesError),
    /// Its attestations cannot be read.
    #[error("cannot read the attestations beside the log's entries")]
    Attestations(#[from] ReadAttestationError),
    /// Its kept heads cannot be read.
    #[error("cannot read the heads that the log keeps")]
    Heads(#[from] ReadHeadsError),
    /// The copy cannot be written.
    #[error("cannot write the copy")]
    Store(#[from] StoreError),
    /// The copy's checkpoint is not one of this log.
    #[error("what is there is not a copy of this log")]
    Other(#[source] CheckpointRefusal),
    /// The log has fewer entries than the copy.
    #[error(
        "ROLLBACK: the log has {log} entries, but its copy has {copy}: the log was restored from an \
         old copy, or an old checkpoint is served. The copy is unchanged"
    )]
    Shrunk {
        /// The size of the log.
        log: TreeSize,
        /// The size of the copy.
        copy: TreeSize,
    },
    /// The log has another history than the copy.
    #[error(
        "FORK: the log's tree does not extend the copy's tree of {size} entries. The copy is \
         unchanged; keep both checkpoints and tell others"
    )]
    Forked {
        /// The size of the copy.
        size: TreeSize,
    },
    /// Another process moved the copy while it was written.
    #[error("{path} is not what this copy has written: something else writes there")]
    NotOurs {
        /// The object.
        path: ObjectPath,
    },
    /// A file of the index is missing.
    #[error("{path} is missing, although the index has it")]
    Missing {
        /// The file.
        path: LookupPath,
    },
    /// A file of the index is damaged.
    #[error("{path} is not what was signed")]
    Revision {
        /// The file.
        path: LookupPath,
        /// What is wrong with it.
        #[source]
        source: RevisionError,
    },
    /// A file of the index is not the one that was signed.
    #[error("{path} is not what was signed")]
    Unsigned {
        /// The file.
        path: LookupPath,
    },
    /// The proof in `lookup/latest` does not verify.
    #[error("{path} does not prove its revision")]
    Proof {
        /// The file.
        path: LookupPath,
        /// Why not.
        #[source]
        source: ProofError,
    },
    /// The log of the index's revisions is not signed by a trusted key.
    #[error("the index is not signed by a trusted key")]
    Indexer(#[source] CheckpointRefusal),
    /// A part of the index is damaged.
    #[error("{path} is not what was signed")]
    Part {
        /// The file.
        path: LookupPath,
        /// What is wrong with it.
        #[source]
        source: LookupError,
    },
}

impl From<FetchError> for MirrorError {
    fn from(error: FetchError) -> Self {
        Self::Read(error.into())
    }
}

impl MirrorError {
    /// Whether the log or the copy is at fault, rather than the connection to them.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Read(error) => error.is_refusal(),
            Self::Times(ReadTimesError::Fetch(error)) => error.is_damage(),
            Self::Attestations(error) => error.is_refusal(),
            Self::Heads(error) => error.is_refusal(),
            Self::Store(error) => !error.is_passing(),
            _ => true,
        }
    }
}
