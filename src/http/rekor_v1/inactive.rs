//! Inactive shards: logs that have ended, opened at the start.
//!
//! The virtual indices of all later entries are counted from the sizes of these logs. So each must
//! say itself that it has ended (`fasti freeze`), or the operator must state its size. Its files
//! are read from where they are, and what was signed of them stays as it was at the start.
//!
//! Invariants: the start waits no longer than [`PATIENCE`]; a shard's checkpoint is signed by a
//! trusted key, and its tree is of the required size; no two shards have the same tree ID; the
//! shards share [`KEPT_BYTES_MAX`] bytes of memory for files.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fasti_client::fetch::Fetch;
use fasti_client::trust::Trust;
use fasti_grow::{RekorV1Guard, ShardRanges, TreeId};
use fasti_seams::clock::Clock;
use futures::future::{Either, join_all, select};
use tiles_spec::{TreeSize, VerifierKey};

use super::shard::Shard;
use super::vouch::Voucher;
use crate::followed::{FollowConfig, FollowError, FollowedLog};
use crate::metrics::FollowedMetrics;
use crate::served::Served;

/// Maximum number of inactive shards: one request can need them all.
const SHARDS_MAX: usize = 32;
/// How long the start waits for them.
const PATIENCE: Duration = Duration::from_secs(60);
/// Maximum bytes of their files that are kept in memory.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// How long to trust what is kept after some of it was found to be wrong.
const DISTRUST_PACE: Duration = Duration::from_secs(5);

/// Where an inactive shard is, and what is known of it.
pub struct ShardSource {
    /// The place in messages.
    pub place: String,
    /// Its files.
    pub files: Arc<dyn Fetch>,
    /// Who signs them.
    pub trust: Trust,
    /// How many entries it has, if the operator says so.
    pub size: Option<TreeSize>,
    /// Signs for v1's clients as when the log was written, if the key is here by which they know
    /// it.
    pub guard: Option<Arc<RekorV1Guard>>,
}

/// Inactive shards, oldest first.
#[derive(Clone, Default)]
pub struct InactiveShards {
    shards: Vec<Opened>,
    ranges: ShardRanges,
}

#[derive(Clone)]
struct Opened {
    log: Arc<FollowedLog>,
    guard: Option<Arc<RekorV1Guard>>,
}

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
    #[error("the inactive shard at {place} could not be read within {} seconds", PATIENCE.as_secs())]
    TooSlow {
        /// Where it is.
        place: String,
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
}

impl InactiveShards {
    /// Opens the shards before the log with the key `active`, oldest first, all at once.
    pub async fn open(
        sources: Vec<ShardSource>,
        active: &VerifierKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ShardError> {
        if sources.len() > SHARDS_MAX {
            return Err(ShardError::TooMany(sources.len()));
        }
        let kept = KEPT_BYTES_MAX / sources.len().max(1);
        let opening = sources.into_iter().map(|source| opened(source, kept, clock.clone()));
        let mut shards = Vec::new();
        let mut known = vec![(TreeId::of(&active.log_id()), "the log itself".to_owned())];
        for found in join_all(opening).await {
            let (place, opened) = found?;
            let tree = TreeId::of(&opened.log.key().log_id());
            if let Some((_, other)) = known.iter().find(|(known, _)| *known == tree) {
                return Err(ShardError::Twice { place, other: other.clone(), tree });
            }
            known.push((tree, place));
            shards.push(opened);
        }
        let sizes = shards.iter().map(|opened| opened.log.head().size);
        let ranges = ShardRanges::new(sizes).ok_or(ShardError::TooLarge)?;
        Ok(Self { shards, ranges })
    }

    /// Where they begin, and the log after them.
    pub fn ranges(&self) -> &ShardRanges {
        &self.ranges
    }

    /// The shards, to be read.
    pub(super) fn shards(&self) -> Vec<Shard> {
        let shards = self.shards.iter().enumerate().map(|(number, Opened { log, guard })| {
            let nobody = || Voucher::nobody(log.key(), log.public_key());
            let voucher = guard.clone().map_or_else(nobody, Voucher::Guard);
            Shard::inactive(Served::Followed(log.clone()), voucher, self.ranges.first(number))
        });
        shards.collect()
    }
}

async fn opened(
    source: ShardSource,
    kept_bytes_max: usize,
    clock: Arc<dyn Clock>,
) -> Result<(String, Opened), ShardError> {
    let ShardSource { place, files, trust, size, guard } = source;
    let config =
        FollowConfig { refresh: DISTRUST_PACE, stale_after: Duration::MAX, kept_bytes_max };
    let opening =
        FollowedLog::open(files, trust, config, clock.clone(), FollowedMetrics::default());
    let log = match select(pin!(opening), clock.sleep(PATIENCE)).await {
        Either::Left((Ok(log), _)) => log,
        Either::Left((Err(source), _)) => return Err(ShardError::Open { place, source }),
        Either::Right(_) => return Err(ShardError::TooSlow { place }),
    };
    let found = log.head().size;
    match size {
        Some(stated) if stated != found => Err(ShardError::OtherSize { place, found, stated }),
        None if !log.is_frozen() => Err(ShardError::Growing { place, size: found }),
        _ => Ok((place, Opened { log, guard })),
    }
}
