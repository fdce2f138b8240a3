//! Counts the requests and bytes it takes to write to a store.
//!
//! One request for each object: retries are not seen, and neither are a store's own requests.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use fasti::lookup_spec::LookupPath;
use fasti::store::{
    Attempt, Created, NewObject, Object, ObjectPath, Replaced, Store, StoreError, Version,
};

use super::counting::Count;

/// Counts what is read and written.
pub struct CountingStore {
    inner: Arc<dyn Store>,
    traffic: Mutex<Traffic>,
}

/// What was read and written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Parts of runs, written.
    pub parts: Count,
    /// Everything else written: revisions, the log of them, `lookup/latest`.
    pub others: Count,
    /// Everything read of the index.
    pub read: Count,
}

impl CountingStore {
    /// Counts what is read from `inner` and written to it.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, traffic: Mutex::default() }
    }

    /// The traffic so far.
    pub fn traffic(&self) -> Traffic {
        *self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_written(&self, path: &ObjectPath, bytes: &Bytes) {
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        match path.as_str().parse() {
            Ok(LookupPath::Part { .. }) => traffic.parts.add(bytes.len()),
            _ => traffic.others.add(bytes.len()),
        }
    }

    fn count_read(&self, bytes: usize) {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).read.add(bytes);
    }
}

#[async_trait]
impl Store for CountingStore {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        let object = self.inner.get(path).await?;
        self.count_read(object.as_ref().map_or(0, |object| object.bytes.len()));
        Ok(object)
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let part = self.inner.get_range(path, range).await?;
        self.count_read(part.as_ref().map_or(0, Bytes::len));
        Ok(part)
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        let length = self.inner.length(path).await?;
        self.count_read(0);
        Ok(length)
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        self.count_written(path, &bytes);
        self.inner.create(path, bytes).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        self.count_written(path, &bytes);
        self.inner.replace(path, bytes, expected).await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        for NewObject { path, bytes } in objects {
            self.count_written(path, bytes);
        }
        self.inner.put_immutable(objects, attempt).await
    }
}
