//! The deduplication index of a writer: sorted runs on the local disk, with their tables in memory.
//!
//! ```text
//! index                  which runs count, and which tree they cover; see manifest.rs
//! <number>.run           see run.rs
//! ```
//! New entries go to a map in memory. When it is full it is written out as a run of level 0, and
//! eight runs of a level are merged into one of the next; so a log of a hundred million leaves has
//! about twenty runs. Nearly every lookup in a run is answered by its table alone.
//!
//! **No pauses.** There is no background thread: each [`add`](DedupIndex::add) does its share of
//! writing and merging, in proportion to what it adds, and several merges can be in progress at
//! once, the small ones first. Writes are flushed a mebibyte at a time. A lookup never waits for a
//! disk write.
//!
//! **Crashes.** A run is flushed before the manifest names it, and never changes. What was not yet
//! written out is lost with the process, and read from the log again; an index that is dropped
//! cleanly writes it out first. Files that the manifest does not name are removed when the index is
//! next opened, including those of other versions of fasti; the log makes up for them.
//!
//! Keys are the first 128 bits of leaf hashes. An attacker who finds two leaves with the same key,
//! in 2^64 tries, only achieves that one of them is not accepted: a hit is believed only after its
//! inclusion is proved.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use fasti_store::{Files, OsFiles};
use tiles_spec::{Hash, LeafIndex, TreeHead};

use super::index::{DedupError, DedupIndex, Key};
use super::manifest::{self, Manifest};
use super::merge::{Merge, Sorted};
use super::run::{self, Run};

/// Keys in memory before they are written out.
const MEMORY_KEYS: usize = 1 << 17;
/// Runs of a level that are merged into one of the next.
const FAN_IN: usize = 8;
/// Entries that are written or merged for each one added. Each must be written once and merged once
/// a level; the rest is slack, so that this is done in time.
const WORK_PER_ENTRY: usize = 8;
/// The cost of finishing a run, which takes a few flushes: this fraction of the keys in memory.
const RUN_END_PART: usize = 8;

/// The index of a writer.
pub struct DiskIndex {
    files: Arc<dyn Files>,
    directory: PathBuf,
    memory_keys: usize,
    view: RwLock<View>,
    work: Mutex<Work>,
}

/// What lookups read.
#[derive(Default)]
struct View {
    /// The newest entries.
    active: BTreeMap<Key, LeafIndex>,
    /// Entries that are being written out.
    flushing: Option<Sorted>,
    /// Newest first.
    runs: Arc<[Arc<Run>]>,
    covers: Option<TreeHead>,
}

/// The state of writing and merging.
#[derive(Default)]
struct Work {
    /// The number of the next run.
    next: u64,
    /// The tree that is covered once the entries being written out are a run.
    frozen: Option<TreeHead>,
    /// The tree that the runs cover.
    saved: Option<TreeHead>,
    flush: Option<Merge>,
    levels: Vec<Level>,
}

#[derive(Default)]
struct Level {
    /// Newest first.
    runs: Vec<Arc<Run>>,
    /// A merge of the oldest of them.
    merge: Option<Merge>,
}

impl DiskIndex {
    /// Opens or creates the index in a directory of its own.
    pub fn open(directory: &Path) -> Result<Self, DedupError> {
        Self::open_with(directory, Arc::new(OsFiles::default()), MEMORY_KEYS)
    }

    /// [`open`](Self::open) with another file system and another number of keys in memory.
    pub fn open_with(
        directory: &Path,
        files: Arc<dyn Files>,
        memory_keys: usize,
    ) -> Result<Self, DedupError> {
        let created = files.create_dir_all(directory);
        created.map_err(|error| DedupError::failed("create", directory, error))?;
        let (view, work) = (RwLock::default(), Mutex::default());
        let index = Self { files, directory: directory.to_owned(), memory_keys, view, work };
        index.load()?;
        Ok(index)
    }

