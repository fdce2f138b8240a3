//! The directory store: a log in a local directory, for one writer.
//!
//! ```text
//! checkpoint  tile/...  log.json     what readers see; any static file server can serve it
//! _writer/                           mode 0700
//!   lock                             held while a writer runs (identity.rs)
//!   commit/<first record>.segment    the commit records (segment.rs)
//!   tmp/                             files on their way to their place
//! ```
//! **Durability.** A commit record is appended and flushed: the one flush of a batch. Tiles,
//! bundles and `checkpoint` are renamed into place without one, because the records imply them.
//! When a segment has grown enough, [`CommitLog::settle`] flushes the whole file system once and
//! begins a new segment, whose header says up to which size everything is safe. Opening the store
//! tells recovery that size, and recovery writes the rest again.
//!
//! **After a failed flush** nothing that the page cache shows can be trusted, so the store is
//! poisoned and takes no more writes. Opening it again copies the records to a new file and
//! flushes that.

mod files;
mod identity;
mod segment;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tiles_spec::TreeSize;

pub use files::{AppendFile, Files, OsFiles};
use identity::Lock;
use segment::{HEADER_BYTES, Segment};

use super::{
    Attempt, CommitLog, Created, NewObject, Object, ObjectPath, RecordNumber, Replaced, Store,
    StoreError, Version,
};
use crate::offload::offload;

/// A new segment is begun when the old one has grown by this much. It bounds what a restart has to
/// write again, and how often the file system is flushed.
const SEGMENT_BYTES_MAX: u64 = 64 << 20;

/// How to open a directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct DirectoryOptions {
    /// Take a directory that was copied or restored from a backup. Safe only if the caller then
    /// makes sure that it holds the newest state of its log.
    pub accept_copy: bool,
    /// Begin a new segment after this many bytes; 0 for the default of 64 MiB.
    pub segment_bytes_max: u64,
}

/// Why a directory cannot be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Another process holds the lock.
    #[error("another writer is running on this directory: it holds {path}; stop it first")]
    InUse {
        /// The lock file.
        path: String,
    },
    /// The directory is not where its lock file was made.
    #[error(
        "this directory is a copy: {path} was made elsewhere. If it was restored from a backup, the \
         log may have grown since, and going on from here would fork it. Compare with the newest \
         checkpoint anyone has seen (readers, mirrors, witnesses); if nothing newer exists, start \
         once with --restored-at SIZE, where SIZE is the size of that checkpoint"
    )]
    Copied {
        /// The lock file.
        path: String,
    },
    /// Locks and flushes of network file systems cannot be relied on.
    #[error(
        "{path} is on a network file system ({kind}), where locks do not hold; use a local disk"
    )]
    NetworkFileSystem {
        /// The directory.
        path: String,
        /// What kind it is.
        kind: &'static str,
    },
    /// The commit records are damaged (I14).
    #[error(
        "{path} is damaged: {reason}. Restore this file from a backup made after its last change; do not delete it"
    )]
    Damaged {
        /// The segment file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The system said no.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file or directory.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// A store in a local directory. See the module's text.
pub struct DirectoryStore {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    files: Arc<dyn Files>,
    segment_bytes_max: u64,
    /// Numbers the temporary files.
    next_temporary: AtomicU64,
    /// Directories under `tile/` that are known to exist.
    known_directories: Mutex<HashSet<PathBuf>>,
    /// Directories of partial tiles whose full tile was written since the last segment was begun.
    superseded: Mutex<Vec<PathBuf>>,
    /// Serialises replacements, whose condition is checked by reading.
    replacing: Mutex<()>,
    records: Mutex<Records>,
    poisoned: Mutex<Option<String>>,
}

struct Records {
    lock: Lock,
    path: PathBuf,
    file: Box<dyn AppendFile>,
    segment: Segment,
}

impl DirectoryStore {
    /// Opens the directory at `root`, creating it where it does not exist, and takes its lock.
    /// Blocks; call it at start.
    pub fn open(root: &Path, options: DirectoryOptions) -> Result<Self, DirectoryError> {
        Self::open_with(root, options, Arc::new(OsFiles::default()))
    }

    /// [`open`](Self::open) with another file system.
    pub fn open_with(
        root: &Path,
        options: DirectoryOptions,
        files: Arc<dyn Files>,
    ) -> Result<Self, DirectoryError> {
        let at = |path: &Path| {
            let path = path.display().to_string();
            move |source| DirectoryError::Io { path, source }
        };
        let private = root.join("_writer");
        files.create_dir_all(root).map_err(at(root))?;
        refuse_network_file_system(root)?;
        create_private_dir(&private).map_err(at(&private))?;
        let lock_path = private.join("lock");
        let lock = Lock::take(&lock_path)?;
        if lock.is_copy() && !options.accept_copy {
            return Err(DirectoryError::Copied { path: lock_path.display().to_string() });
        }
        for dir in ["commit", "tmp"] {
            let dir = private.join(dir);
            files.create_dir_all(&dir).map_err(at(&dir))?;
        }
        empty_dir(&*files, &private.join("tmp")).map_err(at(&private))?;
        let records = Records::open(&*files, &private, lock)?;
        Ok(Self {
            inner: Arc::new(Inner {
                root: root.to_owned(),
                files,
                segment_bytes_max: match options.segment_bytes_max {
                    0 => SEGMENT_BYTES_MAX,
                    bytes => bytes,
                },
                next_temporary: AtomicU64::new(0),
                known_directories: Mutex::default(),
                superseded: Mutex::default(),
                replacing: Mutex::default(),
                records: Mutex::new(records),
                poisoned: Mutex::default(),
            }),
        })
    }

    /// How many flushes to the disk were made so far.
    pub fn sync_count(&self) -> u64 {
        self.inner.files.sync_count()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.inner.clone();
        offload(move || work(&inner)).await
    }
}

#[async_trait]
impl Store for DirectoryStore {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        let path = path.clone();
        self.run(move |inner| inner.get(&path)).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        let path = path.clone();
        self.run(move |inner| inner.create(&path, &bytes)).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let (path, expected) = (path.clone(), expected.clone());
        self.run(move |inner| inner.replace(&path, &bytes, &expected)).await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        let objects = objects.to_vec();
        self.run(move |inner| objects.iter().try_for_each(|o| inner.put(o, attempt))).await
    }
}

