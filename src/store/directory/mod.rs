//! The directory store: a log in a local directory, for one writer.
//!
//! ```text
//! checkpoint  tile/...  log.json     for readers; any static file server can serve them
//! _writer/                           mode 0700
//!   lock                             held while a writer runs; names the segment (identity.rs)
//!   commit/<first record>.segment    the commit records (records.rs, segment.rs, new_segment.rs)
//!   torn                             what was last cut off from the end of a segment
//!   tmp/                             temporary files, before they are moved into place
//! ```
//! **Durability.** A commit record is written after the last one and flushed: the only flush per
//! batch. Tiles, bundles and `checkpoint` are renamed into place without a flush, because the
//! records imply them (objects.rs). When a segment has grown enough, [`CommitLog::settle`] flushes
//! the whole file system once and begins a new segment, whose header says up to which size
//! everything is safe. When the store is opened, recovery gets that size, and writes everything
//! after it again.
//!
//! **Nothing waits for background work**: partial tiles and bundles that were replaced by a full
//! one are removed one directory at a time, without a lock (superseded.rs). Most are removed before
//! they reach the disk, so a flush of the whole file system finds little to do.
//!
//! **After a failed flush** nothing that the page cache returns can be trusted, so the store is
//! poisoned and accepts no more writes (poison.rs). Opening it again copies the records to a new
//! file and flushes that.

mod file_system;
mod files;
mod identity;
mod new_segment;
mod objects;
mod poison;
mod records;
mod segment;
mod shelf;
mod superseded;
#[cfg(feature = "testing")]
pub mod testing;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

use fasti_seams::offload::offload;
pub use file_system::{FileSystemKind, UnknownFileSystem};
pub use files::{FileIdentity, FileSystem, Files, InPlaceFile, OsFiles};
use identity::{Lock, Verdict};
use new_segment::Place;
use objects::Objects;
use poison::Poison;
use records::{Left, Records};
use superseded::Leftovers;

use super::{
    Attempt, CommitLog, Created, NewObject, Object, ObjectPath, RecordNumber, Replaced, Store,
    StoreError, Version,
};

/// A new segment is begun when the old one has grown by this much, in bytes or in records. This
/// limits what a restart must write again (each record implies a few files, however small it is),
/// and how often the file system is flushed.
const SEGMENT_BYTES_MAX: u64 = 16 << 20;
const SEGMENT_RECORDS_MAX: usize = 512;
/// Superseded partial files are kept for this many records, for readers of an earlier checkpoint: a
/// second when the log is busiest.
const KEEP_PARTIALS: u64 = 256;
/// They are kept for this many when everything is about to be flushed, so that few are flushed.
const KEEP_PARTIALS_FLUSHED: u64 = 32;

