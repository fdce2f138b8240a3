//! Where a log lies: the contracts that every store keeps, and the stores that keep them.
//!
//! A log needs two things of a store. [`Store`] holds the objects that readers see (tiles, entry
//! bundles, `checkpoint`); [`CommitLog`] holds the numbered commit records, of which each is
//! written once by one writer. Both are spoken to in whole objects; nothing is ever appended to or
//! changed in place from the outside.
//!
//! | store | objects | commit records |
//! |---|---|---|
//! | [`DirectoryStore`] | files, renamed into place | one appended segment file, one fdatasync each |
//! | [`BucketStore`] | objects of S3, GCS or Azure, for any number of writers | an object each |
//! | [`MemoryStore`] | a map | a map |
//!
//! The suite in [`contract`] is what an implementation has to pass. [`probe`] finds out whether a
//! store that others run keeps it.

mod below;
mod bucket;
pub mod contract;
mod directory;
mod memory;
mod path;
pub mod probe;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

pub use below::Below;
pub use bucket::{
    BucketError, BucketLocation, BucketOptions, BucketStore, Clients, Cloud, Encryption, KeyPair,
    Requests,
};
pub use directory::{
    AppendFile, DirectoryError, DirectoryOptions, DirectoryStore, FileIdentity, FileSystem,
    FileSystemKind, Files, OsFiles, UnknownFileSystem,
};
pub use memory::MemoryStore;
pub use path::{InvalidPath, ObjectPath};

/// The number of a commit record: 1 for a log's first, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNumber(u64);

impl RecordNumber {
    /// The first record of every log.
    pub const FIRST: Self = Self(1);

    /// Record number `n`; there is no record 0.
    pub fn new(n: u64) -> Option<Self> {
        (n > 0).then_some(Self(n))
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

    /// The number before this one; none before the first.
    pub fn previous(self) -> Option<Self> {
        Self::new(self.0 - 1)
    }
}

impl std::fmt::Display for RecordNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a store says of one version of one object, to be handed back to [`Store::replace`].
///
/// Opaque; two versions of one object never compare equal unless their bytes are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(pub(crate) String);

/// An object as it was read.
#[derive(Clone, Debug)]
pub struct Object {
    /// The whole content.
    pub bytes: Bytes,
    /// The version that was read.
    pub version: Version,
}

impl Object {
    /// A part of its bytes, as [`Store::get_range`] gives it; `place` is the object's name in errors.
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

/// What became of a create-only write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object did not exist and now does, with exactly these bytes.
    Now,
    /// Something was there already and is unchanged. Whose bytes it holds is for the caller to
    /// find out by reading: after an ambiguous answer they may be its own.
    Already,
}

/// What became of a conditional replacement.
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
    /// Where.
    pub path: ObjectPath,
    /// What, whole.
    pub bytes: Bytes,
}

/// Whether these immutable objects may have been written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// They were not written by an earlier, interrupted run.
    First,
    /// They may have been, without having become durable: whatever lies there is written anew. A
    /// file that a power cut has torn is replaced; other content is still a conflict.
    Again,
}

/// The objects that readers see.
///
/// # Contract
/// - **Durability**: an object of [`put_immutable`](Store::put_immutable) survives a crash of the
///   process once the call returns; it survives a power cut too, unless the store's
///   [`CommitLog::settled`] says how far that holds, in which case the records beyond it imply
///   everything that may be lost.
/// - **Atomicity**: a reader sees the whole of an object's old or new bytes, never a mixture.
/// - **Conditions**: of concurrent [`create`](Store::create)s of one path one answers
///   [`Created::Now`]; of concurrent [`replace`](Store::replace)s at one version one answers
///   [`Replaced::Now`].
/// - **Ambiguity**: after an error of [`StoreError::Ambiguous`] the write may have happened, may
///   not have, or may happen later. Every other error means that it has not and will not.
/// - **Retries** are the caller's, never hidden inside a store for conditional writes, but where the
///   store has said that nothing has happened because another write was under way.
/// - **Parts**: [`get_range`](Store::get_range) gives exactly the bytes that were asked for, never
///   fewer. An object that ends before them is [`StoreError::Corrupt`]: whoever asks knows from
///   elsewhere how long it is.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The object at `path`, or `None` where there is none.
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError>;

    /// The object at `path` as the store keeps it, where it keeps it packed with gzip. `None` where it
    /// does not, or there is none.
    async fn get_packed(&self, _path: &ObjectPath) -> Result<Option<Bytes>, StoreError> {
        Ok(None)
    }

    /// The bytes of the object at `path` in `range` (offsets from its beginning, the end excluded),
    /// or `None` where there is no object. No more of it is read, so that its length does not
    /// matter. An empty range is an empty part of any object that is there.
    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError>;

    /// How many bytes the object at `path` has, or `None` where there is none. Its content is not
    /// read, unless it is stored packed.
    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError>;

    /// Writes an object that must not exist yet. Durable when it returns.
    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError>;

    /// Replaces the object at `path` if it still is at version `expected`.
    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError>;

    /// Writes objects whose content is implied by their path: what exists with the same bytes is
    /// left alone (or written anew, see [`Attempt`]), what exists with other bytes is
    /// [`StoreError::Conflict`] and stays as it is. On an error some of the objects may have been
    /// written; repeating the call is safe.
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

    /// The bytes of record `number`, or `None` if there is none (not yet, or trimmed).
    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError>;

    /// The highest number that holds a record, as far as is known: a candidate, from which the
    /// caller probes upward. `None` only where there are no records at all.
    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError>;

    /// The tree size up to which every immutable object is known to survive a power cut. `None`
    /// where objects are durable as soon as they are written.
    async fn settled(&self) -> Result<Option<TreeSize>, StoreError>;

    /// Told after every publication: all that record `number` and the ones before it imply is
    /// written and published, at `size`. The store may make it durable in bulk and trim records
    /// that nobody needs for recovery. Cheap when there is nothing to do.
    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError>;

    /// Told once, when the log ends in order, with what [`settle`](CommitLog::settle) was told
    /// last: whatever is done now shortens the next start.
    async fn end(&self, _number: RecordNumber, _size: TreeSize) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Removal of what nobody needs any more, for stores that do not see to it in
