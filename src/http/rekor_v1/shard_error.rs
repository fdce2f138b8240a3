//! Why a log cannot be an inactive shard.

use std::time::Duration;

use fasti_grow::TreeId;
use tiles_spec::TreeSize;

use crate::followed::FollowError;

/// Maximum number of inactive shards: one request can need them all.
pub(super) const SHARDS_MAX: usize = 32;

/// Why a log cannot be an inactive shard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardError {
    /// It cannot be read, or is not trusted.
    #[error("the inactive shard at {place} cannot be opened")]
    Open {
        /// Where it is.
        place: String,
        /// Why not.
        #[source]
        source: FollowError,
    },
    /// It takes too long.
    #[error("the inactive shard at {place} could not be read within {} seconds", after.as_secs())]
    TooSlow {
        /// Where it is.
        place: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Nothing says that it does not grow.
    #[error(
        "the log at {place} is not frozen: it has {size} entries now, and could grow. The indices \
         of all entries after it are counted from its size. Freeze it (`fasti freeze`), or, if it \
         certainly has ended, state its size: {place},size={size}"
    )]
    Growing {
        /// Where it is.
        place: String,
        /// Its size now.
        size: TreeSize,
    },
    /// It has another size than the operator says.
    #[error(
        "the log at {place} has {found} entries, and not {stated} as stated. The indices of all \
         entries after it are counted from its size, so it must be the one that clients have seen"
    )]
    OtherSize {
        /// Where it is.
        place: String,
        /// The size now.
        found: TreeSize,
        /// The size that the operator states.
        stated: TreeSize,
    },
    /// Two of them are the same tree.
    #[error("{place} and {other} are one log (tree ID {tree}); name each shard once")]
    Twice {
        /// Where one is.
        place: String,
        /// Where the other is.
        other: String,
        /// The tree.
        tree: TreeId,
    },
    /// It is not the log that it was before.
    #[error("the log at {place} is another one than that with the stated key")]
    OtherLog {
        /// Where it is.
        place: String,
    },
    /// There are too many.
    #[error("{0} inactive shards are too many: there can be {SHARDS_MAX}")]
    TooMany(usize),
    /// No index would be left for the log.
    #[error("the inactive shards have more entries than there are indices")]
    TooLarge,
}

impl ShardError {
    /// Whether the shard or its statement is at fault, rather than the connection to it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Open { source, .. } => source.is_refusal(),
            Self::TooSlow { .. } => false,
            _ => true,
        }
    }

    /// Whether the shard may be there another time.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Open { source: FollowError::NoLog(_), .. } => false,
            error => !error.is_refusal(),
        }
    }
}
