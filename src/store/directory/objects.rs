//! The objects of a directory store: files that are renamed into place, without a flush each.
//!
//! The commit records imply them, so recovery rewrites what a power cut loses ([`Attempt::Again`]).
//! Only [`Objects::create`] flushes, because nothing implies the first checkpoint.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use tiles_spec::TreeSize;

use super::error::{ambiguous, failed};
use super::files::Files;
use super::poison::Poison;
use super::superseded::{self, Superseded};
use crate::{Attempt, Created, NewObject, Object, ObjectPath, Replaced, StoreError, Version};

/// The files below the directory's root that readers can see.
pub(super) struct Objects {
    root: PathBuf,
    files: Arc<dyn Files>,
    poison: Arc<Poison>,
    /// Numbers the temporary files.
    next_temporary: AtomicU64,
    /// Directories under `tile/` that are known to exist.
    known_directories: Mutex<HashSet<PathBuf>>,
    /// Partial tiles and bundles whose full one is written.
    superseded: Superseded,
    /// Serialises replacements, which check their condition by reading.
    replacing: Mutex<()>,
}

impl Objects {
    /// The objects below `root`, of which those of the tree of size `settled` are settled.
    pub fn new(root: &Path, files: Arc<dyn Files>, poison: Arc<Poison>, settled: TreeSize) -> Self {
        Self {
            root: root.to_owned(),
            files,
            poison,
            next_temporary: AtomicU64::new(0),
            known_directories: Mutex::default(),
            superseded: Superseded::new(root, settled),
            replacing: Mutex::default(),
        }
    }

    pub fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        let bytes = self.read(&self.path(path))?;
        Ok(bytes.map(|b| Object { version: version_of(&b), bytes: b.into() }))
    }

    pub fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(path);
        if range.is_empty() {
            return Ok(found(&path, self.files.length(&path))?.map(|_| Vec::new()));
        }
        let end = range.end;
        match self.files.read_range(&path, range) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Err(StoreError::ends_before(&path.display().to_string(), end, None))
            }
            read => found(&path, read),
        }
    }

    pub fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        let path = self.path(path);
        found(&path, self.files.length(&path))
    }

    pub fn create(&self, path: &ObjectPath, bytes: &[u8]) -> Result<Created, StoreError> {
        self.poison.refuse()?;
        let to = self.path(path);
        let is_new_directory = self.is_new_directory(&to);
        let temporary = self.next_temporary(&to)?;
        let written = self.files.write_synced(&temporary, bytes);
        written.map_err(|e| self.poison.put(failed("write", &temporary, e)))?;
        let created = match self.files.link(&temporary, &to) {
            Ok(()) => Created::Now,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Created::Already,
            Err(source) => return Err(ambiguous(&to, source)),
        };
        // A new directory is itself a name in its parent.
        let levels = if is_new_directory { usize::MAX } else { 1 };
        let above = to.ancestors().skip(1).take_while(|dir| dir.starts_with(&self.root));
        for dir in above.take(levels) {
            self.files.sync_dir(dir).map_err(|e| self.poison.put(ambiguous(&to, e)))?;
        }
        // The work is done; a second name that remains is removed at the next start.
        drop(self.files.remove_file(&temporary));
        Ok(created)
    }

    pub fn replace(
        &self,
        path: &ObjectPath,
        bytes: &[u8],
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        self.poison.refuse()?;
        let to = self.path(path);
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.read(&to)? {
            Some(current) if version_of(&current) == *expected => {}
            _ => return Ok(Replaced::Conflict),
        }
        self.write_and_move(&to, bytes)?;
        Ok(Replaced::Now(version_of(bytes)))
    }

    pub fn put(&self, object: &NewObject, attempt: Attempt) -> Result<(), StoreError> {
        self.poison.refuse()?;
        let to = self.path(&object.path);
        match (self.read(&to)?, attempt) {
            (Some(there), Attempt::First) if there == object.bytes => return Ok(()),
            // Creating a new file for each of thousands would take some file systems very long.
            (Some(there), Attempt::Again) if there == object.bytes => {
                self.files.write_again(&to, &there).map_err(|e| ambiguous(&to, e))?;
            }
            (Some(there), Attempt::Again) if is_torn(&there, &object.bytes) => {
                self.write_and_move(&to, &object.bytes)?;
            }
            (Some(_), _) => return Err(StoreError::Conflict { path: object.path.clone() }),
            (None, _) => self.write_and_move(&to, &object.bytes)?,
        }
        if is_full_tile(&object.path) {
            self.superseded.add(&object.path);
        }
        Ok(())
    }

    /// The partial tiles and bundles that can be removed.
    pub fn superseded(&self) -> &Superseded {
        &self.superseded
    }

    /// Removes a directory of partial tiles or bundles. Nothing is written to it any more, so
    /// nobody has to wait for this.
    pub fn remove_superseded(&self, directory: &Path) {
        if self.poison.refuse().is_ok() {
            self.known_directories().remove(directory);
            superseded::remove(&*self.files, directory);
        }
    }

    /// Removes an object, and the directories that become empty.
    pub fn remove(&self, path: &ObjectPath) -> Result<(), StoreError> {
        self.poison.refuse()?;
        let file = self.path(path);
        match self.files.remove_file(&file) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &file, e));
            }
            _ => {}
        }
        // No directory is created in the meantime.
        let mut known = self.known_directories();
        for dir in file.ancestors().skip(1).take_while(|dir| *dir != self.root) {
            if self.files.remove_dir(dir).is_err() {
                break;
            }
            known.remove(dir);
        }
        Ok(())
    }

    /// Overwrites the object, whatever it holds.
    pub fn overwrite(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), StoreError> {
        self.poison.refuse()?;
        self.write_and_move(&self.path(path), bytes)
    }

    fn path(&self, path: &ObjectPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        found(path, self.files.read(path))
    }

    /// Writes a temporary file and moves it to `to`.
    fn write_and_move(&self, to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let temporary = self.next_temporary(to)?;
        self.files.write(&temporary, bytes).map_err(|e| failed("write", &temporary, e))?;
        self.files.rename(&temporary, to).map_err(|e| ambiguous(to, e))
    }

    fn known_directories(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.known_directories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_new_directory(&self, to: &Path) -> bool {
        let known = self.known_directories();
        to.parent().is_some_and(|dir| !known.contains(dir))
    }

    /// Returns the name for a temporary file that will be moved to `to`, and creates that
    /// directory.
    fn next_temporary(&self, to: &Path) -> Result<PathBuf, StoreError> {
        if let Some(dir) = to.parent() {
            let mut known = self.known_directories();
            if !known.contains(dir) {
                self.files.create_dir_all(dir).map_err(|e| failed("create", dir, e))?;
                known.insert(dir.to_owned());
            }
        }
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        Ok(self.root.join("_writer/tmp").join(number.to_string()))
    }
}

