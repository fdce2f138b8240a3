//! Where a log is stored: the contracts for stores, and the stores that implement them.
//!
//! A log needs two things of a store. [`Store`] holds the objects that readers see (tiles, entry
//! bundles, `checkpoint`); [`CommitLog`] holds the numbered commit records, each written once by
//! one writer. Both work on whole objects; callers never append to anything or change it in place.
//!
//! | store | objects | commit records |
//! |---|---|---|
//! | [`DirectoryStore`] | files, renamed into place | one segment file, one fdatasync each |
//! | [`BucketStore`] | objects of S3, GCS or Azure, for any number of writers | one object each |
//! | [`MemoryStore`] | a map | a map |
//!
//! Every implementation must pass the suite in [`contract`]. [`probe`] checks whether a store that
//! is run by others keeps the contract.

mod below;
mod bucket;
pub mod contract;
mod directory;
mod memory;
pub mod metrics;
mod path;
pub mod probe;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

pub use below::Below;
#[cfg(feature = "buckets")]
pub use bucket::Clients;
pub use bucket::{
    BucketError, BucketLocation, BucketOptions, BucketStore, Cloud, Encryption, KeyPair, Requests,
};
#[cfg(feature = "testing")]
pub use directory::testing;
pub use directory::{
    DirectoryError, DirectoryOptions, DirectoryStore, FileIdentity, FileSystem, FileSystemKind,
    Files, InPlaceFile, OsFiles, UnknownFileSystem,
};
pub use memory::MemoryStore;
pub use path::{InvalidPath, ObjectPath};

/// The number of a commit record: the first of a log is 1, and there are no gaps. It is below 2^63,
/// so that every record can have a next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNumber(u64);

impl RecordNumber {
    /// The first record of every log.
    pub const FIRST: Self = Self(1);

    /// Record number `n`; there is no record 0, and none from 2^63 on.
    pub fn new(n: u64) -> Option<Self> {
        (n > 0 && i64::try_from(n).is_ok()).then_some(Self(n))
    }

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number before this one; `None` before the first.
    pub fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }
}

impl std::fmt::Display for RecordNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The version of an object, as reported by a store; it is passed to [`Store::replace`].
///
/// Opaque; two versions of one object never compare equal unless their bytes are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(pub(crate) String);

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Object {
    /// The whole content.
    pub bytes: Bytes,
    /// The version that was read.
    pub version: Version,
}

impl Object {
    /// A part of its bytes, as returned by [`Store::get_range`]; `place` names the object in
    /// errors.
    pub fn part(&self, range: &Range<u64>, place: &str) -> Result<Bytes, StoreError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let length = self.bytes.len();
        match (usize::try_from(range.start), usize::try_from(range.end)) {
            (Ok(start), Ok(end)) if end <= length => Ok(self.bytes.slice(start..end)),
            _ => Err(StoreError::ends_before(place, range.end, Some(length as u64))),
        }
    }
}

/// The outcome of a create-only write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object did not exist and now does, with exactly these bytes.
    Now,
    /// Something already existed and is unchanged. The caller finds out by reading whose bytes it
    /// holds: after an ambiguous answer they may be its own.
    Already,
}

/// The outcome of a conditional replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The object has the new bytes, under this version.
    Now(Version),
    /// The object is not at the expected version; it is unchanged.
    Conflict,
}

/// One immutable object to be written.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// Its path.
    pub path: ObjectPath,
    /// Its whole content.
    pub bytes: Bytes,
}

/// Whether these immutable objects may have been written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// They were not written by an earlier, interrupted run.
    First,
    /// They may have been, without having become durable: existing ones are rewritten. A file torn
    /// by a power cut is replaced; other content is still a conflict.
    Again,
}

/// The objects that readers see.
///
/// # Contract
/// - **Durability**: an object of [`put_immutable`](Store::put_immutable) survives a crash of the
///   process once the call returns. It survives a power cut too, unless the store's
///   [`CommitLog::settled`] says how far that holds; in that case the records beyond that size
///   imply everything that may be lost.
/// - **Atomicity**: a reader sees all of an object's old or new bytes, never a mixture.
/// - **Conditions**: of concurrent [`create`](Store::create)s of one path one answers
///   [`Created::Now`]; of concurrent [`replace`](Store::replace)s at one version one answers
///   [`Replaced::Now`].
/// - **Ambiguity**: after a [`StoreError::Ambiguous`] error the write may have happened, may not
///   have, or may happen later. Every other error means that it has not and will not.
/// - **Retries** are left to the caller; a store never hides a retry of a conditional write, except
///   after an answer that the write had no effect because another one was in progress.
/// - **Parts**: [`get_range`](Store::get_range) returns exactly the requested bytes, never fewer.
///   An object that ends before them is [`StoreError::Corrupt`]: the caller knows its length from
///   elsewhere.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads the object at `path`, or returns `None` if it does not exist.
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError>;

    /// Reads the object at `path` as it is stored, or returns `None` if it does not exist or is not
    /// packed with gzip.
    async fn get_packed(&self, _path: &ObjectPath) -> Result<Option<Bytes>, StoreError> {
        Ok(None)
    }

    /// Reads the bytes in `range` (offsets from the beginning, end excluded) of the object at
    /// `path`; `None` if there is no object. Nothing else is read, so the object's length does not
    /// matter. An empty range is an empty part of any object that exists.
    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError>;

    /// Returns the length in bytes of the object at `path`, or `None` if it does not exist. Its
    /// content is not read, unless it is stored packed.
    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError>;

    /// Writes an object that must not exist yet. It is durable when this returns.
    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError>;

    /// Replaces the object at `path` if it is still at version `expected`.
    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError>;

    /// Writes objects whose content is implied by their path. One that exists with the same bytes
    /// is left alone (or rewritten, see [`Attempt`]); one that exists with other bytes is
    /// [`StoreError::Conflict`] and stays as it is. After an error some of the objects may have
    /// been written; repeating the call is safe.
    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError>;
}

