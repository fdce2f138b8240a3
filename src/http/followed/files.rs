//! The files of a log, read from wherever they are, as a store in which nothing can be written.
//!
//! Files that never change are kept in memory, up to a number of bytes, and so are the parts of an
//! index that searches read. Whoever asks for what is just being read waits for it. The files that
//! change are those of the snapshot.
//!
//! Invariants (I12): a file is no longer than the log's format allows, and of the form that its
//! path implies. The number of reads in progress is bounded, and so is what they can bring. Nobody
//! waits for a read longer than [`PATIENCE`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fasti_client::fetch::{Fetch, FetchError, bytes_max};
use fasti_lookup_spec::LookupPath;
use fasti_objects::{Lifetime, Published, TIME_BYTES};
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use fasti_store::{
    Attempt, Created, NewObject, Object, ObjectPath, Replaced, Store, StoreError, Version,
};
use futures::future::{Either, join_all, select};
use sha2::{Digest as _, Sha256};
use tiles_spec::{EntryBundle, HASH_BYTES, ResourcePath};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::FollowError;
use super::snapshot::{CHANGING, Newest, Snapshot};
use crate::kept::Kept;
use crate::metrics::FollowedMetrics;

/// Maximum number of reads in progress.
const READS_MAX: usize = 32;
/// Maximum KiB that reads in progress can bring.
const READS_KIB_MAX: usize = 128 << 10;
/// Maximum bytes of a part of an index that is kept: a few pages.
const PART_KEPT_BYTES_MAX: u64 = 1 << 20;
/// What a kept file takes in addition to its bytes.
const KEPT_OVERHEAD: usize = 256;
/// Maximum bytes of known lengths.
const LENGTHS_BYTES_MAX: usize = 1 << 20;
/// How long a read may take, with all attempts.
const PATIENCE: Duration = Duration::from_secs(30);

/// The files of a log.
pub(super) struct Files {
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    kept: Kept<(Published, Option<Range<u64>>)>,
    /// The lengths of parts of an index.
    lengths: Kept<LookupPath>,
    reads: Semaphore,
    memory: Semaphore,
    shown: RwLock<Arc<Snapshot>>,
    /// The files that change and were out of reach when they were last read.
    missed: Mutex<BTreeSet<Published>>,
    metrics: FollowedMetrics,
}

impl Files {
    /// Files of which up to `kept_bytes_max` bytes are kept.
    pub fn new(
        fetch: Arc<dyn Fetch>,
        kept_bytes_max: usize,
        clock: Arc<dyn Clock>,
        metrics: FollowedMetrics,
    ) -> Self {
        Self {
            fetch,
            clock,
            kept: Kept::new(kept_bytes_max, KEPT_OVERHEAD),
            lengths: Kept::new(LENGTHS_BYTES_MAX, KEPT_OVERHEAD),
            reads: Semaphore::new(READS_MAX),
            memory: Semaphore::new(READS_KIB_MAX),
            shown: RwLock::new(Arc::new(Snapshot::empty())),
            missed: Mutex::default(),
            metrics,
        }
    }