    /// Reads what the manifest names, and removes everything else.
    fn load(&self) -> Result<(), DedupError> {
        let path = self.directory.join(manifest::NAME);
        let (mut work, mut kept) = (Work::default(), Vec::new());
        match self.files.read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(DedupError::failed("read", &path, error)),
            Ok(bytes) => {
                let damaged = || DedupError::Damaged { path: path.display().to_string() };
                let manifest = Manifest::parse(&bytes).ok_or_else(damaged)?;
                kept.push(manifest::NAME.to_owned());
                for (number, level) in manifest.runs {
                    let run = Run::open(&*self.files, &self.directory, number)?;
                    work.level(level).runs.push(Arc::new(run));
                    kept.push(run::name(number));
                }
                work.next = manifest.next;
                (work.frozen, work.saved) = (Some(manifest.covers), Some(manifest.covers));
            }
        }
        self.remove_all_but(&kept)?;
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        (view.runs, view.covers) = (work.runs(), work.saved);
        *self.work() = work;
        Ok(())
    }

    fn remove_all_but(&self, kept: &[String]) -> Result<(), DedupError> {
        let names = self.files.list(&self.directory);
        let names = names.map_err(|error| DedupError::failed("list", &self.directory, error))?;
        for name in names.iter().filter(|name| !kept.contains(name)) {
            let path = self.directory.join(name);
            let removed = self.files.remove_file(&path);
            // An earlier release had directories here.
            let removed = removed.or_else(|_| self.files.remove_dir_all(&path));
            removed.map_err(|error| DedupError::failed("remove", &path, error))?;
        }
        Ok(())
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes and merges as much as a budget of `budget` entries allows.
    fn proceed(&self, work: &mut Work, mut budget: usize) -> Result<(), DedupError> {
        while budget > 0 {
            if work.flush.is_some() {
                self.proceed_with_flush(work, &mut budget)?;
            } else if let Some(level) = work.first_to_merge() {
                self.proceed_with_merge(work, level, &mut budget)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn proceed_with_flush(&self, work: &mut Work, budget: &mut usize) -> Result<(), DedupError> {
        // It is taken out, so that a failed merge is gone.
        let Some(mut merge) = work.flush.take() else { return Ok(()) };
        let Some(run) = merge.step(budget)? else {
            work.flush = Some(merge);
            return Ok(());
        };
        *budget = budget.saturating_sub(self.memory_keys / RUN_END_PART);
        work.level(0).runs.insert(0, Arc::new(run));
        work.saved = work.frozen;
        self.save(work)?;
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        (view.flushing, view.runs) = (None, work.runs());
        Ok(())
    }

    fn proceed_with_merge(
        &self,
        work: &mut Work,
        level: usize,
        budget: &mut usize,
    ) -> Result<(), DedupError> {
        let mut under_way = match work.level(level).merge.take() {
            Some(merge) => merge,
            None => self.begin_merge(work, level)?,
        };
        let Some(run) = under_way.step(budget)? else {
            work.level(level).merge = Some(under_way);
            return Ok(());
        };
        *budget = budget.saturating_sub(self.memory_keys / RUN_END_PART);
        let oldest = work.level(level).runs.len() - FAN_IN;
        let merged = work.level(level).runs.split_off(oldest);
        work.level(level + 1).runs.insert(0, Arc::new(run));
        self.save(work)?;
        self.view.write().unwrap_or_else(PoisonError::into_inner).runs = work.runs();
        for run in merged {
            // A file that cannot be removed now is removed at the next opening.
            drop(self.files.remove_file(run.path()));
        }
        Ok(())
    }

    fn begin_merge(&self, work: &mut Work, level: usize) -> Result<Merge, DedupError> {
        let number = work.take_number();
        let runs = &work.level(level).runs;
        let oldest = &runs[runs.len() - FAN_IN..];
        Merge::of_runs(&*self.files, &self.directory, number, oldest)
    }

    /// Replaces the manifest. The runs' names are flushed first.
    fn save(&self, work: &Work) -> Result<(), DedupError> {
        let Some(covers) = work.saved else { return Ok(()) };
        let levels = work.levels.iter().enumerate();
        let numbered = |(n, level): (usize, &Level)| -> Vec<_> {
            level.runs.iter().map(|run| (run.number(), n)).collect()
        };
        let manifest =
            Manifest { covers, next: work.next, runs: levels.flat_map(numbered).collect() };
        let path = self.directory.join(manifest::NAME);
        let temporary = self.directory.join("new-index");
        let files = &self.files;
        let saved = files
            .sync_dir(&self.directory)
            .and_then(|()| files.write_synced(&temporary, &manifest.encode()))
            .and_then(|()| files.rename(&temporary, &path))
            .and_then(|()| files.sync_dir(&self.directory));
        saved.map_err(|error| DedupError::failed("write", &path, error))
    }

    /// Starts to write out what was added so far, after finishing what is being written.
    fn freeze(&self, work: &mut Work) -> Result<(), DedupError> {
        self.end_flush(work)?;
        let frozen: Sorted = {
            let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
            // After a failure there may be an older one that was not completely written.
            let older = view.flushing.take();
            let mut entries = std::mem::take(&mut view.active);
            for &(key, index) in older.iter().flat_map(|older| older.iter()) {
                entries.entry(key).or_insert(index);
            }
            let frozen: Sorted = entries.into_iter().collect();
            view.flushing = Some(frozen.clone());
            work.frozen = view.covers;
            frozen
        };
        let number = work.take_number();
        work.flush = Some(Merge::of_memory(&*self.files, &self.directory, number, &frozen)?);
        Ok(())
    }

    fn write_out(&self) -> Result<(), DedupError> {
        let work = &mut *self.work();
        let covers = self.view.read().unwrap_or_else(PoisonError::into_inner).covers;
        let is_lost = work.flush.is_none() && work.saved != work.frozen;
        if covers != work.frozen || is_lost {
            self.freeze(work)?;
        }
        self.end_flush(work)
    }

    fn end_flush(&self, work: &mut Work) -> Result<(), DedupError> {
        let mut budget = usize::MAX;
        self.proceed_with_flush(work, &mut budget)
    }
}

impl Work {
    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    fn level(&mut self, level: usize) -> &mut Level {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Level::default);
        }
        &mut self.levels[level]
    }

    /// The lowest level whose runs are to be merged.
    fn first_to_merge(&self) -> Option<usize> {
        self.levels.iter().position(|level| level.runs.len() >= FAN_IN)
    }

    /// All runs, newest first: those of a level are newer than those of the next.
    fn runs(&self) -> Arc<[Arc<Run>]> {
        self.levels.iter().flat_map(|level| level.runs.iter().cloned()).collect()
    }
}

impl DedupIndex for DiskIndex {
    fn covers(&self) -> Result<Option<TreeHead>, DedupError> {
        Ok(self.view.read().unwrap_or_else(PoisonError::into_inner).covers)
    }

    fn find(&self, leaves: &[Hash]) -> Result<Vec<Option<LeafIndex>>, DedupError> {
        let keys: Vec<Key> = leaves.iter().map(key_of).collect();
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let (flushing, runs) = (view.flushing.clone(), view.runs.clone());
        let mut found: Vec<_> = keys.iter().map(|key| view.active.get(key).copied()).collect();
        drop(view);
        if let Some(entries) = flushing {
            for (key, found) in keys.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
                let place = entries.binary_search_by_key(key, |(key, _)| *key);
                *found = place.ok().map(|place| entries[place].1);
            }
        }
        for run in runs.iter() {
            run.find(&keys, &mut found)?;
        }
        Ok(found)
    }

    fn add(&self, leaves: &[(Hash, LeafIndex)], head: TreeHead) -> Result<(), DedupError> {
        let work = &mut *self.work();
        let is_full = {
            let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
            view.active.extend(leaves.iter().map(|(leaf, index)| (key_of(leaf), *index)));
            view.covers = Some(head);
            view.active.len() >= self.memory_keys
        };
        if is_full {
            self.freeze(work)?;
        }
        self.proceed(work, leaves.len().saturating_mul(WORK_PER_ENTRY))
    }

    fn clear(&self) -> Result<(), DedupError> {
        let work = &mut *self.work();
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        (*view, *work) = (View::default(), Work { next: work.next, ..Work::default() });
        drop(view);
        // Without the manifest no other file counts.
        let path = self.directory.join(manifest::NAME);
        match self.files.remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(DedupError::failed("remove", &path, error));
            }
            _ => {}
        }
        let synced = self.files.sync_dir(&self.directory);
        synced.map_err(|error| DedupError::failed("flush", &self.directory, error))?;
        self.remove_all_but(&[])
    }
}

impl Drop for DiskIndex {
    fn drop(&mut self) {
        if let Err(error) = self.write_out() {
            tracing::warn!(%error, "the newest part of the deduplication index could not be saved");
        }
    }
}

fn key_of(leaf: &Hash) -> Key {
    let (key, _) = leaf.as_bytes().split_first_chunk().expect("32 bytes are more than 16");
    Key::from_be_bytes(*key)
}
