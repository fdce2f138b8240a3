//! The deduplication index of a log in memory, or of a writer on a bucket that keeps no local
//! state.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tiles_spec::{Hash, LeafIndex, TreeHead};

use super::index::{DedupError, DedupIndex};

/// The map is split into this many parts, by the first byte of the hash. A map that grows moves all
/// it holds, and with one large map that would cause a noticeable pause.
const PARTS: usize = 256;

/// The index of a log in memory.
#[derive(Debug)]
pub struct MemoryIndex {
    held: Mutex<Entries>,
}

#[derive(Clone, Debug)]
struct Entries {
    parts: Vec<HashMap<Hash, LeafIndex>>,
    covers: Option<TreeHead>,
}

impl Default for MemoryIndex {
    fn default() -> Self {
        Self { held: Mutex::new(Entries::default()) }
    }
}

impl Default for Entries {
    fn default() -> Self {
        Self { parts: vec![HashMap::new(); PARTS], covers: None }
    }
}

fn part_of(leaf: &Hash) -> usize {
    usize::from(leaf.as_bytes()[0])
}

impl MemoryIndex {
    /// An index with the same content, independent of this one.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self { held: Mutex::new(self.held().clone()) }
    }

    fn held(&self) -> MutexGuard<'_, Entries> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DedupIndex for MemoryIndex {
    fn covers(&self) -> Result<Option<TreeHead>, DedupError> {
        Ok(self.held().covers)
    }

    fn find(&self, leaves: &[Hash]) -> Result<Vec<Option<LeafIndex>>, DedupError> {
        let held = self.held();
        Ok(leaves.iter().map(|leaf| held.parts[part_of(leaf)].get(leaf).copied()).collect())
    }

    fn add(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError> {
        let mut held = self.held();
        for (leaf, index) in leaves {
            held.parts[part_of(leaf)].insert(*leaf, *index);
        }
        held.covers = Some(head);
        Ok(())
    }

    fn clear(&self) -> Result<(), DedupError> {
        *self.held() = Entries::default();
        Ok(())
    }
}
