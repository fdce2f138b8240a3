//! A log in a store that is already open: the log's own files, as its clients read them.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_store::{ObjectPath, Store, StoreError};
use tiles_spec::ResourcePath;

use super::{Fetch, FetchError, bytes_max, expect_small};

/// Reads a log in a store.
pub struct OwnFiles(pub Arc<dyn Store>);

impl OwnFiles {
    async fn read(&self, path: ObjectPath) -> Result<Option<Vec<u8>>, FetchError> {
        let object = self.0.get(&path).await.map_err(|error| failed(&path, error))?;
        Ok(object.map(|object| object.bytes.into()))
    }
}

fn failed(path: &ObjectPath, source: StoreError) -> FetchError {
    FetchError::Store { place: path.to_string(), source: Box::new(source) }
}

#[async_trait]
impl Fetch for OwnFiles {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.read(ObjectPath::from(*path)).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        let (place, max) = (path.to_string(), bytes_max(*path));
        match self.read(ObjectPath::from(*path)).await? {
            Some(bytes) if bytes.len() > max => Err(FetchError::TooLong { place, max }),
            found => Ok(found),
        }
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        expect_small(&path.to_string(), &bytes)?;
        let path = ObjectPath::from(*path);
        let read = self.0.get_range(&path, bytes).await.map_err(|error| failed(&path, error))?;
        Ok(read.map(Into::into))
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        path.to_string()
    }
}
