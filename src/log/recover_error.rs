//! Refusal: why a log is not continued (I10).

use fasti_grow::{EdgeError, GuardError, TreeError};
use fasti_signer::SignedMemoryError;
use fasti_store::{ObjectPath, RecordNumber, StoreError};
use tiles_spec::{CheckpointError, TreeSize, VerifierKey};

use crate::commit::CommitError;
use crate::dedup::DedupError;
use crate::publish::PublishError;
use crate::record::RecordError;
use crate::record_guard::RecordGuardError;
use crate::sighting::SeenBy;
use crate::times::TimesEdgeError;

/// Why a log is not continued. Nothing was signed; every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The checkpoint belongs to another log.
    #[error("the store holds the log {found:?}, not {expected:?}; check --store and --origin")]
    WrongOrigin {
        /// The origin in the checkpoint.
        found: String,
        /// The expected origin.
        expected: String,
    },
    /// The checkpoint is not signed by the key.
    #[error(
        "the store's checkpoint is not signed by this key ({key}); use the key that the log was \
         created with"
    )]
    WrongKey {
        /// The verifier key of this key.
        key: Box<VerifierKey>,
        /// The verification error.
        #[source]
        source: CheckpointError,
    },
    /// The commit records are missing.
    #[error(
        "the log was published at size {published}, but its commit records (_writer/commit) are \
         missing; restore them. A log cannot be continued from its tiles, because they may not \
         hold what was committed last"
    )]
    MissingRecords {
        /// The published size.
        published: TreeSize,
    },
    /// The checkpoint is missing.
    #[error(
        "there are commit records up to size {committed}, but no checkpoint; restore `checkpoint` \
         from the newest copy that any reader or mirror has"
    )]
    MissingCheckpoint {
        /// The committed size.
        committed: TreeSize,
    },
    /// More was signed than the store holds: an older copy was restored.
    #[error(
        "rolled back: {seen_by} shows the log at size {seen}, but the commit records end at size \
         {committed}. This is an older copy of the log; continuing from it would fork it. Restore \
         the newest copy, or end this log and start a new one under another origin"
    )]
    RolledBack {
        /// The source of the larger size.
        seen_by: SeenBy,
        /// The larger size.
        seen: TreeSize,
        /// The size that the records lead to.
        committed: TreeSize,
    },
    /// There are two roots for one size.
    #[error(
        "forked: {seen_by} has another root at size {size} than the log in the store. One of them \
         belongs to another history; do not delete either, and do not continue"
    )]
    Forked {
        /// The source of the other root.
        seen_by: SeenBy,
        /// The size.
        size: TreeSize,
    },
    /// A record is missing between the newest and the published ones.
    #[error(
        "commit record {number} is missing, so the batches after the published size {published} \
         cannot be finished; restore it"
    )]
    Gap {
        /// The missing record.
        number: RecordNumber,
        /// The published size.
        published: TreeSize,
    },
    /// The records do not form a chain.
    #[error("commit record {number} does not follow the previous one; one of them is damaged")]
    BrokenChain {
        /// The later record.
        number: RecordNumber,
    },
    /// A record does not read back (I14).
    #[error("commit record {number} is damaged; restore it from a backup")]
    DamagedRecord {
        /// The record.
        number: RecordNumber,
        /// What is wrong with it.
        #[source]
        source: RecordError,
    },
    /// A tile or bundle of the right edge is missing.
    #[error("{path} is missing; restore it from a mirror or a backup")]
    MissingTile {
        /// The object.
        path: ObjectPath,
    },
    /// A tile or bundle is damaged (I14).
    #[error("{0}; restore it from a mirror or a backup (`fasti fsck` lists every damaged file)")]
    DamagedEdge(#[from] EdgeError),
    /// The times of the unfinished bundle cannot be used.
    #[error(transparent)]
    Times(TimesEdgeError),
    /// The entries of a record do not lead to the root that it states.
    #[error("commit record {number} does not lead to the root it states; restore it from a backup")]
    WrongRoot {
        /// The record.
        number: RecordNumber,
    },
    /// Another writer took over in the meantime.
    #[error("another writer has taken over")]
    Fenced,
    /// Writing the takeover record failed.
    #[error("cannot take over the log")]
    TakeOver(#[from] CommitError),
    /// Finishing the unfinished batches failed.
    #[error("cannot finish what was committed")]
    Publish(#[from] PublishError),
    /// The guard refused to sign.
    #[error("the guard stops the log")]
    Guard(#[from] GuardError),
    /// The guard refused the takeover record.
    #[error("the guard stops the log")]
    RecordGuard(#[from] RecordGuardError),
    /// The key's memory cannot be read.
    #[error(transparent)]
    Memory(#[from] SignedMemoryError),
    /// The deduplication index cannot be used.
    #[error(transparent)]
    Dedup(#[from] DedupError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl RecoverError {
    /// Another writer was faster, or the store or signer may recover.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Fenced => true,
            Self::TakeOver(error) => error.is_passing(),
            Self::Publish(error) => error.is_passing(),
            Self::Guard(error) => error.is_passing(),
            Self::Store(error) => error.is_passing(),
            Self::Memory(error) => error.is_passing(),
            _ => false,
        }
    }

    /// What the store holds is not what this log left there: another log, an older or other state
    /// of it, or a damaged one. Somebody has to look; trying again cannot help.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::WrongOrigin { .. }
            | Self::WrongKey { .. }
            | Self::MissingRecords { .. }
            | Self::MissingCheckpoint { .. }
            | Self::RolledBack { .. }
            | Self::Forked { .. }
            | Self::Gap { .. }
            | Self::BrokenChain { .. }
            | Self::DamagedRecord { .. }
            | Self::MissingTile { .. }
            | Self::DamagedEdge(_)
            | Self::Times(_)
            | Self::WrongRoot { .. } => true,
            Self::Fenced
            | Self::TakeOver(_)
            | Self::Publish(_)
            | Self::Guard(_)
            | Self::RecordGuard(_)
            | Self::Memory(_)
            | Self::Dedup(_)
            | Self::Store(_) => false,
        }
    }

    /// Whether the error is about a record that should be there unchanged.
    pub(super) fn is_of_records(&self) -> bool {
        matches!(
            self,
            Self::Gap { .. }
                | Self::BrokenChain { .. }
                | Self::DamagedRecord { .. }
                | Self::WrongRoot { .. }
        )
    }

    /// Whether only the signer failed, which may recover.
    pub(super) fn is_of_signer(&self) -> bool {
        match self {
            Self::Guard(error) | Self::Publish(PublishError::Guard(error)) => error.is_passing(),
            _ => false,
        }
    }

    /// Whether reading everything again cannot help, because the error is not about what was read.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Publish(error) => !error.is_passing(),
            Self::Guard(error) => !error.is_passing(),
            Self::Memory(error) => !error.is_passing(),
            Self::RecordGuard(_) | Self::Dedup(_) => true,
            _ => false,
        }
    }
}

impl From<TimesEdgeError> for RecoverError {
    fn from(error: TimesEdgeError) -> Self {
        match error {
            TimesEdgeError::Store(error) => Self::Store(error),
            error => Self::Times(error),
        }
    }
}

impl From<TreeError> for RecoverError {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Missing { path } => Self::MissingTile { path },
            TreeError::Damaged(error) => Self::DamagedEdge(error),
            TreeError::Store(error) => Self::Store(error),
        }
    }
}
