//! The bucket: the contents of the store that all writers share, and the effect of each request.
//!
//! Requests land one at a time, atomically, and conditions are evaluated at that moment. The
//! [`wire`](crate::wire) is between a writer and the bucket.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use fasti::objects::Published;
use fasti::store::{
    CommitLog, Created, Housekeeping, MemoryStore, Object, ObjectPath, RecordNumber, Replaced,
    Store, StoreError, Version,
};
use futures::FutureExt;
use tiles_spec::ResourcePath;

/// A request to the store.
#[derive(Clone, Debug)]
pub enum Request {
    Get(ObjectPath),
    Create(ObjectPath, Bytes),
    Replace(ObjectPath, Bytes, Version),
    CreateRecord(RecordNumber, Bytes),
    ReadRecord(RecordNumber),
    /// Returns a number this far behind the newest.
    Newest(u64),
    /// `true` asks for a stale listing.
    List(String, Option<ObjectPath>, usize, bool),
    Remove(ObjectPath),
    Note(ObjectPath, Bytes),
}

/// The result of a request.
#[derive(Clone, Debug)]
pub enum Reply {
    Object(Option<Object>),
    Created(Created),
    Replaced(Replaced),
    Record(Option<Bytes>),
    Newest(Option<RecordNumber>),
    Paths(Vec<ObjectPath>),
    Done,
}

impl Request {
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Get(_) | Self::ReadRecord(_) | Self::Newest(_) | Self::List(..))
    }

    /// Whether it reads a hash tile.
    pub fn reads_hashes(&self) -> bool {
        let Self::Get(path) = self else { return false };
        matches!(path.as_str().parse(), Ok(Published::Log(ResourcePath::Tile(_))))
    }

    /// The path of the object concerned.
    pub fn path(&self) -> String {
        match self {
            Self::Get(path) | Self::Create(path, _) | Self::Replace(path, ..) => path.to_string(),
            Self::Remove(path) | Self::Note(path, _) => path.to_string(),
            Self::CreateRecord(number, _) | Self::ReadRecord(number) => format!("record {number}"),
            Self::Newest(_) => "records".to_owned(),
            Self::List(prefix, ..) => format!("{prefix}*"),
        }
    }

    /// The request as a line of the trace.
    pub fn line(&self) -> String {
        let path = self.path();
        match self {
            Self::Get(_) | Self::ReadRecord(_) => format!("get {path}"),
            Self::Create(_, bytes) | Self::CreateRecord(_, bytes) => {
                format!("create {path} ({:08x})", sum(bytes))
            }
            Self::Replace(_, bytes, expected) => {
                format!("replace {path} ({:08x}) at {expected:?}", sum(bytes))
            }
            Self::Newest(behind) => format!("newest -{behind}"),
            Self::List(_, after, max, stale) => {
                let after = after.as_ref().map_or("", ObjectPath::as_str);
                format!("list {path} behind {after:?} {max} stale={stale}")
            }
            Self::Remove(_) => format!("remove {path}"),
            Self::Note(_, bytes) => format!("note {path} ({:08x})", sum(bytes)),
        }
    }
}

impl Reply {
    /// The reply as a line of the trace.
    pub fn line(&self) -> String {
        match self {
            Self::Object(Some(object)) => {
                format!("{:08x} at {:?}", sum(&object.bytes), object.version)
            }
            Self::Record(Some(bytes)) => format!("{:08x}", sum(bytes)),
            Self::Object(None) | Self::Record(None) => "nothing".to_owned(),
            Self::Created(created) => format!("{created:?}"),
            Self::Replaced(replaced) => format!("{replaced:?}"),
            Self::Newest(newest) => format!("{:?}", newest.map(RecordNumber::get)),
            Self::Paths(paths) => {
                let ends = (paths.first(), paths.last());
                format!("{} paths, {ends:?}", paths.len())
            }
            Self::Done => "done".to_owned(),
        }
    }

    /// Truncates the reply's body or flips one bit in it, if it has one.
    pub fn damage(&mut self, at: usize, cut: bool) {
        let bytes = match self {
            Self::Object(Some(object)) => &mut object.bytes,
            Self::Record(Some(bytes)) => bytes,
            _ => return,
        };
        let mut damaged = bytes.to_vec();
        let Some(bit) = at.checked_rem(damaged.len() * 8) else { return };
        if cut {
            damaged.truncate(bit / 8);
        } else {
            damaged[bit / 8] ^= 1 << (bit % 8);
        }
        *bytes = damaged.into();
    }
}

/// A short hash to tell bodies apart in a trace.
fn sum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// How many writes and removals a stale listing may miss.
const STALE_WRITES: usize = 6;

/// The bucket; see the module documentation.
pub struct Bucket {
    store: MemoryStore,
    /// For stores whose versions are hashes: the version for each body.
    etags: Option<BTreeMap<Bytes, Version>>,
    written: VecDeque<ObjectPath>,
    removed: VecDeque<ObjectPath>,
}

/// A memory store never waits.
fn now<T>(future: impl Future<Output = Result<T, StoreError>>) -> T {
    future.now_or_never().expect("at once").expect("a memory store never fails")
}

