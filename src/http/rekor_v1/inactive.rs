//! Inactive shards: logs that have ended, opened at the start.
//!
//! The virtual indices of all later entries are counted from the sizes of these logs. So each must
//! say itself that it has ended (`fasti freeze`), or the operator must state its size. Its files
//! are read from where they are, and what was signed of them stays as it was when it was opened.
//!
//! A shard whose size and key are stated need not be in reach at the start: then it is opened when
//! somebody needs it.
//!
//! Invariants: the start waits no longer than [`PATIENCE`]; a shard's checkpoint is signed by a
//! trusted key, and its tree is of the required size; no two shards have the same tree ID; the
//! shards share [`KEPT_BYTES_MAX`] bytes of memory for files.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fasti_client::fetch::Fetch;
use fasti_client::trust::Trust;
use fasti_grow::{RekorV1Guard, ShardRanges, TreeId, VirtualIndex};
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use futures::future::{Either, join_all, select};
use tiles_spec::{TreeSize, VerifierKey};

use super::shard::Shard;
use super::shard_error::{SHARDS_MAX, ShardError};
use super::vouch::Voucher;
use crate::followed::{FollowConfig, FollowedLog};
use crate::metrics::FollowedMetrics;
use crate::served::Served;

/// How long the start waits for them.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait for one that can be opened later.
const PATIENCE_FOR_STATED: Duration = Duration::from_secs(10);
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
    shards: Vec<Arc<Inactive>>,
    ranges: ShardRanges,
}

/// One of them.
pub(super) struct Inactive {
    source: ShardSource,
    kept_bytes_max: usize,
    clock: Arc<dyn Clock>,
    tree: TreeId,
    /// As it was found at the start.
    found: Option<Arc<FollowedLog>>,
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
        let opening = sources.into_iter().map(|source| Inactive::open(source, kept, clock.clone()));
        let (mut shards, mut sizes) = (Vec::new(), Vec::new());
        let mut known = vec![(TreeId::of(&active.log_id()), "the log itself".to_owned())];
        for found in join_all(opening).await {
            let (shard, size) = found?;
            let (place, tree) = (shard.source.place.clone(), shard.tree);
            if let Some((_, other)) = known.iter().find(|(known, _)| *known == tree) {
                return Err(ShardError::Twice { place, other: other.clone(), tree });
            }
            known.push((tree, place));
            shards.push(Arc::new(shard));
            sizes.push(size);
        }
        let ranges = ShardRanges::new(sizes).ok_or(ShardError::TooLarge)?;
        Ok(Self { shards, ranges })
    }

    /// Where they begin, and the log after them.
    pub fn ranges(&self) -> &ShardRanges {
        &self.ranges
    }

    /// The shards.
    pub(super) fn shards(&self) -> &[Arc<Inactive>] {
        &self.shards
    }
}

impl Inactive {
    /// Opens a shard, unless that can wait. Also returns its size.
    async fn open(
        source: ShardSource,
        kept_bytes_max: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, TreeSize), ShardError> {
        let stated = source.stated();
        let patience = if stated.is_some() { PATIENCE_FOR_STATED } else { PATIENCE };
        let found = opened(&source, kept_bytes_max, &clock, patience).await;
        let (found, tree, size) = match (found, stated) {
            (Ok(log), _) => {
                let (tree, size) = (TreeId::of(&log.key().log_id()), log.head().size);
                (Some(log), tree, size)
            }
            (Err(error), Some((tree, size))) if error.is_passing() => {
                tracing::warn!(error = with_causes(&error), "an inactive shard is out of reach");
                (None, tree, size)
            }
            (Err(error), _) => return Err(error),
        };
        Ok((Self { source, kept_bytes_max, clock, tree, found }, size))
    }

    /// Its tree ID.
    pub fn tree(&self) -> TreeId {
        self.tree
    }

    /// Whether it was in reach at the start.
    pub fn is_open(&self) -> bool {
        self.found.is_some()
    }

    /// The shard, to be read, whose first entry has this index.
    pub async fn shard(&self, first: VirtualIndex) -> Result<Shard, ShardError> {
        let log = if let Some(log) = &self.found {
            log.clone()
        } else {
            let (kept, patience) = (self.kept_bytes_max, PATIENCE_FOR_STATED);
            opened(&self.source, kept, &self.clock, patience).await?
        };
        if TreeId::of(&log.key().log_id()) != self.tree {
            return Err(ShardError::OtherLog { place: self.source.place.clone() });
        }
        let nobody = || Voucher::nobody(log.key(), log.public_key());
        let voucher = self.source.guard.clone().map_or_else(nobody, Voucher::Guard);
        Ok(Shard::inactive(Served::Followed(log), voucher, first))
    }
}

impl ShardSource {
    /// Its tree ID and size, if the operator states both.
    fn stated(&self) -> Option<(TreeId, TreeSize)> {
        let signing = self.trust.logs.iter().filter(|log| !log.key.public_key().cosigns());
        match (&signing.collect::<Vec<_>>()[..], self.size) {
            ([log], Some(size)) => Some((TreeId::of(&log.key.log_id()), size)),
            _ => None,
        }
    }
}

async fn opened(
    source: &ShardSource,
    kept_bytes_max: usize,
    clock: &Arc<dyn Clock>,
    patience: Duration,
) -> Result<Arc<FollowedLog>, ShardError> {
    let ShardSource { place, files, trust, size, guard: _ } = source;
    let config =
        FollowConfig { refresh: DISTRUST_PACE, stale_after: Duration::MAX, kept_bytes_max };
    let (files, trust, metrics) = (files.clone(), trust.clone(), FollowedMetrics::default());
    let opening = FollowedLog::open(files, trust, config, clock.clone(), metrics);
    let place = place.clone();
    let log = match select(pin!(opening), clock.sleep(patience)).await {
        Either::Left((Ok(log), _)) => log,
        Either::Left((Err(source), _)) => return Err(ShardError::Open { place, source }),
        Either::Right(_) => return Err(ShardError::TooSlow { place, after: patience }),
    };
    let found = log.head().size;
    match *size {
        Some(stated) if stated != found => Err(ShardError::OtherSize { place, found, stated }),
        None if !log.is_frozen() => Err(ShardError::Growing { place, size: found }),
        _ => Ok(log),
    }
}
