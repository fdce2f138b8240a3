//! Virtual indices: the indices of entries as clients of Rekor v1 know them, counted over all
//! shards of a log.
//!
//! A log of Rekor v1 is a sequence of trees, its shards. The inactive ones come first, oldest
//! first, and have an end; the active one is the last, and grows. Shards are numbered from 0 in
//! this order.
//!
//! Invariants: pure; a virtual index is of exactly one shard, whatever the sizes are, and from the
//! first one on there are no gaps.

use tiles_spec::{LeafIndex, TreeSize};

/// The index of an entry over all shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct VirtualIndex(u64);

impl VirtualIndex {
    /// The index with this number.
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The index of a leaf of the shard that begins here.
    #[must_use]
    pub fn of_leaf(self, leaf: LeafIndex) -> Self {
        Self(self.0.saturating_add(leaf.get()))
    }

    /// The index after so many leaves of the shard that begins here.
    #[must_use]
    pub fn after(self, leaves: TreeSize) -> Self {
        Self(self.0.saturating_add(leaves.get()))
    }
}

/// Where each shard begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardRanges {
    /// Ascending; the active shard's is the last one.
    firsts: Vec<u64>,
}

/// A log without inactive shards.
impl Default for ShardRanges {
    fn default() -> Self {
        Self { firsts: vec![0] }
    }
}

impl ShardRanges {
    /// The ranges of inactive shards of these sizes, oldest first, and of an active one after them.
    /// `None` if the active one would have no index left.
    pub fn new(inactive: impl IntoIterator<Item = TreeSize>) -> Option<Self> {
        let mut firsts = vec![0_u64];
        let mut end = 0_u64;
        for size in inactive {
            end = end.checked_add(size.get()).filter(|end| *end <= TreeSize::MAX.get())?;
            firsts.push(end);
        }
        Some(Self { firsts })
    }

    /// The number of the active shard, which is how many inactive ones there are.
    pub fn active(&self) -> usize {
        self.firsts.len() - 1
    }

    /// The virtual index of a shard's first entry.
    ///
    /// # Panics
    ///
    /// If there is no shard of this number.
    pub fn first(&self, shard: usize) -> VirtualIndex {
        VirtualIndex(self.firsts[shard])
    }

    /// The number of the shard that an index is of, and the index there. Whether the active shard
    /// is that large is not known here. `None` if no tree can be.
    pub fn find(&self, index: VirtualIndex) -> Option<(usize, LeafIndex)> {
        // Of shards that begin at one index, all but the last are empty.
        let shard = self.firsts.partition_point(|first| *first <= index.0) - 1;
        Some((shard, LeafIndex::new(index.0 - self.firsts[shard])?))
    }

    /// How many leaves of a shard are before an index; more than it has, if all of them are.
    pub fn leaves_before(&self, index: VirtualIndex, shard: usize) -> TreeSize {
        TreeSize::new(index.0.saturating_sub(self.firsts[shard])).unwrap_or(TreeSize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(n: u64) -> TreeSize {
        TreeSize::new(n).expect("a size")
    }

    /// All sequences of up to four shards of up to four entries, against one list of all entries.
    #[test]
    fn indices_are_counted_over_all_shards() {
        const ACTIVE: u64 = 5;
        for count in 0..=4_u32 {
            for number in 0..5_u64.pow(count) {
                let sizes: Vec<u64> = (0..count).map(|n| number / 5_u64.pow(n) % 5).collect();
                let ranges = ShardRanges::new(sizes.iter().copied().map(size)).expect("few");
                assert_eq!(ranges.active(), sizes.len());
                let all: Vec<(usize, u64)> = sizes
                    .iter()
                    .chain([&ACTIVE])
                    .enumerate()
                    .flat_map(|(shard, size)| (0..*size).map(move |leaf| (shard, leaf)))
                    .collect();
                for (index, (shard, leaf)) in (0..).zip(&all) {
                    let (index, leaf) = (VirtualIndex::new(index), LeafIndex::new(*leaf));
                    let leaf = leaf.expect("an index");
                    assert_eq!(ranges.find(index), Some((*shard, leaf)), "{sizes:?} {index:?}");
                    assert_eq!(ranges.first(*shard).of_leaf(leaf), index);
                    for other in 0..=ranges.active() {
                        let before = all[..usize::try_from(index.get()).unwrap()].iter();
                        let before = before.filter(|(shard, _)| *shard == other).count() as u64;
                        let said = ranges.leaves_before(index, other).get();
                        let has = sizes.get(other).copied().unwrap_or(ACTIVE);
                        assert_eq!(said.min(has), before, "{sizes:?} {index:?} in {other}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_index_is_beyond_the_largest_tree() {
        let largest = TreeSize::MAX;
        let ranges = ShardRanges::new([largest]).expect("it just fits");
        assert_eq!(ranges.first(1), VirtualIndex::default().after(largest));
        assert_eq!(ShardRanges::new([largest, size(1)]), None);
        assert_eq!(ShardRanges::new([size(1), largest]), None);
        let alone = ShardRanges::default();
        assert_eq!(alone, ShardRanges::new([]).expect("nothing"));
        assert_eq!(alone.find(VirtualIndex::new(u64::MAX)), None);
        let end = VirtualIndex::new(i64::MAX as u64);
        assert_eq!(alone.find(end).is_some(), LeafIndex::new(end.get()).is_some());
        assert_eq!(alone.leaves_before(VirtualIndex::new(u64::MAX), 0), TreeSize::MAX);
    }
}