/// [`CommitLog::settle`]. What may be removed is the caller's to know.
///
/// # Contract
/// - A listing may miss what was written a moment ago and show what was removed: it serves
///   progress and never safety.
/// - Removing what is not there is no error, and removing nothing asks nothing of the store.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    /// Objects whose path begins with `prefix`, in ascending order of their paths, at most `max`
    /// of them, and only those behind `after` where that is given. Commit records have the paths of
    /// [`ObjectPath::commit_record`].
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError>;

    /// Removes objects. On an error some of them may be gone; repeating the call is safe.
    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError>;

    /// Writes a note to oneself over whatever is at `path`, without a condition. Such notes are
    /// hints: nothing may depend on them.
    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError>;
}

/// The parts of one store.
#[derive(Clone)]
pub struct Stores {
    /// Where readers look.
    pub objects: Arc<dyn Store>,
    /// Where the writer commits.
    pub commits: Arc<dyn CommitLog>,
    /// Where the writer tidies up; `None` where the store does so by itself.
    pub shelf: Option<Arc<dyn Shelf>>,
}

impl Stores {
    /// All parts from one implementation that sees to its own tidiness.
    pub fn of<S: Store + CommitLog>(store: Arc<S>) -> Self {
        Self { objects: store.clone(), commits: store, shelf: None }
    }

    /// All parts from one implementation that has to be tidied up.
    pub fn shared<S: Store + CommitLog + Shelf>(store: Arc<S>) -> Self {
        Self { objects: store.clone(), commits: store.clone(), shelf: Some(store) }
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stores")
    }
}

/// Why a store did not do as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An immutable object exists with other bytes (invariant I5): two histories have met, or the
    /// stored bytes are damaged. Nothing was overwritten.
    #[error(
        "{path} exists already with other bytes; nothing was overwritten. If the file is damaged, \
         move it away and start again: it is written anew from the commit records. If it is not, \
         it is of another history: do not go on"
    )]
    Conflict {
        /// The object.
        path: ObjectPath,
    },
    /// Stored bytes are not what was stored (I14).
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
    /// The store has said again and again that another write of the object is under way. This one
    /// has not taken effect.
    #[error(
        "the store has said {times} times in {} seconds (409) that another write of {path} is \
         under way", .time.as_secs()
    )]
    Contended {
        /// The object.
        path: String,
        /// How often.
        times: u32,
        /// For how long.
        time: std::time::Duration,
    },
    /// The store refused or failed, and the write has not taken effect.
    #[error("cannot {action} {path}")]
    Io {
        /// What was asked for.
        action: &'static str,
        /// The object or file.
        path: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// An earlier failure has left the store in doubt about what is durable; it takes no more
    /// writes until it is opened anew.
    #[error("the store has failed before and must be opened anew: {reason}")]
    Poisoned {
        /// The earlier failure.
        reason: String,
    },
}

impl StoreError {
    /// An object is shorter than a part of it that was asked for.
    fn ends_before(path: &str, end: u64, length: Option<u64>) -> Self {
        let reason = match length {
            Some(length) => format!("it has {length} bytes, and byte {} was asked for", end - 1),
            None => format!("it ends before byte {}, which was asked for", end - 1),
        };
        Self::Corrupt { path: path.to_owned(), reason }
    }

    /// It may go better the next time: the store was out of reach, busy or slow. Whatever else
    /// fails is a defect of memory, disk or program, and is not passed over.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Ambiguous { .. } | Self::Io { .. } | Self::Contended { .. })
    }
}
