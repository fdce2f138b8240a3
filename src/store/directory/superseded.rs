//! Superseded partial tiles, bundles and times: those whose full one exists. They are removed in
//! the background, one directory (`tile/0/067.p`) at a time, and nothing waits for it.
//!
//! **When.** Readers with an earlier checkpoint still request its partial files, so these are kept
//! for some more records. Then they are removed, before they were ever flushed: otherwise a busy
//! log would write them all to disk only to remove them. What the settled tree needs
//! ([`Superseded::settled`]) stays until a later tree is settled, because recovery reads it;
//! everything newer is implied by the commit records.
//!
//! **What a crash leaves behind** is found again. Recovery rewrites the full ones beyond the
//! settled tree, and so adds their partial ones here again; the others are where [`Leftovers`]
//! looks after a start. Until then, a failed removal costs only space.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fasti_objects::Published;
use tiles_spec::tile::{edge_bundle, edge_tiles, levels, unfinished_tile};
use tiles_spec::{BundleCoord, Level, TileCoord, TileIndex, TileWidth, TreeSize};

use super::files::Files;
use crate::{ObjectPath, RecordNumber};

/// Most directories that are remembered. Any beyond that are found after the next start.
const WAITING_MAX: usize = 1 << 16;
/// How far back from the right edge to look for leftovers: the leaves of a segment's records.
const LEFTOVER_LEAVES: u64 = 2048 * 4096;
/// The number of names in one directory of full tiles.
const TILES_A_DIRECTORY: u64 = 1000;

/// What is to be removed, and when.
pub(super) struct Superseded {
    root: PathBuf,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// Superseded by what is being published.
    new: Vec<PathBuf>,
    /// Superseded when this record was published; oldest first.
    waiting: VecDeque<(u64, PathBuf)>,
    /// The directories that the settled tree needs.
    needed: HashSet<PathBuf>,
    /// Those of them that were superseded.
    held: Vec<PathBuf>,
}

impl Superseded {
    /// Creates an empty list; the tree of size `settled` is settled.
    pub fn new(root: &Path, settled: TreeSize) -> Self {
        let superseded = Self { root: root.to_owned(), queue: Mutex::default() };
        superseded.settled(settled);
        superseded
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A full tile or bundle was written.
    pub fn add(&self, full: &ObjectPath) {
        self.insert(self.root.join(format!("{full}.p")));
    }

    fn insert(&self, directory: PathBuf) {
        let mut queue = self.queue();
        if queue.new.len() + queue.waiting.len() < WAITING_MAX {
            queue.new.push(directory);
        }
    }

    /// A directory that can be removed when record `number` is published: its full tile was
    /// published `keep` records before, and the settled tree does not need it.
    pub fn next(&self, number: RecordNumber, keep: u64) -> Option<PathBuf> {
        let queue = &mut *self.queue();
        queue.waiting.extend(queue.new.drain(..).map(|directory| (number.get(), directory)));
        while let Some((since, _)) = queue.waiting.front() {
            if since.saturating_add(keep) > number.get() {
                return None;
            }
            let (_, directory) = queue.waiting.pop_front()?;
            if !queue.needed.contains(&directory) {
                return Some(directory);
            }
            queue.held.push(directory);
        }
        None
    }

    /// Notes that the tree of this size is settled, so the previous one needs nothing any more.
    pub fn settled(&self, size: TreeSize) {
        let tiles = edge_tiles(size).into_iter().map(ObjectPath::from);
        let bundle = edge_bundle(size);
        let times = bundle.map(|bundle| Published::Times(bundle).into());
        let paths = tiles.chain(bundle.map(ObjectPath::from)).chain(times);
        let files = paths.map(|path| self.root.join(path.as_str()));
        let queue = &mut *self.queue();
        queue.needed = files.filter_map(|file| Some(file.parent()?.to_owned())).collect();
        for directory in queue.held.drain(..) {
            queue.waiting.push_front((0, directory));
        }
    }
}

/// The search for what an earlier writer left behind.
pub(super) struct Leftovers {
    /// Directories still to be searched, the last one first.
    directories: Vec<PathBuf>,
}

impl Leftovers {
    /// Searches where superseded files can be in a log of this size: as far back as a segment
    /// reaches.
    pub fn of(root: &Path, size: TreeSize) -> Self {
        let mut directories = Vec::new();
        let first = size.saturating_sub(LEFTOVER_LEAVES);
        for level in levels() {
            let full = |size| unfinished_tile(size, level).get();
            let (first, end) = (full(first), full(size));
            if end == 0 {
                break;
            }
            for n in first / TILES_A_DIRECTORY..=(end - 1) / TILES_A_DIRECTORY {
                let (index, width) = (TileIndex::new(n * TILES_A_DIRECTORY), TileWidth::FULL);
                let mut full = vec![ObjectPath::from(TileCoord { level, index, width })];
                if level == Level::ZERO {
                    let bundle = BundleCoord { index, width };
                    full.extend([bundle.into(), Published::Times(bundle).into()]);
                }
                let files = full.iter().map(|path| root.join(path.as_str()));
                directories.extend(files.filter_map(|file| Some(file.parent()?.to_owned())));
            }
        }
        Self { directories }
    }

