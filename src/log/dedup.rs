//! Deduplication: which leaves the log holds already (I13).
//!
//! The index maps whole 256-bit leaf hashes to leaf indices. It is disposable: it says which tree
//! it covers, and whatever is missing is read from the log. A failed look-up is an error, never a
//! hit, and a hit is believed only after its inclusion was proved.
//!
//! Leaves that are in a batch but not yet in the index are kept in memory, so that two equal
//! entries in flight get one index.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::planted::{Bug, planted};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use tiles_spec::{Hash, LeafIndex, TreeHead, TreeSize};

/// The index cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DedupError {
    /// The key-value store failed.
    #[error("the deduplication index failed; it can be deleted, and is then rebuilt from the log")]
    Index(#[from] fjall::Error),
    /// It holds something that was never written to it.
    #[error(
        "the deduplication index is damaged; it can be deleted, and is then rebuilt from the log"
    )]
    Damaged,
}

/// A map from leaf hashes to leaf indices that covers a tree. Blocks.
///
/// # Contract
/// [`add`](DedupIndex::add) is atomic: after a crash the index covers the tree it says it covers,
/// which may be an earlier one.
pub trait DedupIndex: Send + Sync + 'static {
    /// The tree that the index covers; `None` if it is new.
    fn covers(&self) -> Result<Option<TreeHead>, DedupError>;
    /// Where each of `leaves` is, if it is known.
    fn find(&self, leaves: &[Hash]) -> Result<Vec<Option<LeafIndex>>, DedupError>;
    /// Adds leaves; from now on the index covers `head`.
    fn add(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError>;
    /// Forgets everything.
    fn clear(&self) -> Result<(), DedupError>;
}

/// The index of a writer: a log-structured store on the local disk, whose Bloom filters answer the
/// usual question (a new leaf) without reading.
pub struct DiskIndex {
    db: Database,
    leaves: Keyspace,
}

/// Holds the tree that the index covers, beside the leaves: a keyspace of its own would hardly ever
/// be written out, and so keep the journal, which is read at each start, at its longest. Leaf
/// hashes have 32 bytes, so that none is equal to it.
const COVERED_KEY: &[u8] = b"tree";
/// Memory for blocks of the index that were read.
const CACHE_BYTES: u64 = 32 << 20;
/// Memory for additions that were not yet written out.
const MEMTABLE_BYTES: u64 = 16 << 20;

impl DiskIndex {
    /// Opens or creates the index in a directory of its own.
    pub fn open(path: &Path) -> Result<Self, DedupError> {
        let db = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .max_cached_files(Some(64))
            .worker_threads(1)
            .max_journaling_size(4 * MEMTABLE_BYTES)
            .open()?;
        let leaves = db.keyspace("leaves", || {
            KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES)
        })?;
        Ok(Self { db, leaves })
    }
}

impl DedupIndex for DiskIndex {
    fn covers(&self) -> Result<Option<TreeHead>, DedupError> {
        let Some(value) = self.leaves.get(COVERED_KEY)? else { return Ok(None) };
        let (size, root) = value.split_first_chunk::<8>().ok_or(DedupError::Damaged)?;
        let size = TreeSize::new(u64::from_be_bytes(*size)).ok_or(DedupError::Damaged)?;
        let root = Hash::try_from(root).map_err(|_| DedupError::Damaged)?;
        Ok(Some(TreeHead { size, root }))
    }

    fn find(&self, leaves: &[Hash]) -> Result<Vec<Option<LeafIndex>>, DedupError> {
        let find = |leaf: &Hash| -> Result<Option<LeafIndex>, DedupError> {
            let Some(value) = self.leaves.get(leaf.as_bytes())? else { return Ok(None) };
            let value: [u8; 8] = value[..].try_into().map_err(|_| DedupError::Damaged)?;
            LeafIndex::new(u64::from_be_bytes(value)).map(Some).ok_or(DedupError::Damaged)
        };
        leaves.iter().map(find).collect()
    }

    fn add(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError> {
        let mut batch = self.db.batch();
        for (leaf, index) in leaves {
            batch.insert(&self.leaves, leaf.as_bytes().to_vec(), index.get().to_be_bytes());
        }
        let mut covered = head.size.get().to_be_bytes().to_vec();
        covered.extend(head.root.as_bytes());
        batch.insert(&self.leaves, COVERED_KEY, covered);
        Ok(batch.durability(Some(PersistMode::Buffer)).commit()?)
    }

    fn clear(&self) -> Result<(), DedupError> {
        Ok(self.leaves.clear()?)
    }
}

/// The index of a log in memory.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    held: Mutex<(HashMap<Hash, LeafIndex>, Option<TreeHead>)>,
}

impl MemoryIndex {
    /// An index with the same content, independent of this one.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self { held: Mutex::new(self.held().clone()) }
    }

    fn held(&self) -> MutexGuard<'_, (HashMap<Hash, LeafIndex>, Option<TreeHead>)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DedupIndex for MemoryIndex {
    fn covers(&self) -> Result<Option<TreeHead>, DedupError> {
        Ok(self.held().1)
    }

    fn find(&self, leaves: &[Hash]) -> Result<Vec<Option<LeafIndex>>, DedupError> {
        let held = self.held();
        Ok(leaves.iter().map(|leaf| held.0.get(leaf).copied()).collect())
    }

    fn add(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError> {
        let mut held = self.held();
        held.0.extend(leaves.iter().copied());
        held.1 = Some(head);
        Ok(())
    }

    fn clear(&self) -> Result<(), DedupError> {
        *self.held() = (HashMap::new(), None);
        Ok(())
    }
}

/// The index together with the leaves that are on their way into it.
#[derive(Clone)]
pub struct Dedup {
    index: Arc<dyn DedupIndex>,
    in_flight: Arc<Mutex<HashMap<Hash, LeafIndex>>>,
}

impl Dedup {
    /// With nothing in flight.
    pub fn new(index: Arc<dyn DedupIndex>) -> Self {
        Self { index, in_flight: Arc::default() }
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<Hash, LeafIndex>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Assigns an index to each leaf: the one it has, or for a new one the next after `size`, in
    /// order. The new ones are in flight from now on.
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

    /// The leaves of a published batch go into the index.
    pub fn publish(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError> {
        self.index.add(leaves, head)?;
        let mut in_flight = self.in_flight();
        for (leaf, _) in leaves {
            in_flight.remove(leaf);
        }
        Ok(())
    }

    /// The same index with nothing in flight. What was on its way in an earlier term has arrived, and
    /// recovery has found it, or it never will; and whatever of that term still runs assigns
    /// nothing here.
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

/// What became of a leaf in [`Dedup::assign`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// It is new, and this is its index.
    New(LeafIndex),
    /// The log holds it, or will soon, at this index.
    Known(LeafIndex),
    /// There is no index left.
    LogIsFull,
}

#[cfg(test)]
mod tests {
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
