//! Files and directories as a disk and its cache hold them: what every process sees, and what a
//! power cut leaves.
//!
//! Content and names are kept apart, as in file systems. In an unflushed file each sector is on the
//! disk or not, and the length can be anything between the old and the new one. In an unflushed
//! directory each name can be in any of the states it went through, independently of the others: a
//! rename can lose the old name and not have the new one. This is more than a journalling file
//! system loses; it is what POSIX allows.

use std::collections::{BTreeMap, BTreeSet};

use fasti_kit::seeded::Seeded;

const SECTOR_BYTES: usize = 512;

/// How much unflushed data a power cut takes.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    /// All of it.
    Everything,
    /// All content, but no names: files of zeros or of length zero under their new names.
    Content,
    /// A random part.
    Some,
}

impl Mood {
    pub fn any(random: &mut Seeded) -> Self {
        [Self::Everything, Self::Content, Self::Some, Self::Some][random.below(4)]
    }
}

/// A file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// What processes read.
    pub cached: Vec<u8>,
    durable: Vec<u8>,
    /// The sectors that differ between the cache and the disk, as far as the cache knows.
    dirty: BTreeSet<usize>,
}

impl File {
    pub fn truncate(&mut self) {
        self.cached.clear();
        self.dirty.clear();
    }

    /// Writes into the file, which grows if the bytes reach beyond its end.
    pub fn write_at(&mut self, start: usize, bytes: &[u8]) {
        let end = start + bytes.len();
        self.cached.resize(self.cached.len().max(end), 0);
        self.cached[start..end].copy_from_slice(bytes);
        self.dirty.extend(start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES));
    }

    pub fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.write_back(sector);
        }
    }

    /// Fails a flush: some of it is written, and the cache marks the rest clean anyway. Returns
    /// whether anything was lost.
    pub fn lose(&mut self, random: &mut Seeded) -> bool {
        let dirty = std::mem::take(&mut self.dirty);
        let lost = !dirty.is_empty();
        for sector in dirty {
            if random.coin() {
                self.write_back(sector);
            }
        }
        lost
    }

    pub fn cut(&mut self, mood: Mood, random: &mut Seeded) {
        let length = self.length_after_cut(mood, random);
        for sector in std::mem::take(&mut self.dirty) {
            if matches!(mood, Mood::Some) && random.coin() {
                self.write_back(sector);
            }
        }
        self.durable.resize(length, 0);
        self.cached.clone_from(&self.durable);
    }

    fn length_after_cut(&self, mood: Mood, random: &mut Seeded) -> usize {
        let (old, new) = (self.durable.len(), self.cached.len());
        let between = old.min(new)..old.max(new);
        let sector_ends = between.filter(|length| length % SECTOR_BYTES == 0);
        let mut lengths: Vec<usize> = sector_ends.collect();
        lengths.extend([old, new, new]);
        match mood {
            Mood::Everything => old,
            Mood::Content | Mood::Some => lengths[random.below(lengths.len())],
        }
    }

    fn write_back(&mut self, sector: usize) {
        let end = self.cached.len().min((sector + 1) * SECTOR_BYTES);
        let bytes = &self.cached[sector * SECTOR_BYTES..end];
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[sector * SECTOR_BYTES..end].copy_from_slice(bytes);
    }
}

/// A directory: names of nodes.
#[derive(Clone, Debug, Default)]
pub struct Dir {
    /// What processes see.
    pub cached: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// The changes since the last flush, in order.
    pending: Vec<(String, Option<usize>)>,
}

impl Dir {
    /// Points a name to a node, or removes it.
    pub fn set(&mut self, name: &str, node: Option<usize>) {
        match node {
            Some(node) => self.cached.insert(name.to_owned(), node),
            None => self.cached.remove(name),
        };
        self.pending.push((name.to_owned(), node));
    }

    pub fn sync(&mut self) {
        self.durable.clone_from(&self.cached);
        self.pending.clear();
    }

    pub fn cut(&mut self, mood: Mood, random: &mut Seeded) {
        let mut changes: BTreeMap<String, Vec<Option<usize>>> = BTreeMap::new();
        for (name, node) in self.pending.drain(..) {
            changes.entry(name).or_default().push(node);
        }
        for (name, states) in changes {
            let kept = match mood {
                Mood::Everything => 0,
                Mood::Content => states.len(),
                Mood::Some => random.below(states.len() + 1),
            };
            match kept.checked_sub(1).map(|last| states[last]) {
                None => {}
                Some(Some(node)) => drop(self.durable.insert(name, node)),
                Some(None) => drop(self.durable.remove(&name)),
            }
        }
        self.cached.clone_from(&self.durable);
    }
}
