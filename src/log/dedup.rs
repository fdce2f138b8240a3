//! Deduplication: which leaves the log already holds (I13).
//!
//! The index maps leaf hashes to leaf indices. It is disposable: it says which tree it covers, and
//! what is missing is read from the log. A failed lookup is an error, never a hit, and a hit is
//! believed only after its inclusion is proved.
//!
//! Leaves that are in a batch but not yet in the index are kept in memory, so that two equal
//! entries in flight get the same index.

mod disk;
mod index;
mod manifest;
mod memory;
mod merge;
mod run;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tiles_spec::{Hash, LeafIndex, TreeHead, TreeSize};

pub use disk::DiskIndex;
pub use index::{DedupError, DedupIndex};
pub use memory::MemoryIndex;

use fasti_seams::planted::{Bug, planted};

/// The index together with the leaves in flight.
#[derive(Clone)]
pub struct Dedup {
    index: Arc<dyn DedupIndex>,
    in_flight: Arc<Mutex<HashMap<Hash, LeafIndex>>>,
}

impl Dedup {
    /// Creates it with nothing in flight.
    pub fn new(index: Arc<dyn DedupIndex>) -> Self {
        Self { index, in_flight: Arc::default() }
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<Hash, LeafIndex>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Assigns an index to each leaf: the one it has, or, for a new leaf, the next one from `size`
    /// on, in order. The new leaves are in flight from now on.
    pub fn assign(&self, leaves: &[Hash], size: TreeSize) -> Result<Vec<Assigned>, DedupError> {
        let indexed = self.index.find(leaves)?;
        let mut in_flight = self.in_flight();
        let mut next = size;
        let assign = |(leaf, indexed): (&Hash, Option<LeafIndex>)| {
            let known = in_flight.get(leaf).filter(|_| !planted(Bug::InFlightIgnored));
            if let Some(index) = known.copied().or(indexed) {
                return Assigned::Known(index);
            }
            let Some(index) = next.next_leaf() else { return Assigned::LogIsFull };
            next = index.tree_size_after();
            in_flight.insert(*leaf, index);
            Assigned::New(index)
        };
        Ok(leaves.iter().zip(indexed).map(assign).collect())
    }

    /// Moves the leaves of a published batch into the index.
    pub fn publish(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError> {
        self.index.add(leaves, head)?;
        let mut in_flight = self.in_flight();
        for (leaf, _) in leaves {
            in_flight.remove(leaf);
        }
        Ok(())
    }

    /// The same index with nothing in flight. What was in flight in an earlier term has arrived,
    /// and recovery has found it, or it never will; and whatever is still running from that term
    /// assigns nothing here.
    #[must_use]
    pub fn of_new_term(&self) -> Self {
        if planted(Bug::InFlightKept) || planted(Bug::HitBelieved) {
            return self.clone();
        }
        Self::new(self.index.clone())
    }

    /// The index, for recovery.
    pub fn index(&self) -> &Arc<dyn DedupIndex> {
        &self.index
    }
}

/// The result of [`Dedup::assign`] for a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// It is new, and this is its index.
    New(LeafIndex),
    /// The log holds it, or soon will, at this index.
    Known(LeafIndex),
    /// There is no index left.
    LogIsFull,
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod assigning {
    use super::Assigned::{Known, New};
    use super::*;

    fn hash(n: u8) -> Hash {
        Hash::from([n; 32])
    }

    fn index(n: u64) -> LeafIndex {
        LeafIndex::new(n).expect("in range")
    }

    fn head(size: u64) -> TreeHead {
        TreeHead { size: TreeSize::new(size).expect("in range"), root: hash(0) }
    }

    fn equal_leaves_share_an_index(store: Arc<dyn DedupIndex>) {
        let dedup = Dedup::new(store);
        let first = dedup.assign(&[hash(1), hash(2), hash(1)], head(10).size).expect("answers");
        assert_eq!(first, [New(index(10)), New(index(11)), Known(index(10))]);
        let second = dedup.assign(&[hash(2), hash(3)], head(12).size).expect("answers");
        assert_eq!(second, [Known(index(11)), New(index(12))], "in flight");
        dedup.publish(&[(hash(1), index(10)), (hash(2), index(11))], head(12)).expect("adds");
        let third = dedup.assign(&[hash(1), hash(3), hash(4)], head(13).size).expect("answers");
        assert_eq!(third, [Known(index(10)), Known(index(12)), New(index(13))], "indexed");
        assert_eq!(dedup.index().covers().expect("answers"), Some(head(12)));
        dedup.index().clear().expect("clears");
        assert_eq!(dedup.index().covers().expect("answers"), None);
    }

    #[test]
    fn equal_leaves_share_an_index_in_memory() {
        equal_leaves_share_an_index(Arc::new(MemoryIndex::default()));
    }

    #[test]
    fn equal_leaves_share_an_index_on_disk_and_after_opening_it_again() {
        let dir = tempfile::tempdir().expect("a directory");
        equal_leaves_share_an_index(Arc::new(DiskIndex::open(dir.path()).expect("opens")));
        let index = DiskIndex::open(dir.path()).expect("opens again");
        index.add(&[(hash(9), self::index(5))], head(6)).expect("adds");
        drop(index);
        let index = DiskIndex::open(dir.path()).expect("opens again");
        assert_eq!(index.find(&[hash(9), hash(8)]).expect("answers"), [Some(self::index(5)), None]);
        assert_eq!(index.covers().expect("answers"), Some(head(6)));
    }
}
