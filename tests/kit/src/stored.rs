//! A store in memory with something in between: what a test counts, delays or makes fail.

use std::ops::{Deref, Range};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fasti_store::{
    Attempt, CommitLog, Created, Housekeeping, MemoryStore, NewObject, Object, ObjectPath,
    RecordNumber, Replaced, Store, StoreError, Version,
};
use tiles_spec::TreeSize;

/// What is to be written by one request.
#[derive(Clone, Debug)]
pub enum Written<'a> {
    /// One object, created or replaced.
    Object(&'a ObjectPath, Bytes),
    /// Objects whose content follows from their paths.
    Objects(&'a [NewObject]),
    /// A commit record.
    Record(RecordNumber, Bytes),
}

/// What a test puts between a store and whoever uses it. Unless it does something else, requests
/// are passed on.
pub trait Between: Send + Sync + 'static {
    /// An object, or a part of one, is to be read.
    fn read<T: Send>(
        &self,
        _path: &ObjectPath,
        read: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        read
    }

    /// Something is to be written.
    fn write<T: Send>(
        &self,
        _written: Written<'_>,
        write: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        write
    }
}

/// A store that is used through something.
#[derive(Debug, Default)]
pub struct Through<B> {
    /// The store.
    pub inner: Arc<MemoryStore>,
    /// What is in between.
    pub between: B,
}

impl Written<'_> {
    /// How much it is.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Object(_, bytes) | Self::Record(_, bytes) => bytes.len(),
            Self::Objects(objects) => objects.iter().map(|object| object.bytes.len()).sum(),
        }
    }

    /// What it is called in errors.
    pub fn name(&self) -> String {
        match self {
            Self::Object(path, _) => path.to_string(),
            Self::Objects(objects) => {
                objects.first().map_or_else(String::new, |object| object.path.to_string())
            }
            Self::Record(number, _) => format!("record {}", number.get()),
        }
    }
}

impl<B> Deref for Through<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.between
    }
}

#[async_trait]
impl<B: Between> Store for Through<B> {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.between.read(path, self.inner.get(path)).await
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.between.read(path, self.inner.get_range(path, range)).await
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        self.inner.length(path).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        let written = Written::Object(path, bytes.clone());
        self.between.write(written, Store::create(&*self.inner, path, bytes)).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let written = Written::Object(path, bytes.clone());
        self.between.write(written, self.inner.replace(path, bytes, expected)).await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        let written = Written::Objects(objects);
        self.between.write(written, self.inner.put_immutable(objects, attempt)).await
    }
}

#[async_trait]
impl<B: Between> CommitLog for Through<B> {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        let written = Written::Record(number, bytes.clone());
        self.between.write(written, CommitLog::create(&*self.inner, number, bytes)).await
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        self.inner.read(number).await
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        self.inner.newest().await
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        self.inner.settled().await
    }

    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        self.inner.settle(number, size).await
    }
}

#[async_trait]
impl<B: Between> Housekeeping for Through<B> {
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        self.inner.list(prefix, after, max).await
    }

    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        Housekeeping::remove(&*self.inner, paths).await
    }

    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError> {
        self.inner.note(path, bytes).await
    }
}