/// How to open a directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct DirectoryOptions {
    /// Accept a directory that was copied or restored from a backup. Safe only if the caller then
    /// makes sure that it holds the newest state of its log.
    pub accept_copy: bool,
    /// Begin a new segment after this many bytes; 0 for the default of 16 MiB.
    pub segment_bytes_max: u64,
    /// A kind of file system to trust, although it is not known to have working locks and flushes.
    pub trusted_file_system: Option<FileSystemKind>,
    /// Keep superseded partial files for this many records; `None` for the default of 256.
    pub keep_partials: Option<u64>,
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
    /// The directory's files are not those that its writer left.
    #[error(
        "this directory is a copy: {reason}. If it was restored from a backup, the log may have \
         grown since, and continuing from here would fork it. Compare it with the newest \
         checkpoint that any reader, mirror or witness has. If that is not newer, start once with \
         --restored-at SIZE, where SIZE is the size of that checkpoint"
    )]
    Copied {
        /// Which files disagree, and how.
        reason: String,
    },
    /// The lock file names commit records that are missing.
    #[error(
        "there are no commit records (_writer/commit), but {lock} names some; restore them from \
         the newest copy"
    )]
    RecordsMissing {
        /// The lock file.
        lock: String,
    },
    /// Locks and flushes of this file system are not known to be reliable.
    #[error(
        "{path} is on a file system of kind {kind}, where locks and flushes are not known to be \
         reliable; use a local disk, or pass --trust-file-system {kind} if you know that they are"
    )]
    UntrustedFileSystem {
        /// The directory.
        path: String,
        /// Its kind.
        kind: FileSystemKind,
    },
    /// The commit records are damaged (I14).
    #[error(
        "{path} is damaged: {reason}. Restore this file from a backup made after its last change, \
         and start once with --restored-at SIZE; do not delete it"
    )]
    Damaged {
        /// The segment file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// An operation of the operating system failed.
    #[error("cannot use {path}")]
    Io {
        /// The file or directory.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

/// A store in a local directory. See the module documentation.
pub struct DirectoryStore {
    inner: Arc<Inner>,
}

struct Inner {
    files: Arc<dyn Files>,
    /// Opened before anything was written, so that no failed write goes unreported.
    filesystem: Box<dyn FileSystem>,
    root: PathBuf,
    segment_bytes_max: u64,
    poison: Arc<Poison>,
    objects: Objects,
    records: Mutex<Records>,
    was_copied: bool,
    /// By how many bytes and records the segment has grown; readable while a record is written.
    grown: Mutex<(u64, usize)>,
    keep_partials: u64,
    /// What an earlier writer left behind; `None` before the first publication.
    leftovers: Mutex<Option<Leftovers>>,
}

impl DirectoryStore {
    /// Opens the directory at `root`, creating it if it does not exist, and takes its lock. Blocks;
    /// call it at startup.
    pub fn open(root: &Path, options: DirectoryOptions) -> Result<Self, DirectoryError> {
        Self::open_with(root, options, Arc::new(OsFiles::default()))
    }

    /// [`open`](Self::open) with another file system. The lock is always a real file.
    pub fn open_with(
        root: &Path,
        options: DirectoryOptions,
        files: Arc<dyn Files>,
    ) -> Result<Self, DirectoryError> {
        let private = root.join("_writer");
        let at = |path: &Path| {
            let path = path.display().to_string();
            move |source| DirectoryError::Io { path, source }
        };
        files.create_dir_all(root).map_err(at(root))?;
        file_system::refuse_untrusted(root, options.trusted_file_system)?;
        let filesystem = files.open_filesystem(root).map_err(at(root))?;
        create_private_dir(&private).map_err(at(&private))?;
        let lock = Lock::take(&private.join("lock"))?;
        for dir in ["commit", "tmp"] {
            let dir = private.join(dir);
            files.create_dir_all(&dir).map_err(at(&dir))?;
        }
        lock.create(&*files).map_err(at(lock.path()))?;
        sync_names(&*files, &private).map_err(at(&private))?;
        let left = Left::read(&*files, &private)?;
        let found = left.as_ref().map(Left::found);
        let was_copied = match lock.judge(&*files, found).map_err(at(lock.path()))? {
            Verdict::Original => false,
            Verdict::Copied(_) if options.accept_copy => true,
            Verdict::Copied(reason) => return Err(DirectoryError::Copied { reason }),
            Verdict::SegmentMissing => {
                return Err(DirectoryError::RecordsMissing {
                    lock: lock.path().display().to_string(),
                });
            }
        };
        empty_dir(&*files, &private.join("tmp")).map_err(at(&private))?;
        let poison = Arc::new(Poison::default());
        let place = Place { files: files.clone(), private, lock, is_named: !was_copied };
        let records = Records::open(place, poison.clone(), left.as_ref())?;
        Ok(Self {
            inner: Arc::new(Inner {
                filesystem,
                root: root.to_owned(),
                segment_bytes_max: match options.segment_bytes_max {
                    0 => SEGMENT_BYTES_MAX,
                    bytes => bytes,
                },
                objects: Objects::new(root, files.clone(), poison.clone(), records.settled()),
                grown: Mutex::new(records.grown()),
                records: Mutex::new(records),
                was_copied,
                keep_partials: options.keep_partials.unwrap_or(KEEP_PARTIALS),
                leftovers: Mutex::default(),
                files,
                poison,
            }),
        })
    }

    /// Whether the directory was a copy, and was accepted as one.
    pub fn was_copied(&self) -> bool {
        self.inner.was_copied
    }

    /// How many flushes to disk were made so far.
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
        self.run(move |inner| inner.objects.get(&path)).await
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let path = path.clone();
        let read = self.run(move |inner| inner.objects.get_range(&path, range)).await?;
        Ok(read.map(Bytes::from))
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        let path = path.clone();
        self.run(move |inner| inner.objects.length(&path)).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        let path = path.clone();
        self.run(move |inner| inner.objects.create(&path, &bytes)).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let (path, expected) = (path.clone(), expected.clone());
        self.run(move |inner| inner.objects.replace(&path, &bytes, &expected)).await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        let objects = objects.to_vec();
        self.run(move |inner| objects.iter().try_for_each(|o| inner.objects.put(o, attempt))).await
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
        Ok(self.inner.records().newest())
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        Ok(Some(self.inner.records().settled()))
    }

    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        let keep = self.inner.keep_partials;
        self.find_leftovers(size).await;
        self.remove_superseded(number, keep).await;
        let (bytes, records) = *self.inner.grown();
        if bytes < self.inner.segment_bytes_max && records < SEGMENT_RECORDS_MAX {
            return Ok(());
        }
        self.remove_superseded(number, keep.min(KEEP_PARTIALS_FLUSHED)).await;
        // The next segment will probably hold as much as this one.
        self.run(move |inner| inner.settle(number, size, bytes)).await
    }

    async fn end(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        self.remove_superseded(number, 0).await;
        self.run(move |inner| inner.settle(number, size, 0)).await?;
        self.remove_superseded(number, 0).await;
        Ok(())
    }
}

