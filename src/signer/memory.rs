//! A log's memory: the newest checkpoint that its key is known to have signed, or that a writer on
//! this machine has verified.
//!
//! A store can be rolled back to an older copy without leaving a trace inside, and it can be copied
//! whole. The memory is kept elsewhere, one file for each log, so it survives a rollback and is
//! shared by all copies. A writer that finds the store behind it refuses to continue (I10), and of
//! two stores that are written with the same key only one gets signatures (I18). A log runs without
//! it too.
//!
//! The rule: under an exclusive lock, held only for as long as this takes, the file is read,
//! compared and written. It must hold what this process wrote last, or a tree that the new one
//! begins with. It only moves forward, and it is written before the signature leaves the process.
//!
//! The file is not flushed: a power cut only costs this additional check. It is overwritten in
//! place with one write, which only a power cut can tear; a new file for each signature would make
//! the file system search for a free inode each time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tiles_spec::{
    CheckpointError, SignedCheckpoint, TreeHead, TreeSize, VerifierKey, open_checkpoint,
};

use fasti_seams::planted::{Bug, planted};

/// A checkpoint is far shorter; a longer file is not one.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How often a lock that another process holds is tried again at once.
const YIELDS_MAX: u32 = 10_000;

/// Remembers the newest checkpoint of a log in a file.
#[derive(Debug, Clone)]
pub struct SignedMemory {
    path: PathBuf,
    /// A file of an earlier release, which is read but never written.
    legacy: Option<PathBuf>,
    /// What this process, or a clone of this value, knows the file to hold.
    last: Arc<Mutex<Option<Last>>>,
}

#[derive(Debug)]
struct Last {
    bytes: Bytes,
    head: TreeHead,
}

/// A checkpoint to remember: just signed, or verified.
#[derive(Debug, Clone, Copy)]
pub struct NewHead<'a> {
    /// The signed checkpoint.
    pub checkpoint: &'a Bytes,
    /// Its tree.
    pub head: TreeHead,
    /// The log's origin.
    pub origin: &'a str,
    /// The log's key.
    pub key: &'a VerifierKey,
}

/// The result of remembering a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// The file holds this tree.
    Now,
    /// The file holds this smaller tree, and the caller must prove that the new one begins with it.
    /// Nothing was written.
    Unproved(TreeHead),
    /// Another process holds the lock. Nothing was read or written.
    Locked,
}

/// A log's memory cannot be used, or its content forbids the writer to continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedMemoryError {
    /// An operation of the operating system failed.
    #[error("cannot use {path}, which remembers what the key has signed")]
    Io {
        /// The file.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// It holds a checkpoint of another log.
    #[error(
        "{path} remembers a checkpoint that does not belong to this log: the key is in use for \
         another one, or the file is damaged. A key must sign one log only"
    )]
    Foreign {
        /// The file.
        path: String,
        /// What is wrong with the checkpoint.
        #[source]
        source: CheckpointError,
    },
    /// It holds a larger tree than the one to sign.
    #[error(
        "{path} remembers the log at size {held}, but this writer was about to sign size {new}: \
         another writer is using this key. If it writes to another store, there are two copies of \
         one log: stop one of the two for good. Nothing was signed here"
    )]
    Behind {
        /// The file.
        path: String,
        /// The size of the tree in the file.
        held: TreeSize,
        /// The size to remember.
        new: TreeSize,
    },
    /// It holds a tree that is not a prefix of the one to sign.
    #[error(
        "forked: {path} remembers the log at size {held}, but the tree of size {new} that this \
         writer was about to sign does not begin with that one. Two stores are written with one \
         key: nothing was signed here. Stop this writer, find the store that the remembered \
         checkpoint belongs to, and continue with that one only"
    )]
    Forked {
        /// The file.
        path: String,
        /// The size of the tree in the file.
        held: TreeSize,
        /// The size to remember.
        new: TreeSize,
    },
    /// The store does not prove that the new tree begins with the remembered one.
    #[error(
        "{path} remembers the log at size {held}, but the store's tiles do not prove that the tree \
         of size {new} begins with that one"
    )]
    Unproved {
        /// The file.
        path: String,
        /// The size of the tree in the file.
        held: TreeSize,
        /// The size to remember.
        new: TreeSize,
    },
    /// Another process has held the lock for much longer than it needs to.
    #[error("{path} is locked by another process, which may have been stopped")]
    Locked {
        /// The file.
        path: String,
    },
}

impl SignedMemoryError {
    /// A recovery, which compares the store with the memory again, decides what the error means.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Behind { .. } | Self::Unproved { .. } | Self::Locked { .. })
    }
}

impl SignedMemory {
    /// The memory of one log, in the file at `path`. Its directory must exist and be writable.
    pub fn at(path: PathBuf) -> Self {
        Self { path, legacy: None, last: Arc::default() }
    }

    /// Also reads the file at `path` as a further witness, if it exists: earlier releases kept the
    /// memory there.
    #[must_use]
    pub fn and_legacy(self, path: PathBuf) -> Self {
        Self { legacy: Some(path), ..self }
    }