fn remember(list: &mut VecDeque<ObjectPath>, path: ObjectPath) {
    list.push_front(path);
    list.truncate(STALE_WRITES);
}

impl Bucket {
    pub fn new(etags: bool) -> Self {
        Self {
            store: MemoryStore::default(),
            etags: etags.then(BTreeMap::new),
            written: VecDeque::new(),
            removed: VecDeque::new(),
        }
    }

    /// Returns a bucket with the same contents.
    pub fn copy(&self) -> Self {
        Self {
            store: self.store.snapshot(),
            etags: self.etags.clone(),
            written: self.written.clone(),
            removed: self.removed.clone(),
        }
    }

    /// Restores the contents of the backup, under new versions.
    pub fn put_back(&mut self, backup: &Self) {
        self.store.objects().keys().for_each(|path| self.store.remove(path));
        for (path, bytes) in backup.store.objects() {
            self.store.overwrite(&path, bytes);
        }
        self.records().into_iter().for_each(|number| self.store.remove_record(number));
        for number in backup.records() {
            let bytes = backup.record(number).expect("is listed");
            now(CommitLog::create(&self.store, number, bytes));
        }
        (self.written, self.removed) = (VecDeque::new(), VecDeque::new());
    }

    fn records(&self) -> Vec<RecordNumber> {
        let paths = now(self.store.list("_writer/commit/", None, usize::MAX));
        paths.iter().filter_map(ObjectPath::record_number).collect()
    }

    pub fn get(&self, path: &ObjectPath) -> Option<Object> {
        now(self.store.get(path))
    }

    pub fn holds(&self, path: &str) -> Option<Bytes> {
        let path = ObjectPath::new(path).expect("a valid path");
        self.get(&path).map(|object| object.bytes)
    }

    pub fn record(&self, number: RecordNumber) -> Option<Bytes> {
        now(self.store.read(number))
    }

    pub fn newest(&self) -> Option<RecordNumber> {
        now(self.store.newest())
    }

    /// Applies the request.
    pub fn land(&mut self, request: &Request) -> Reply {
        let store = &self.store;
        match request {
            Request::Get(path) => {
                let object = self.get(path);
                Reply::Object(object.map(|object| self.as_seen(object)))
            }
            Request::Create(path, bytes) => {
                let created = now(Store::create(store, path, bytes.clone()));
                remember(&mut self.written, path.clone());
                Reply::Created(created)
            }
            Request::Replace(path, bytes, expected) => {
                Reply::Replaced(self.replace(path, bytes, expected))
            }
            Request::CreateRecord(number, bytes) => {
                let created = now(CommitLog::create(store, *number, bytes.clone()));
                remember(&mut self.written, ObjectPath::commit_record(*number));
                Reply::Created(created)
            }
            Request::ReadRecord(number) => Reply::Record(self.record(*number)),
            Request::Newest(behind) => Reply::Newest(self.hint(*behind)),
            Request::List(prefix, after, max, stale) => {
                Reply::Paths(self.list(prefix, after.as_ref(), *max, *stale))
            }
            Request::Remove(path) => {
                now(Housekeeping::remove(store, std::slice::from_ref(path)));
                remember(&mut self.removed, path.clone());
                Reply::Done
            }
            Request::Note(path, bytes) => {
                now(store.note(path, bytes.clone()));
                Reply::Done
            }
        }
    }

    /// The newest record, or one that was the newest some records ago: records between them may be
    /// trimmed.
    fn hint(&self, behind: u64) -> Option<RecordNumber> {
        if behind == 0 {
            return self.newest();
        }
        let there = now(self.store.list("_writer/commit/", None, usize::MAX));
        let behind = usize::try_from(behind).expect("small").min(there.len().saturating_sub(1));
        there.iter().rev().nth(behind).and_then(ObjectPath::record_number)
    }

    fn replace(&mut self, path: &ObjectPath, bytes: &Bytes, expected: &Version) -> Replaced {
        let Some(there) = self.get(path) else { return Replaced::Conflict };
        let version = there.version.clone();
        if self.as_seen(there).version != *expected {
            return Replaced::Conflict;
        }
        now(self.store.replace(path, bytes.clone(), &version));
        let written = self.get(path).expect("was written just now");
        Replaced::Now(self.as_seen(written).version)
    }

    /// Returns the object with its version as this kind of store reports it.
    fn as_seen(&mut self, object: Object) -> Object {
        let Some(etags) = &mut self.etags else { return object };
        let version = etags.entry(object.bytes.clone()).or_insert(object.version).clone();
        Object { bytes: object.bytes, version }
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
        stale: bool,
    ) -> Vec<ObjectPath> {
        let mut paths = now(self.store.list(prefix, after, usize::MAX));
        if stale {
            paths.retain(|path| !self.written.contains(path));
            let asked = |path: &&ObjectPath| {
                path.as_str().starts_with(prefix) && after.is_none_or(|after| *path > after)
            };
            paths.extend(self.removed.iter().filter(asked).cloned());
            paths.sort();
            paths.dedup();
        }
        paths.truncate(max);
        paths
    }
}