impl DirectoryStore {
    /// Removes the files that were superseded `keep` records ago and that can be removed.
    async fn remove_superseded(&self, number: RecordNumber, keep: u64) {
        while let Some(directory) = self.inner.objects.superseded().next(number, keep) {
            let inner = self.inner.clone();
            offload(move || inner.objects.remove_superseded(&directory)).await;
        }
    }

    /// Looks once, near the right edge, for superseded files that an earlier writer left behind.
    async fn find_leftovers(&self, size: TreeSize) {
        if self.inner.leftovers().is_some() {
            return;
        }
        let leftovers = Leftovers::of(&self.inner.root, size);
        *self.inner.leftovers() = Some(leftovers);
        loop {
            let inner = self.inner.clone();
            if !offload(move || inner.find_some_leftovers()).await {
                return;
            }
        }
    }
}

impl Inner {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grown(&self) -> MutexGuard<'_, (u64, usize)> {
        self.grown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leftovers(&self) -> MutexGuard<'_, Option<Leftovers>> {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, number: RecordNumber, bytes: &[u8]) -> Result<Created, StoreError> {
        let mut records = self.records();
        let created = records.append(number, bytes);
        *self.grown() = records.grown();
        created
    }

    /// Flushes everything and begins a segment that says so. Files that only the old segment might
    /// have needed can be removed from then on.
    ///
    /// The new segment gets room for `room` bytes of records.
    fn settle(&self, number: RecordNumber, size: TreeSize, room: u64) -> Result<(), StoreError> {
        self.poison.refuse()?;
        let private = self.root.join("_writer");
        new_segment::make_room(&*self.files, &private, room).map_err(|e| self.poison.put(e))?;
        self.filesystem.sync().map_err(|e| self.poison.put(ambiguous(&self.root, e)))?;
        let mut records = self.records();
        let begun = records.begin_segment(number, size);
        *self.grown() = records.grown();
        begun?;
        self.objects.superseded().settled(size);
        Ok(())
    }

    /// Looks for leftovers in one directory; `false` if it was the last.
    fn find_some_leftovers(&self) -> bool {
        let mut leftovers = self.leftovers();
        let Some(leftovers) = leftovers.as_mut() else { return false };
        leftovers.look(&*self.files, self.objects.superseded())
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, path: path.display().to_string(), source }
}

fn ambiguous(path: &Path, source: io::Error) -> StoreError {
    StoreError::Ambiguous { path: path.display().to_string(), source }
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// Makes the names in `private` durable, then the name of `private` itself, the name of its parent,
/// and so on: any of them may be new, and a power cut that loses a name loses the records below it.
/// An ancestor that cannot be opened or flushed was not created here.
fn sync_names(files: &dyn Files, private: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, NotFound, PermissionDenied, ReadOnlyFilesystem};
    for (n, dir) in private.ancestors().enumerate() {
        // The last ancestor of a relative path is empty: the current directory.
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        match files.sync_dir(dir).map_err(|e| (e.kind(), e)) {
            Ok(()) => {}
            Err((NotFound | PermissionDenied | InvalidInput | ReadOnlyFilesystem, _)) if n > 1 => {
                return Ok(());
            }
            Err((_, e)) => return Err(e),
        }
    }
    Ok(())
}

fn empty_dir(files: &dyn Files, dir: &Path) -> io::Result<()> {
    files.list(dir)?.iter().try_for_each(|name| files.remove_file(&dir.join(name)))
}