    /// The snapshot that is shown.
    pub fn shown(&self) -> Arc<Snapshot> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows another one.
    pub fn show(&self, snapshot: Snapshot) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Arc::new(snapshot);
    }

    /// Reads the files that change. What is out of reach stays as it is shown, except for the
    /// checkpoint: an index can be elsewhere, and the log goes on without it.
    pub async fn newest(&self) -> Result<Newest, FollowError> {
        let shown = self.shown();
        let others = CHANGING.map(|object| async move {
            let found = self.read(object, None).await;
            (object, found)
        });
        let mut there = BTreeMap::new();
        for (object, found) in join_all(others).await {
            let found = match found {
                Ok(found) => {
                    self.missed().remove(&object);
                    found
                }
                Err(error) => {
                    if self.missed().insert(object) {
                        tracing::warn!(error = with_causes(&error), "{object} stays as it was");
                    }
                    shown.get(&object).cloned()
                }
            };
            there.extend(found.map(|bytes| (object, bytes)));
        }
        let checkpoint = self.read(Published::CHECKPOINT, None).await?;
        let place = || self.fetch.place(&ResourcePath::Checkpoint);
        Ok(Newest::new(checkpoint.ok_or_else(|| FollowError::NoLog(place()))?, there))
    }

    fn missed(&self) -> MutexGuard<'_, BTreeSet<Published>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps nothing of what was read.
    pub fn forget(&self) {
        self.kept.forget();
        self.lengths.forget();
    }

    /// Reads a whole file, or a part of one of an index, from where it is.
    async fn read(
        &self,
        object: Published,
        part: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, FetchError> {
        let length = match &part {
            Some(part) => usize::try_from(part.end - part.start).unwrap_or(usize::MAX),
            None => bytes_max(object),
        };
        let _place = self.place(length).await;
        self.metrics.files_read.inc();
        let fetch = &self.fetch;
        let read = match (object, part) {
            (Published::Lookup(path), Some(part)) => fetch.fetch_part(&path, part).await,
            (Published::Log(path), _) => fetch.fetch(&path).await,
            (Published::Times(bundle), _) => fetch.fetch_times(&bundle).await,
            (Published::Attestation(sha256), _) => fetch.fetch_attestation(&sha256).await,
            (Published::Heads(path), _) => fetch.fetch_heads(&path).await,
            (Published::Description, _) => fetch.description().await,
            (Published::Lookup(path), None) => fetch.fetch_lookup(&path).await,
        };
        let read = read.inspect_err(|_| {
            self.metrics.files_failed.inc();
        });
        Ok(read?.map(|mut bytes| {
            bytes.shrink_to_fit();
            Bytes::from(bytes)
        }))
    }

    /// Waits until one more read can bring this many bytes.
    async fn place(&self, bytes: usize) -> (Option<SemaphorePermit<'_>>, impl Sized) {
        let kib = u32::try_from(bytes.div_ceil(1024).min(READS_KIB_MAX)).unwrap_or(u32::MAX);
        let memory = self.memory.acquire_many(kib).await.ok();
        (self.reads.acquire().await.ok(), memory)
    }

    /// Ends a read that takes too long.
    async fn in_time<T>(
        &self,
        path: &ObjectPath,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match select(pin!(read), self.clock.sleep(PATIENCE)).await {
            Either::Left((read, _)) => read,
            Either::Right(_) => {
                self.metrics.files_failed.inc();
                Err(out_of_reach(path, std::io::ErrorKind::TimedOut.into()))
            }
        }
    }

    /// Returns a file, or a part of one, that never changes.
    async fn unchanging(
        &self,
        path: &ObjectPath,
        object: Published,
        part: Option<Range<u64>>,
    ) -> Result<Option<Bytes>, StoreError> {
        let read = async {
            let read = self.read(object, part.clone()).await.map_err(|e| failed(path, e))?;
            match read {
                Some(bytes) if part.is_none() => well_formed(object, path, bytes).map(Some),
                found => Ok(found),
            }
        };
        let is_long = part.as_ref().is_some_and(|it| it.end - it.start > PART_KEPT_BYTES_MAX);
        if is_long {
            return self.in_time(path, read).await;
        }
        let found = self.in_time(path, self.kept.get_or_make((object, part.clone()), read)).await;
        self.metrics.kept(self.kept.size().1);
        found
    }

    async fn length_of_part(
        &self,
        path: &ObjectPath,
        part: LookupPath,
    ) -> Result<Option<u64>, StoreError> {
        let ask = async {
            let _place = self.place(0).await;
            let length = self.fetch.length_of_lookup(&part).await;
            let length = length.map_err(|error| failed(path, error))?;
            let max = Published::from(part).properties().bytes_max as u64;
            match length {
                Some(length) if length > max => {
                    let place = self.fetch.place_of_lookup(&part);
                    let max = bytes_max(part);
                    Err(failed(path, FetchError::TooLong { place, max }))
                }
                length => Ok(length.map(|it| Bytes::copy_from_slice(&it.to_be_bytes()))),
            }
        };
        let length = self.in_time(path, self.lengths.get_or_make(part, ask)).await?;
        Ok(length.and_then(|bytes| Some(u64::from_be_bytes(*bytes.first_chunk()?))))
    }
}

#[async_trait]
impl Store for Files {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        let Ok(object) = path.as_str().parse::<Published>() else { return Ok(None) };
        let bytes = if object.properties().lifetime == Lifetime::Immutable {
            self.unchanging(path, object, None).await?
        } else {
            self.shown().get(&object).cloned()
        };
        Ok(bytes.map(Object::only_read))
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        if let Ok(object @ Published::Lookup(LookupPath::Part { .. })) = path.as_str().parse() {
            return self.unchanging(path, object, Some(range)).await;
        }
        let object = self.get(path).await?;
        object.map(|object| object.part(&range, path.as_str())).transpose()
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        match path.as_str().parse() {
            Ok(Published::Lookup(part @ LookupPath::Part { .. })) => {
                self.length_of_part(path, part).await
            }
            _ => Ok(self.get(path).await?.map(|object| object.bytes.len() as u64)),
        }
    }

    async fn create(&self, path: &ObjectPath, _: Bytes) -> Result<Created, StoreError> {
        Err(only_read(path.as_str()))
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        _: Bytes,
        _: &Version,
    ) -> Result<Replaced, StoreError> {
        Err(only_read(path.as_str()))
    }

    async fn put_immutable(&self, objects: &[NewObject], _: Attempt) -> Result<(), StoreError> {
        objects.first().map_or(Ok(()), |first| Err(only_read(first.path.as_str())))
    }
}

/// Refuses what cannot be the file at this path.
fn well_formed(object: Published, path: &ObjectPath, bytes: Bytes) -> Result<Bytes, StoreError> {
    let length = bytes.len();
    let is_well_formed = match (object.resource(), object) {
        (Some(ResourcePath::Tile(tile)), _) => length == tile.width.as_usize() * HASH_BYTES,
        (Some(ResourcePath::Bundle(it)), _) => EntryBundle::decode(&bytes, it.width).is_ok(),
        (_, Published::Attestation(sha256)) => sha256.as_bytes()[..] == Sha256::digest(&bytes)[..],
        (_, Published::Times(bundle)) => length == bundle.width.as_usize() * TIME_BYTES,
        _ => true,
    };
    if is_well_formed {
        return Ok(bytes);
    }
    let reason = format!("its {length} bytes are not of the form that its path implies");
    Err(StoreError::Corrupt { path: path.to_string(), reason })
}

fn failed(path: &ObjectPath, error: FetchError) -> StoreError {
    if error.is_damage() {
        StoreError::Corrupt { path: path.to_string(), reason: with_causes(&error) }
    } else {
        out_of_reach(path, std::io::Error::other(error))
    }
}

fn out_of_reach(path: &ObjectPath, source: std::io::Error) -> StoreError {
    StoreError::Io { action: "read", path: path.to_string(), source }
}

fn only_read(path: &str) -> StoreError {
    let source = std::io::ErrorKind::ReadOnlyFilesystem.into();
    StoreError::Io { action: "write", path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
