//! A log in a store that is already open.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_objects::{HeadsPath, Published};
use fasti_store::{ObjectPath, Store};
use tiles_spec::{BundleCoord, Hash, ResourcePath};

use super::error::{FetchError, expect_small};
use super::interface::Fetch;
use super::limits::{DESCRIPTION, bytes_max};

/// Reads a log in a store.
pub struct StoreFetch {
    objects: Arc<dyn Store>,
    /// Where the store is, for messages: with the slash before the object's path, or empty.
    location: String,
}

impl StoreFetch {
    /// The log in this store. Messages name its objects by their paths alone.
    pub fn new(objects: Arc<dyn Store>) -> Self {
        Self { objects, location: String::new() }
    }

    /// The log in this store, which messages say is at `location`.
    pub(super) fn at(location: &impl ToString, objects: Arc<dyn Store>) -> Self {
        Self { objects, location: format!("{}/", location.to_string()) }
    }

    /// Reads a whole object. The store knows how large each may be; what is read at once is less.
    async fn read(&self, object: Published) -> Result<Option<Vec<u8>>, FetchError> {
        let place = || format!("{}{object}", self.location);
        let read = self.objects.get(&object.into()).await;
        let read =
            read.map_err(|source| FetchError::Store { place: place(), source: Box::new(source) })?;
        let max = bytes_max(object);
        match read {
            Some(object) if object.bytes.len() > max => {
                Err(FetchError::TooLong { place: place(), max })
            }
            found => Ok(found.map(|object| object.bytes.into())),
        }
    }
}

#[async_trait]
impl Fetch for StoreFetch {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.read((*path).into()).await
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        self.read(DESCRIPTION).await
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        self.read(Published::Times(*bundle)).await
    }

    async fn fetch_attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        self.read(Published::Attestation(*sha256)).await
    }

    async fn fetch_heads(&self, path: &HeadsPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.read(Published::Heads(*path)).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        format!("{}{path}", self.location)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.read((*path).into()).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let place = self.place_of_lookup(path);
        expect_small(&place, &bytes)?;
        if bytes.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let read = self.objects.get_range(&ObjectPath::from(*path), bytes).await;
        let read = read.map_err(|source| FetchError::Store { place, source: Box::new(source) })?;
        Ok(read.map(Into::into))
    }

    async fn length_of_lookup(&self, path: &LookupPath) -> Result<Option<u64>, FetchError> {
        let length = self.objects.length(&ObjectPath::from(*path)).await;
        length.map_err(|source| FetchError::Store {
            place: self.place_of_lookup(path),
            source: Box::new(source),
        })
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        format!("{}{path}", self.location)
    }
}
