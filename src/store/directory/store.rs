//! The store itself: it opens the directory, and passes work on to a thread that may block.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

use fasti_seams::offload::offload;

use super::error::{DirectoryError, ambiguous};
use super::files::{FileSystem, Files, OsFiles};
use super::identity::{Lock, Verdict};
use super::new_segment::{NewSegment, Place, make_room};
use super::objects::Objects;
use super::options::DirectoryOptions;
use super::poison::Poison;
use super::records::{Left, Records};
use super::superseded::Leftovers;
use super::trusted_file_system::refuse_untrusted;
use crate::{
    Attempt, CommitLog, Created, NewObject, Object, ObjectPath, RecordNumber, Replaced, Store,
    StoreError, Version,
};

/// A new segment is begun when the old one has grown by this much, in bytes or in records. This
/// limits what a restart must write again (each record implies a few files, however small it is),
/// and how often the file system is flushed.
const SEGMENT_BYTES_MAX: u64 = 16 << 20;
const SEGMENT_RECORDS_MAX: usize = 512;
/// How often everything is flushed while a segment grows to its full size. A record that is written
/// during a flush waits for it, so a flush must not have much to do.
const FLUSHES_A_SEGMENT: u64 = 8;
/// Superseded partial files are kept for this many records, for readers of an earlier checkpoint: a
/// second when the log is busiest.
const KEEP_PARTIALS: u64 = 256;
/// They are kept for this many when everything is about to be flushed, so that few are flushed.
const KEEP_PARTIALS_FLUSHED: u64 = 32;

/// Directories of superseded files that are removed before everything else has its turn again.
const REMOVED_AT_ONCE: usize = 256;
/// The same when the log shuts down; what is left then is found after the next start.
const REMOVED_AT_END: usize = 4096;
/// Records that are copied to a new segment while none can be committed; those before them are
/// copied while others are committed.
const COPIED_LAST: u64 = 4;
/// How often to copy what was committed while the last copy was made. It is ever less, unless the
/// disk is too slow for that.
const COPIES_MAX: usize = 5;

/// A store in a local directory.
pub struct DirectoryStore {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) files: Arc<dyn Files>,
    /// Opened before anything was written, so that no failed write goes unreported.
    filesystem: Box<dyn FileSystem>,
    pub(super) root: PathBuf,
    segment_bytes_max: u64,
    poison: Arc<Poison>,
    pub(super) objects: Objects,
    records: Mutex<Records>,
    /// Where its segments are.
    place: Arc<Place>,
    /// By how many bytes the segment had grown when the file system was last flushed.
    flushed: AtomicU64,
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
        refuse_untrusted(root, options.trusted_file_system)?;
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
        let is_named = AtomicBool::new(!was_copied);
        let place = Arc::new(Place { files: files.clone(), private, lock, is_named });
        let records = Records::open(place.clone(), poison.clone(), left.as_ref())?;
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
                place,
                flushed: AtomicU64::new(0),
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

    pub(super) async fn run<T: Send + 'static>(
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
        let _ = self.look_for_leftovers(size).await;
        self.remove_superseded(number, keep, REMOVED_AT_ONCE).await;
        let (bytes, records) = *self.inner.grown();
        if bytes < self.inner.segment_bytes_max && records < SEGMENT_RECORDS_MAX {
            let since = bytes.saturating_sub(self.inner.flushed.load(Ordering::Relaxed));
            if since < self.inner.segment_bytes_max / FLUSHES_A_SEGMENT {
                return Ok(());
            }
            return self.run(move |inner| inner.flush_early(bytes)).await;
        }
        self.remove_superseded(number, keep.min(KEEP_PARTIALS_FLUSHED), REMOVED_AT_ONCE).await;
        // The next segment will probably hold as much as this one.
        self.run(move |inner| inner.settle(number, size, bytes)).await
    }

    async fn end(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        while self.look_for_leftovers(size).await {}
        self.remove_superseded(number, 0, REMOVED_AT_END).await;
        self.run(move |inner| inner.settle(number, size, 0)).await?;
        self.remove_superseded(number, 0, REMOVED_AT_END).await;
        Ok(())
    }
}

impl DirectoryStore {
    /// Removes the files that were superseded `keep` records ago and that can be removed, in at
    /// most `most` directories: after a crash there can be tens of thousands.
    async fn remove_superseded(&self, number: RecordNumber, keep: u64, most: usize) {
        for _ in 0..most {
            let superseded = self.inner.objects.superseded();
            let Some(directory) = superseded.next(number, keep) else { break };
            let inner = self.inner.clone();
            offload(move || inner.objects.remove_superseded(&directory)).await;
        }
    }

    /// Looks in one directory near the right edge for superseded files that an earlier writer left
    /// behind; `false` if it has looked in all of them before.
    async fn look_for_leftovers(&self, size: TreeSize) -> bool {
        let are_left = {
            let mut leftovers = self.inner.leftovers();
            let leftovers = leftovers.get_or_insert_with(|| Leftovers::of(&self.inner.root, size));
            leftovers.are_left()
        };
        if are_left {
            let inner = self.inner.clone();
            offload(move || inner.find_some_leftovers()).await;
        }
        are_left
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
        make_room(&*self.files, &self.place.private, room).map_err(|e| self.poison.put(e))?;
        self.flush()?;
        let mut new = self.records().begin_segment(number, size)?;
        for _ in 0..COPIES_MAX {
            if !self.copy(&mut new)? {
                break;
            }
        }
        let before = self.records().name();
        self.place.announce(&mut new, before).map_err(|e| self.poison.put(e))?;
        let turned = {
            let mut records = self.records();
            let turned = records.turn_to(new);
            *self.grown() = records.grown();
            turned?
        };
        self.flushed.store(0, Ordering::Relaxed);
        self.objects.superseded().settled(size);
        turned.finish(&self.place, &self.poison)
    }

    /// Flushes the file system while the segment, which has grown by `bytes`, goes on.
    fn flush_early(&self, bytes: u64) -> Result<(), StoreError> {
        self.poison.refuse()?;
        self.flush()?;
        self.flushed.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.filesystem.sync().map_err(|e| self.poison.put(ambiguous(&self.root, e)))
    }

    /// Copies what was committed by now, but for the last few records, while more is committed.
    /// Returns whether there was any.
    fn copy(&self, new: &mut NewSegment) -> Result<bool, StoreError> {
        let end = self.records().newest();
        let begin = new.next();
        while end.is_some_and(|end| new.next() <= end) {
            // Not in the condition, which would keep the lock.
            let next = self.records().next_for(new, COPIED_LAST)?;
            let Some((number, bytes)) = next else { break };
            new.push(number, &bytes).map_err(|e| self.poison.put(e))?;
        }
        Ok(new.next() > begin)
    }

    /// Looks for leftovers in one directory.
    fn find_some_leftovers(&self) {
        if let Some(leftovers) = self.leftovers().as_mut() {
            leftovers.look(&*self.files, self.objects.superseded());
        }
    }
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