    /// The memory of the key in `key_file`, stored next to it.
    pub fn beside(key_file: &Path) -> Self {
        let mut path = key_file.as_os_str().to_owned();
        path.push(".signed");
        Self::at(path.into())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest tree that is remembered. A file torn by a power cut counts as no memory.
    pub fn newest(
        &self,
        origin: &str,
        key: &VerifierKey,
    ) -> Result<Option<TreeHead>, SignedMemoryError> {
        for _ in 0..YIELDS_MAX {
            match self.all(origin, key) {
                // The other process needs only microseconds.
                Err(SignedMemoryError::Locked { .. }) => std::thread::yield_now(),
                all => {
                    return Ok(all?.into_iter().map(|(_, head)| head).max_by_key(|h| h.size));
                }
            }
        }
        Err(self.locked())
    }

    /// What each of the files remembers. No other process may be writing them now.
    pub fn all(
        &self,
        origin: &str,
        key: &VerifierKey,
    ) -> Result<Vec<(&Path, TreeHead)>, SignedMemoryError> {
        let mut all = Vec::new();
        for path in std::iter::once(&self.path).chain(&self.legacy) {
            let mut file = match File::open(path) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(failed(path, source)),
            };
            match file.try_lock_shared() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(self.locked()),
                Err(TryLockError::Error(source)) => return Err(failed(path, source)),
            }
            let bytes = read(&mut file).map_err(|source| failed(path, source))?;
            all.extend(open(path, &bytes, origin, key)?.map(|head| (path.as_path(), head)));
        }
        Ok(all)
    }

    /// Remembers a tree, before anyone sees its signature. `proved` is a tree that the new one is
    /// known to begin with; this is also assumed of what this process has remembered before.
    pub fn remember(
        &self,
        new: NewHead<'_>,
        proved: Option<TreeHead>,
    ) -> Result<Remembered, SignedMemoryError> {
        let io = |source| failed(&self.path, source);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&self.path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Remembered::Locked),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let there = read(&mut file).map_err(io)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let held = match &*last {
            Some(last) if last.bytes == there => Some(last.head),
            _ => open(&self.path, &there, new.origin, new.key)?,
        };
        match held.filter(|_| !planted(Bug::MemoryIgnored)) {
            Some(held) if held.size > new.head.size => return Err(self.behind(held, new.head)),
            Some(held) if held == new.head => {
                *last = Some(Last { bytes: there.into(), head: held });
                return Ok(Remembered::Now);
            }
            Some(held) if held.size == new.head.size => return Err(self.forked(held, new.head)),
            Some(held) => {
                let is_own = last.as_ref().is_some_and(|last| last.head == held);
                if !is_own && proved != Some(held) && !held.size.is_zero() {
                    return Ok(Remembered::Unproved(held));
                }
            }
            None => {}
        }
        overwrite(&file, new.checkpoint, there.len()).map_err(io)?;
        *last = Some(Last { bytes: new.checkpoint.clone(), head: new.head });
        Ok(Remembered::Now)
    }

    /// A larger tree is remembered than the one to remember now.
    fn behind(&self, held: TreeHead, new: TreeHead) -> SignedMemoryError {
        SignedMemoryError::Behind { path: shown(&self.path), held: held.size, new: new.size }
    }

    /// Another history is remembered.
    pub fn forked(&self, held: TreeHead, new: TreeHead) -> SignedMemoryError {
        SignedMemoryError::Forked { path: shown(&self.path), held: held.size, new: new.size }
    }

    /// The store does not prove that the remembered tree belongs to the same history.
    pub fn unproved(&self, held: TreeHead, new: TreeHead) -> SignedMemoryError {
        SignedMemoryError::Unproved { path: shown(&self.path), held: held.size, new: new.size }
    }

    /// Another process does not release the lock.
    pub fn locked(&self) -> SignedMemoryError {
        SignedMemoryError::Locked { path: shown(&self.path) }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn failed(path: &Path, source: io::Error) -> SignedMemoryError {
    SignedMemoryError::Io { path: shown(path), source }
}

/// The tree of the checkpoint in a memory file; `None` if it is empty or torn.
fn open(
    path: &Path,
    bytes: &[u8],
    origin: &str,
    key: &VerifierKey,
) -> Result<Option<TreeHead>, SignedMemoryError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if SignedCheckpoint::parse(bytes).is_err() {
        let path = shown(path);
        tracing::warn!(path, "the file that remembers the log is torn; continuing without it");
        return Ok(None);
    }
    match open_checkpoint(bytes, origin, std::slice::from_ref(key)) {
        Ok(checkpoint) => Ok(Some(checkpoint.head)),
        Err(source) => Err(SignedMemoryError::Foreign { path: shown(path), source }),
    }
}

fn read(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn overwrite(file: &File, checkpoint: &[u8], length: usize) -> io::Result<()> {
    file.write_all_at(checkpoint, 0)?;
    if length > checkpoint.len() { file.set_len(checkpoint.len() as u64) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