/// The result of reading a file that may not exist.
fn found<T>(path: &Path, read: io::Result<T>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        // A name like `tile/0/000/001`, where `000` is a file.
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(source) => Err(failed("read", path, source)),
    }
}

fn version_of(bytes: &[u8]) -> Version {
    Version(hex::encode(Sha256::digest(bytes)))
}

fn is_full_tile(path: &ObjectPath) -> bool {
    path.as_str().starts_with("tile/") && !path.as_str().contains(".p/")
}

/// What a power cut can leave of a file whose content was not flushed: in every sector either the
/// written bytes or zeros, and possibly a shorter file.
fn is_torn(there: &[u8], whole: &[u8]) -> bool {
    const SECTOR_BYTES: usize = 512;
    there.len() <= whole.len()
        && there
            .chunks(SECTOR_BYTES)
            .zip(whole.chunks(SECTOR_BYTES))
            .all(|(is, was)| was.starts_with(is) || is.iter().all(|&b| b == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_is_only_what_a_power_cut_leaves() {
        let whole: Vec<u8> = (0..2000u32).map(|i| (i % 251) as u8 + 1).collect();
        assert!(is_torn(&[], &whole));
        assert!(is_torn(&whole[..700], &whole));
        assert!(is_torn(&vec![0; 2000], &whole));
        let mut hole = whole.clone();
        hole[512..1024].fill(0);
        assert!(is_torn(&hole, &whole));
        let mut flipped = whole.clone();
        flipped[3] ^= 1;
        assert!(!is_torn(&flipped, &whole));
        let mut longer = whole.clone();
        longer.push(1);
        assert!(!is_torn(&longer, &whole));
    }
}
