//! The shards of the log that v1's clients see as one: inactive ones, oldest first, and the active
//! one after them. Indices are counted over all of them.
//!
//! A leaf hash alone is looked for in the active shard and then in the inactive ones, as by v1, and
//! names the first entry that is found. So an entry that was logged again has one answer.
//!
//! Invariants: whatever may be in a shard that cannot be read is not said to be absent; while a
//! shard is out of reach, one request at a time waits for it.

use std::sync::Arc;

use fasti_client::reader::View;
use fasti_grow::{ShardRanges, TreeId, VirtualIndex};
use futures::future::BoxFuture;
use serde_json::Value;
use tiles_spec::{Hash, TreeSize};
use tokio::sync::OnceCell;

use super::entry_id::{Asked, EntryName};
use super::inactive::{Inactive, InactiveShards};
use super::reach::Reach;
use super::shard::Shard;
use super::vouch::Voucher;
use crate::problem::Problem;
use crate::served::Served;

/// All shards, by number: the active one is the last.
pub(super) struct Shards {
    inactive: Vec<Older>,
    active: Shard,
    ranges: ShardRanges,
}

/// An inactive shard.
struct Older {
    shard: Arc<Inactive>,
    open: OnceCell<Shard>,
    reach: Reach,
}

/// The shards as they are while one question is answered. Each is opened once, if at all.
pub(super) struct Views<'a> {
    shards: &'a Shards,
    open: Vec<Option<View>>,
}

impl Shards {
    /// The log that is served, with the inactive shards before it. `keeps_attestations` says that
    /// this server writes them.
    pub fn new(
        served: Served,
        voucher: Voucher,
        inactive: &InactiveShards,
        keeps_attestations: bool,
    ) -> Self {
        let ranges = inactive.ranges().clone();
        let older = inactive.shards().iter().map(|shard| Older {
            shard: shard.clone(),
            open: OnceCell::new(),
            reach: Reach::new(shard.is_open()),
        });
        let inactive = older.collect();
        let active =
            Shard::active(served, voucher, ranges.first(ranges.active()), keeps_attestations);
        Self { inactive, active, ranges }
    }

    /// The log that is served.
    pub fn active(&self) -> &Shard {
        &self.active
    }

    /// The numbers of all shards, oldest first.
    pub fn numbers(&self) -> std::ops::RangeInclusive<usize> {
        0..=self.ranges.active()
    }

    /// Whether this is the number of the active shard.
    pub fn is_active(&self, number: usize) -> bool {
        number == self.ranges.active()
    }

    /// Where they begin.
    pub fn ranges(&self) -> &ShardRanges {
        &self.ranges
    }

    /// How many entries a shard has.
    pub fn size_of(&self, number: usize) -> TreeSize {
        if self.is_active(number) {
            return self.active.size();
        }
        self.ranges.leaves_before(self.ranges.first(number + 1), number)
    }

    /// The number of the shard that a request asks about, which is the active one if it does not
    /// say.
    pub fn asked(&self, asked: Asked) -> Option<usize> {
        match asked {
            Asked::Any => Some(self.ranges.active()),
            Asked::Tree(tree) => self.numbers().find(|number| self.tree_of(*number) == tree),
            Asked::Nowhere => None,
        }
    }

    /// The tree ID of a shard.
    fn tree_of(&self, number: usize) -> TreeId {
        self.inactive.get(number).map_or_else(|| self.active.tree(), |older| older.shard.tree())
    }

    /// The numbers of the shards in the order in which leaf hashes are looked for.
    fn in_order(&self) -> impl Iterator<Item = usize> {
        let active = self.ranges.active();
        std::iter::once(active).chain(0..active)
    }

    /// A shard, to be read.
    pub async fn shard(&self, number: usize) -> Result<&Shard, Problem> {
        let Some(older) = self.inactive.get(number) else { return Ok(&self.active) };
        if let Some(shard) = older.open.get() {
            return Ok(shard);
        }
        let open = older.open.get_or_try_init(|| older.shard.shard(self.ranges.first(number)));
        let open = async { open.await.map_err(|error| self.problem_of(number, error.into())) };
        self.needing(number, Box::pin(open)).await
    }

    /// Does what needs the files of a shard, unless they were out of reach a moment ago.
    pub async fn needing<T>(
        &self,
        number: usize,
        work: BoxFuture<'_, Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let Some(older) = self.inactive.get(number) else { return work.await };
        let is_lost = |done: &Result<T, Problem>| match done {
            Err(problem) => problem.is_of_shard_out_of_reach(),
            Ok(_) => false,
        };
        let done = older.reach.attempt(work, is_lost).await;
        done.unwrap_or_else(|| Err(self.problem_of(number, Problem::StillOutOfReach)))
    }

    /// A problem with an inactive shard.
    fn problem_of(&self, number: usize, problem: Problem) -> Problem {
        Problem::Shard { tree: self.tree_of(number), problem: Box::new(problem) }
    }

    /// Opens the shards as they are now, when they are needed.
    pub fn views(&self) -> Views<'_> {
        Views { shards: self, open: self.numbers().map(|_| None).collect() }
    }
}

impl Views<'_> {
    /// The entry at an index over all shards, or `None` if they are not that large.
    pub async fn at(&mut self, index: VirtualIndex) -> Result<Option<Value>, Problem> {
        let shards = self.shards;
        let Some((number, leaf)) = shards.ranges.find(index) else { return Ok(None) };
        let shard = shards.shard(number).await?;
        let view = &mut self.open[number];
        let work = async { shard.entry_at(opened(shard, view).await?, leaf).await };
        shards.needing(number, Box::pin(work)).await
    }

    /// The entries with these names; `None` for each that there is not.
    pub async fn named(&mut self, names: &[EntryName]) -> Result<Vec<Option<Value>>, Problem> {
        let mut found: Vec<Option<Value>> = vec![None; names.len()];
        let mut unread = Vec::new();
        for number in self.shards.in_order() {
            let tree = self.shards.tree_of(number);
            let wanted = |place: &usize| {
                let is_here = names[*place].tree.is_none_or(|asked| asked == tree);
                is_here && found[*place].is_none()
            };
            let places: Vec<usize> = (0..names.len()).filter(wanted).collect();
            let leaves: Vec<Hash> = places.iter().map(|place| names[*place].leaf).collect();
            if places.is_empty() {
                continue;
            }
            match self.by_leaves(number, &leaves).await {
                Ok(entries) => {
                    for (place, entry) in places.into_iter().zip(entries) {
                        found[place] = entry;
                    }
                }
                Err(problem) => unread.push((problem, places)),
            }
        }
        // What is missing could be where nobody could look.
        let is_missing = |places: &[usize]| places.iter().any(|place| found[*place].is_none());
        match unread.into_iter().find(|(_, places)| is_missing(places)) {
            Some((problem, _)) => Err(problem),
            None => Ok(found),
        }
    }

    async fn by_leaves(
        &mut self,
        number: usize,
        leaves: &[Hash],
    ) -> Result<Vec<Option<Value>>, Problem> {
        let shards = self.shards;
        let shard = shards.shard(number).await?;
        let view = &mut self.open[number];
        let work = async { shard.by_leaves(opened(shard, view).await?, leaves).await };
        shards.needing(number, Box::pin(work)).await
    }
}

async fn opened<'v>(shard: &Shard, view: &'v mut Option<View>) -> Result<&'v mut View, Problem> {
    let open = match view.take() {
        Some(open) => open,
        None => shard.view().await?,
    };
    Ok(view.insert(open))
}