    /// Whether there is a directory that was not searched yet.
    pub fn are_left(&self) -> bool {
        !self.directories.is_empty()
    }

    /// Searches one directory, and adds what it finds to `superseded`.
    pub fn look(&mut self, files: &dyn Files, superseded: &Superseded) {
        let Some(directory) = self.directories.pop() else { return };
        // What cannot be listed now is searched after the next start.
        let names: HashSet<String> =
            files.list(&directory).unwrap_or_default().into_iter().collect();
        for name in &names {
            if name.strip_suffix(".p").is_some_and(|full| names.contains(full)) {
                superseded.insert(directory.join(name));
            }
        }
    }
}

/// Removes a directory of partial files. It does not exist if the tile was full when it was first
/// written.
pub(super) fn remove(files: &dyn Files, directory: &Path) {
    match files.remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let directory = directory.display();
            tracing::warn!(%directory, %error, "cannot remove superseded files; they stay for now");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(n: u64) -> TreeSize {
        TreeSize::new(n).expect("in range")
    }

    fn number(n: u64) -> RecordNumber {
        RecordNumber::new(n).expect("positive")
    }

    fn path(text: &str) -> ObjectPath {
        ObjectPath::new(text).expect("a valid path")
    }

    #[test]
    fn what_readers_may_ask_for_is_kept_for_a_while() {
        let superseded = Superseded::new(Path::new("/log"), TreeSize::ZERO);
        superseded.add(&path("tile/0/000"));
        superseded.add(&path("tile/entries/000"));
        assert_eq!(superseded.next(number(5), 3), None);
        superseded.add(&path("tile/0/001"));
        assert_eq!(superseded.next(number(7), 3), None);
        assert_eq!(superseded.next(number(8), 3), Some("/log/tile/0/000.p".into()));
        assert_eq!(superseded.next(number(8), 3), Some("/log/tile/entries/000.p".into()));
        assert_eq!(superseded.next(number(8), 3), None);
        assert_eq!(superseded.next(number(8), 0), Some("/log/tile/0/001.p".into()));
        assert_eq!(superseded.next(number(8), 0), None);
    }

    #[test]
    fn what_the_settled_tree_needs_stays_until_a_later_one_is() {
        let superseded = Superseded::new(Path::new("/log"), size(300));
        for full in ["tile/0/000", "tile/0/001", "tile/entries/001", "tile/1/000"] {
            superseded.add(&path(full));
        }
        assert_eq!(superseded.next(number(9), 0), Some("/log/tile/0/000.p".into()));
        assert_eq!(superseded.next(number(9), 0), None);
        superseded.settled(size(70_000));
        let released = std::iter::from_fn(|| superseded.next(number(9), 0));
        assert_eq!(released.collect::<Vec<_>>().len(), 3);
    }

    #[test]
    fn leftovers_are_found_near_the_right_edge() {
        let root = tempfile::tempdir().expect("a directory");
        let files = crate::OsFiles::default();
        // 2,000 full tiles and a part: 1,999.p is left over, 2,000.p is not.
        let size = size(2000 * 256 + 7);
        for name in ["0/x001/999.p", "0/x002/000.p", "entries/x001/007.p", "1/006.p", "1/007.p"] {
            let directory = root.path().join("tile").join(name);
            std::fs::create_dir_all(&directory).expect("creates");
            std::fs::write(directory.join("7"), "x").expect("writes");
        }
        for name in ["0/x001/999", "entries/x001/007", "1/006"] {
            std::fs::write(root.path().join("tile").join(name), "full").expect("writes");
        }
        let superseded = Superseded::new(root.path(), size);
        let mut leftovers = Leftovers::of(root.path(), size);
        while leftovers.are_left() {
            leftovers.look(&files, &superseded);
        }
        let mut found: Vec<PathBuf> =
            std::iter::from_fn(|| superseded.next(number(1), 0)).collect();
        found.sort();
        let tile = root.path().join("tile");
        let expected =
            ["0/x001/999.p", "1/006.p", "entries/x001/007.p"].map(|name| tile.join(name));
        assert_eq!(found, expected);
        for directory in &found {
            remove(&files, directory);
        }
        assert!(!tile.join("0/x001/999.p").exists() && tile.join("0/x002/000.p/7").exists());
    }
}
