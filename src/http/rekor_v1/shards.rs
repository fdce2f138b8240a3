//! The shards of the log that v1's clients see as one: inactive ones, oldest first, and the active
//! one after them. Indices are counted over all of them.
//!
//! A leaf hash alone is looked for in the active shard and then in the inactive ones, as by v1, and
//! names the first entry that is found. So an entry that was logged again has one answer.
//!
//! Invariant: whatever may be in a shard that cannot be read is not said to be absent.

use fasti_client::reader::View;
use fasti_grow::{ShardRanges, TreeId, VirtualIndex};
use serde_json::Value;
use tiles_spec::Hash;

use super::entry_id::{Asked, EntryName};
use super::inactive::InactiveShards;
use super::shard::Shard;
use super::vouch::Voucher;
use crate::problem::Problem;
use crate::served::Served;

/// All shards.
pub(super) struct Shards {
    /// By number: the active one is the last.
    shards: Vec<Shard>,
    ranges: ShardRanges,
}

/// The shards as they are while one question is answered. Each is opened once, if at all.
pub(super) struct Views<'a> {
    shards: &'a Shards,
    open: Vec<Option<View>>,
}

impl Shards {
    /// The log that is served, with the inactive shards before it.
    pub fn new(served: Served, voucher: Voucher, inactive: &InactiveShards) -> Self {
        let ranges = inactive.ranges().clone();
        let mut shards = inactive.shards();
        shards.push(Shard::active(served, voucher, ranges.first(ranges.active())));
        Self { shards, ranges }
    }

    /// The log that is served.
    pub fn active(&self) -> &Shard {
        &self.shards[self.ranges.active()]
    }

    /// The others, oldest first.
    pub fn inactive(&self) -> &[Shard] {
        &self.shards[..self.ranges.active()]
    }

    /// All of them, by number.
    pub fn all(&self) -> &[Shard] {
        &self.shards
    }

    /// Where they begin.
    pub fn ranges(&self) -> &ShardRanges {
        &self.ranges
    }

    /// The shard that a request asks about, which is the active one if it does not say.
    pub fn asked(&self, asked: Asked) -> Option<&Shard> {
        match asked {
            Asked::Any => Some(self.active()),
            Asked::Tree(tree) => Some(&self.shards[self.number_of(tree)?]),
            Asked::Nowhere => None,
        }
    }

    fn number_of(&self, tree: TreeId) -> Option<usize> {
        self.shards.iter().position(|shard| shard.tree() == tree)
    }

    /// The numbers of the shards in the order in which leaf hashes are looked for.
    fn in_order(&self) -> impl Iterator<Item = usize> {
        let active = self.ranges.active();
        std::iter::once(active).chain(0..active)
    }

    /// Opens the shards as they are now, when they are needed.
    pub fn views(&self) -> Views<'_> {
        Views { shards: self, open: self.shards.iter().map(|_| None).collect() }
    }
}

impl Views<'_> {
    /// The entry at an index over all shards; `None` if there is none.
    pub async fn at(&mut self, index: VirtualIndex) -> Result<Option<Value>, Problem> {
        let Some((number, leaf)) = self.shards.ranges.find(index) else { return Ok(None) };
        let (shard, view) = self.open(number).await?;
        shard.entry_at(view, leaf).await
    }

    /// The entries with these names; `None` for each that there is not.
    pub async fn named(&mut self, names: &[EntryName]) -> Result<Vec<Option<Value>>, Problem> {
        let mut found: Vec<Option<Value>> = vec![None; names.len()];
        let mut unread = Vec::new();
        for number in self.shards.in_order() {
            let tree = self.shards.shards[number].tree();
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
        let (shard, view) = self.open(number).await?;
        shard.by_leaves(view, leaves).await
    }

    async fn open(&mut self, number: usize) -> Result<(&Shard, &mut View), Problem> {
        let shard = &self.shards.shards[number];
        let view = match self.open[number].take() {
            Some(view) => view,
            None => shard.view().await?,
        };
        Ok((shard, self.open[number].insert(view)))
    }
}