#[async_trait]
impl CommitLog for DirectoryStore {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        self.run(move |inner| inner.append(number, &bytes)).await
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        self.run(move |inner| inner.records().read(number)).await
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        Ok(self.inner.records().segment.newest())
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        Ok(Some(self.inner.records().segment.settled))
    }

    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        let grown = self.inner.records().segment.length - HEADER_BYTES as u64;
        if grown < self.inner.segment_bytes_max {
            return Ok(());
        }
        self.run(move |inner| inner.begin_segment(number, size)).await
    }
}

impl Inner {
    fn path(&self, path: &ObjectPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_file(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        match self.files.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            // A name like `tile/0/000/001`, where `000` is a file.
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(source) => Err(failed("read", path, source)),
        }
    }

    fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        let bytes = self.read_file(&self.path(path))?;
        Ok(bytes.map(|b| Object { version: version_of(&b), bytes: b.into() }))
    }

    fn create(&self, path: &ObjectPath, bytes: &[u8]) -> Result<Created, StoreError> {
        self.refuse_if_poisoned()?;
        let to = self.path(path);
        let temporary = self.write_temporary(&to, bytes)?;
        self.flush(&to, |files| files.sync_file(&temporary))?;
        let created = match self.files.link(&temporary, &to) {
            Ok(()) => Created::Now,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Created::Already,
            Err(source) => return Err(failed("create", &to, source)),
        };
        self.flush(&to, |files| files.sync_dir(to.parent().unwrap_or(&self.root)))?;
        self.files.remove_file(&temporary).map_err(|e| failed("remove", &temporary, e))?;
        Ok(created)
    }

    fn replace(
        &self,
        path: &ObjectPath,
        bytes: &[u8],
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        self.refuse_if_poisoned()?;
        let to = self.path(path);
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.read_file(&to)? {
            Some(current) if version_of(&current) == *expected => {}
            _ => return Ok(Replaced::Conflict),
        }
        let temporary = self.write_temporary(&to, bytes)?;
        self.files.rename(&temporary, &to).map_err(|e| failed("replace", &to, e))?;
        Ok(Replaced::Now(version_of(bytes)))
    }

    fn put(&self, object: &NewObject, attempt: Attempt) -> Result<(), StoreError> {
        self.refuse_if_poisoned()?;
        let to = self.path(&object.path);
        if let Some(there) = self.read_file(&to)? {
            let same = there == *object.bytes;
            match attempt {
                Attempt::First if same => return Ok(()),
                Attempt::Again if same || is_torn(&there, &object.bytes) => {}
                _ => return Err(StoreError::Conflict { path: object.path.clone() }),
            }
        }
        let temporary = self.write_temporary(&to, &object.bytes)?;
        self.files.rename(&temporary, &to).map_err(|e| failed("write", &to, e))?;
        if is_full_tile(&object.path) {
            let mut partials = to.into_os_string();
            partials.push(".p");
            let mut superseded = self.superseded.lock().unwrap_or_else(PoisonError::into_inner);
            superseded.push(partials.into());
        }
        Ok(())
    }

    /// Writes a temporary file that is to be moved to `to`, whose directory it creates.
    fn write_temporary(&self, to: &Path, bytes: &[u8]) -> Result<PathBuf, StoreError> {
        if let Some(dir) = to.parent() {
            let mut known = self.known_directories.lock().unwrap_or_else(PoisonError::into_inner);
            if !known.contains(dir) {
                self.files.create_dir_all(dir).map_err(|e| failed("create", dir, e))?;
                known.insert(dir.to_owned());
            }
        }
        let number = self.next_temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.root.join("_writer/tmp").join(number.to_string());
        self.files.write(&temporary, bytes).map_err(|e| failed("write", &temporary, e))?;
        Ok(temporary)
    }

    fn append(&self, number: RecordNumber, bytes: &[u8]) -> Result<Created, StoreError> {
        self.refuse_if_poisoned()?;
        let mut records = self.records();
        if records.segment.newest().is_some_and(|newest| number <= newest) {
            return Ok(Created::Already);
        }
        if records.segment.next().is_some_and(|next| number != next) {
            let reason = format!("record {number} would leave a gap");
            return Err(StoreError::Corrupt { path: records.path.display().to_string(), reason });
        }
        let path = records.path.clone();
        records.lock.claim().map_err(|e| failed("write", &self.root.join("_writer/lock"), e))?;
        let written = records.file.append(&segment::frame(number, bytes));
        if let Err(source) = written {
            return Err(self.poison(failed("append to", &path, source)));
        }
        if let Err(source) = records.file.sync_data() {
            let path = path.display().to_string();
            return Err(self.poison(StoreError::Ambiguous { path, source }));
        }
        records.segment.push(number, bytes.len());
        Ok(Created::Now)
    }

    /// Flushes everything, then begins a segment that holds only record `number` and the ones
    /// after it. A crash before the rename leaves the old segment, one after it the new one.
    fn begin_segment(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        self.refuse_if_poisoned()?;
        let superseded = {
            let mut list = self.superseded.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *list)
        };
        self.flush(&self.root, |files| files.sync_filesystem(&self.root))?;
        let mut records = self.records();
        let mut content = segment::header(size);
        let newest = records.segment.newest().map_or(0, RecordNumber::get);
        for number in (number.get()..=newest).filter_map(RecordNumber::new) {
            if let Some(bytes) = records.read(number)? {
                content.extend(segment::frame(number, &bytes));
            }
        }
        let replaced = replace_segment(&*self.files, &self.root.join("_writer"), number, &content);
        let (path, file, segment) = replaced.map_err(|e| self.poison(e))?;
        let old = std::mem::replace(&mut records.path, path);
        (records.file, records.segment) = (file, segment);
        if old != records.path {
            self.files.remove_file(&old).map_err(|e| failed("remove", &old, e))?;
        }
        drop(records);
        superseded.iter().try_for_each(|dir| self.remove_partials(dir))
    }

    fn remove_partials(&self, dir: &Path) -> Result<(), StoreError> {
        let mut known = self.known_directories.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(dir);
        match self.files.remove_dir_all(dir) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", dir, source))
            }
            _ => Ok(()),
        }
    }

    fn flush(
        &self,
        path: &Path,
        flush: impl FnOnce(&dyn Files) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        flush(&*self.files).map_err(|source| {
            self.poison(StoreError::Ambiguous { path: path.display().to_string(), source })
        })
    }

    fn poison(&self, error: StoreError) -> StoreError {
        let reason = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        *self.poisoned.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        error
    }

    fn refuse_if_poisoned(&self) -> Result<(), StoreError> {
        match &*self.poisoned.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(StoreError::Poisoned { reason: reason.clone() }),
            None => Ok(()),
        }
    }
}

