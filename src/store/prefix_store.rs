//! A store inside another store, below a prefix of its paths: for a log inside a larger one.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Attempt, Created, InvalidPath, NewObject, Object, ObjectPath, Replaced, Store, StoreError,
    Version,
};

/// The objects of another store whose paths begin with a prefix, named by the rest of their paths.
pub struct PrefixStore {
    objects: Arc<dyn Store>,
    /// One or more segments, without the slash after them.
    prefix: ObjectPath,
}

impl PrefixStore {
    /// The objects below `prefix`.
    pub fn new(objects: Arc<dyn Store>, prefix: ObjectPath) -> Self {
        Self { objects, prefix }
    }

    fn path(&self, path: &ObjectPath) -> Result<ObjectPath, StoreError> {
        self.prefix.joined(path)
    }
}

impl ObjectPath {
    /// The path of an object below this prefix. An error if it is too long.
    pub(crate) fn joined(&self, path: &Self) -> Result<Self, StoreError> {
        let whole = format!("{self}/{path}");
        Self::new(whole).map_err(|InvalidPath(path)| StoreError::Io {
            action: "name",
            path,
            source: std::io::ErrorKind::InvalidFilename.into(),
        })
    }
}

#[async_trait]
impl Store for PrefixStore {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.objects.get(&self.path(path)?).await
    }

    async fn get_packed(&self, path: &ObjectPath) -> Result<Option<Bytes>, StoreError> {
        self.objects.get_packed(&self.path(path)?).await
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.objects.get_range(&self.path(path)?, range).await
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        self.objects.length(&self.path(path)?).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        self.objects.create(&self.path(path)?, bytes).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        self.objects.replace(&self.path(path)?, bytes, expected).await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        let objects: Result<Vec<NewObject>, StoreError> = objects
            .iter()
            .map(|NewObject { path, bytes }| {
                Ok(NewObject { path: self.path(path)?, bytes: bytes.clone() })
            })
            .collect();
        self.objects.put_immutable(&objects?, attempt).await
    }
}
