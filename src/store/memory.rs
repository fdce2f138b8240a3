//! The memory store: a log that is gone when the process ends. For trials and tests.
//!
//! Everything is durable as long as the value lives; a test that "restarts" a writer keeps the
//! store and creates a new writer on it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

use super::{
    Attempt, CommitLog, Created, Housekeeping, NewObject, Object, ObjectPath, RecordNumber,
    Replaced, Store, StoreError, Version,
};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    contents: Mutex<Contents>,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    objects: BTreeMap<ObjectPath, Object>,
    records: BTreeMap<RecordNumber, Bytes>,
    writes: u64,
}

impl Contents {
    fn put(&mut self, path: &ObjectPath, bytes: Bytes) -> Version {
        self.writes += 1;
        let version = Version(self.writes.to_string());
        self.objects.insert(path.clone(), Object { bytes, version: version.clone() });
        version
    }
}

impl MemoryStore {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A store with the same content, independent of this one: for tests that try several
    /// continuations.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self { contents: Mutex::new(self.contents().clone()) }
    }

    /// All objects, by path: for tests that inspect everything.
    pub fn objects(&self) -> BTreeMap<ObjectPath, Bytes> {
        self.contents().objects.iter().map(|(p, o)| (p.clone(), o.bytes.clone())).collect()
    }

    /// The version of an object: for tests that count writes.
    pub fn version(&self, path: &ObjectPath) -> Option<Version> {
        self.contents().objects.get(path).map(|object| object.version.clone())
    }

    /// Stores an object as it is, bypassing every rule: for tests that damage a store.
    pub fn overwrite(&self, path: &ObjectPath, bytes: Bytes) {
        self.contents().put(path, bytes);
    }

    /// Removes an object: for tests that damage a store.
    pub fn remove(&self, path: &ObjectPath) {
        self.contents().objects.remove(path);
    }

    /// Removes a commit record: for tests that damage a store.
    pub fn remove_record(&self, number: RecordNumber) {
        self.contents().records.remove(&number);
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        Ok(self.contents().objects.get(path).cloned())
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let contents = self.contents();
        contents.objects.get(path).map(|object| object.part(&range, path.as_str())).transpose()
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        Ok(self.contents().objects.get(path).map(|object| object.bytes.len() as u64))
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        let mut contents = self.contents();
        if contents.objects.contains_key(path) {
            return Ok(Created::Already);
        }
        contents.put(path, bytes);
        Ok(Created::Now)
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let mut contents = self.contents();
        match contents.objects.get(path) {
            Some(object) if object.version == *expected => {
                Ok(Replaced::Now(contents.put(path, bytes)))
            }
            _ => Ok(Replaced::Conflict),
        }
    }

    async fn put_immutable(&self, objects: &[NewObject], _: Attempt) -> Result<(), StoreError> {
        let mut contents = self.contents();
        for object in objects {
            match contents.objects.get(&object.path) {
                Some(there) if there.bytes == object.bytes => {}
                Some(_) => return Err(StoreError::Conflict { path: object.path.clone() }),
                None => drop(contents.put(&object.path, object.bytes.clone())),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl CommitLog for MemoryStore {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        let mut contents = self.contents();
        if contents.records.contains_key(&number) {
            return Ok(Created::Already);
        }
        contents.records.insert(number, bytes);
        Ok(Created::Now)
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        Ok(self.contents().records.get(&number).cloned())
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        Ok(self.contents().records.last_key_value().map(|(number, _)| *number))
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        Ok(None)
    }

    async fn settle(&self, _: RecordNumber, _: TreeSize) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Housekeeping for MemoryStore {
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        let contents = self.contents();
        let records = contents.records.keys().map(|number| ObjectPath::commit_record(*number));
        let paths: BTreeSet<ObjectPath> = contents.objects.keys().cloned().chain(records).collect();
        let asked = |path: &&ObjectPath| {
            path.as_str().starts_with(prefix) && after.is_none_or(|after| *path > after)
        };
        Ok(paths.iter().filter(asked).take(max).cloned().collect())
    }

    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        let mut contents = self.contents();
        for path in paths {
            match path.record_number() {
                Some(number) => drop(contents.records.remove(&number)),
                None => drop(contents.objects.remove(path)),
            }
        }
        Ok(())
    }

    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError> {
        self.contents().put(path, bytes);
        Ok(())
    }
}