impl Records {
    /// Finds the newest segment and copies it to a new file, so that what is read from now on is
    /// known to be on the disk.
    fn open(files: &dyn Files, private: &Path, lock: Lock) -> Result<Self, DirectoryError> {
        let dir = private.join("commit");
        let io = |source| DirectoryError::Io { path: dir.display().to_string(), source };
        let mut names = files.list(&dir).map_err(io)?;
        names.retain(|name| name.ends_with(".segment"));
        names.sort();
        let (first, content) = match names.last() {
            None => (RecordNumber::FIRST, segment::header(TreeSize::ZERO)),
            Some(name) => {
                let path = dir.join(name);
                let mut content = files.read(&path).map_err(io)?;
                let damaged =
                    |reason| DirectoryError::Damaged { path: path.display().to_string(), reason };
                let segment = Segment::parse(&content).map_err(damaged)?;
                content.truncate(usize::try_from(segment.length).expect("was read to memory"));
                (segment.first.unwrap_or(RecordNumber::FIRST), content)
            }
        };
        let opened = replace_segment(files, private, first, &content);
        let (path, file, segment) = opened.map_err(|e| io(io::Error::other(e)))?;
        for name in names {
            let old = dir.join(name);
            if old != path {
                files.remove_file(&old).map_err(io)?;
            }
        }
        Ok(Self { lock, path, file, segment })
    }

    fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        let Some(extent) = self.segment.extent(number) else { return Ok(None) };
        let bytes = self.file.read_at(extent.offset, extent.length);
        bytes.map(|b| Some(b.into())).map_err(|e| failed("read", &self.path, e))
    }
}

/// Puts a segment file in place, durably, and opens it.
fn replace_segment(
    files: &dyn Files,
    private: &Path,
    first: RecordNumber,
    content: &[u8],
) -> Result<(PathBuf, Box<dyn AppendFile>, Segment), StoreError> {
    let dir = private.join("commit");
    let path = dir.join(format!("{:020}.segment", first.get()));
    let temporary = private.join("tmp/segment");
    let segment = Segment::parse(content)
        .map_err(|reason| StoreError::Corrupt { path: path.display().to_string(), reason })?;
    files.write(&temporary, content).map_err(|e| failed("write", &temporary, e))?;
    files.sync_file(&temporary).map_err(|e| failed("flush", &temporary, e))?;
    files.rename(&temporary, &path).map_err(|e| failed("write", &path, e))?;
    files.sync_dir(&dir).map_err(|e| failed("flush", &dir, e))?;
    let file = files.open_append(&path).map_err(|e| failed("open", &path, e))?;
    Ok((path, file, segment))
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, path: path.display().to_string(), source }
}

fn version_of(bytes: &[u8]) -> Version {
    Version(hex::encode(Sha256::digest(bytes)))
}

fn is_full_tile(path: &ObjectPath) -> bool {
    path.as_str().starts_with("tile/") && !path.as_str().contains(".p/")
}

/// What a power cut can leave of a file whose content was not flushed: in every sector either what
/// was written or zeros, and possibly a shorter file.
fn is_torn(there: &[u8], whole: &[u8]) -> bool {
    const SECTOR_BYTES: usize = 512;
    there.len() <= whole.len()
        && there
            .chunks(SECTOR_BYTES)
            .zip(whole.chunks(SECTOR_BYTES))
            .all(|(is, was)| was.starts_with(is) || is.iter().all(|&b| b == 0))
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

fn empty_dir(files: &dyn Files, dir: &Path) -> io::Result<()> {
    files.list(dir)?.iter().try_for_each(|name| files.remove_file(&dir.join(name)))
}

#[cfg(target_os = "linux")]
fn refuse_network_file_system(root: &Path) -> Result<(), DirectoryError> {
    let path = root.display().to_string();
    let stat = rustix::fs::statfs(root)
        .map_err(|e| DirectoryError::Io { path: path.clone(), source: e.into() })?;
    let kind = match stat.f_type {
        0x6969 => "NFS",
        0xFF53_4D42 | 0xFE53_4D42 => "SMB",
        0x00C3_6400 => "CephFS",
        0x0102_1997 => "9P",
        _ => return Ok(()),
    };
    Err(DirectoryError::NetworkFileSystem { path, kind })
}

#[cfg(not(target_os = "linux"))]
fn refuse_network_file_system(_: &Path) -> Result<(), DirectoryError> {
    Ok(())
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