/// The numbered commit records of a log.
///
/// # Contract
/// - [`create`](CommitLog::create) is create-only, atomic, and **durable when it returns**, power
///   cuts included. Of several writers that create one number exactly one is told
///   [`Created::Now`]. [`StoreError::Ambiguous`] as in [`Store`].
/// - A record once created reads back byte for byte until it is trimmed by
///   [`settle`](CommitLog::settle). The newest record is never trimmed.
#[async_trait]
pub trait CommitLog: Send + Sync + 'static {
    /// Writes record `number`.
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError>;

    /// Reads the bytes of record `number`, or returns `None` if it was not written yet or was
    /// trimmed.
    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError>;

    /// Returns the highest number known to hold a record: a candidate, from which the caller
    /// probes upward. `None` only if there are no records at all.
    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError>;

    /// Returns the tree size up to which every immutable object is known to survive a power cut.
    /// `None` if objects are durable as soon as they are written.
    async fn settled(&self) -> Result<Option<TreeSize>, StoreError>;

    /// Called after every publication: everything that record `number` and the earlier ones imply
    /// is written and published, at `size`. The store may make it durable in bulk and trim records
    /// that are not needed for recovery. Cheap if there is nothing to do.
    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError>;

    /// Called once, when the log shuts down cleanly, with the last arguments of
    /// [`settle`](CommitLog::settle): whatever is done now shortens the next start.
    async fn end(&self, _number: RecordNumber, _size: TreeSize) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Removal of what is no longer needed, for stores that do not do this in [`CommitLog::settle`].
/// The caller must know what can be removed.
///
/// # Contract
/// - A listing may miss what was written a moment ago and include what was removed: it serves
///   progress, never safety.
/// - Removing what does not exist is not an error, and removing nothing sends no request.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    /// Lists objects whose path begins with `prefix`, in ascending order of their paths, at most
    /// `max` of them, and only those after `after` if it is given. Commit records have the paths of
    /// [`ObjectPath::commit_record`].
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError>;

    /// Removes objects. After an error some of them may be gone; repeating the call is safe.
    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError>;

    /// Writes a note over whatever is at `path`, without a condition. Such notes are hints: nothing
    /// may depend on them.
    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError>;
}

/// The parts of one store.
#[derive(Clone)]
pub struct Stores {
    /// The objects that readers see.
    pub objects: Arc<dyn Store>,
    /// The commit records.
    pub commits: Arc<dyn CommitLog>,
    /// Removal; `None` if the store does this itself.
    pub shelf: Option<Arc<dyn Shelf>>,
}

impl Stores {
    /// All parts from one implementation that removes what is superseded itself.
    pub fn of<S: Store + CommitLog>(store: Arc<S>) -> Self {
        Self { objects: store.clone(), commits: store, shelf: None }
    }

    /// All parts from one implementation where the writer removes what is superseded.
    pub fn shared<S: Store + CommitLog + Shelf>(store: Arc<S>) -> Self {
        Self { objects: store.clone(), commits: store.clone(), shelf: Some(store) }
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stores")
    }
}

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An immutable object exists with other bytes (invariant I5): two histories have met, or the
    /// stored bytes are damaged. Nothing was overwritten.
    #[error(
        "{path} already exists with other bytes; nothing was overwritten. If the file is damaged, \
         move it away and start again: it is rebuilt from the commit records. If it is not, it \
         belongs to another history: do not continue"
    )]
    Conflict {
        /// The object.
        path: ObjectPath,
    },
    /// Stored bytes are not what was written (I14).
    #[error("{path} is damaged: {reason}")]
    Corrupt {
        /// The object or file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The write may or may not have taken effect.
    #[error("no definite answer to the write of {path}")]
    Ambiguous {
        /// The object.
        path: String,
        /// What happened instead of an answer.
        #[source]
        source: std::io::Error,
    },
    /// The store keeps saying that another write of the object is in progress. This write had no
    /// effect.
    #[error(
        "the store has said {times} times in {} seconds (409) that another write of {path} is in \
         progress", .time.as_secs()
    )]
    Contended {
        /// The object.
        path: String,
        /// How often.
        times: u32,
        /// For how long.
        time: std::time::Duration,
    },
    /// The store refused or failed, and the write had no effect.
    #[error("cannot {action} {path}")]
    Io {
        /// The operation.
        action: &'static str,
        /// The object or file.
        path: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// An earlier failure left the store in doubt about what is durable; it accepts no more writes
    /// until it is reopened.
    #[error("the store has failed before and must be reopened: {reason}")]
    Poisoned {
        /// The earlier failure.
        reason: String,
    },
}

impl StoreError {
    /// An object is shorter than a part of it that was requested.
    fn ends_before(path: &str, end: u64, length: Option<u64>) -> Self {
        let reason = match length {
            Some(length) => format!("it has {length} bytes, but byte {} was requested", end - 1),
            None => format!("it ends before byte {}, which was requested", end - 1),
        };
        Self::Corrupt { path: path.to_owned(), reason }
    }

    /// Whether it may succeed next time: the store was unreachable, busy or slow. Any other failure
    /// is a fault in memory, disk or program, and is not ignored.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Ambiguous { .. } | Self::Io { .. } | Self::Contended { .. })
    }
}
