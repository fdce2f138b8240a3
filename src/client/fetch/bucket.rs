//! A log in a bucket, read with the caller's credentials.
//!
//! A public log has a URL; this is for the log's operators, whose bucket can be private. The bucket
//! is opened when the first object is fetched.

use std::ops::Range;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_store::{BucketLocation, BucketOptions, BucketStore, ObjectPath, Store as _};
use tiles_spec::ResourcePath;
use tokio::sync::OnceCell;

use super::{DESCRIPTION, Fetch, FetchError, bytes_max, expect_small};

/// Reads a log in a bucket.
#[derive(Debug)]
pub struct BucketFetch {
    location: BucketLocation,
    options: BucketOptions,
    store: OnceCell<BucketStore>,
}

impl BucketFetch {
    /// The log at `location`.
    pub fn new(location: BucketLocation, options: BucketOptions) -> Self {
        Self { location, options, store: OnceCell::new() }
    }

    async fn store(&self) -> Result<&BucketStore, FetchError> {
        let opening = || BucketStore::open(self.location.clone(), &self.options);
        self.store.get_or_try_init(opening).await.map_err(|source| FetchError::Bucket {
            place: self.location.to_string(),
            source: Box::new(source),
        })
    }
}

#[async_trait]
impl Fetch for BucketFetch {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        let object = self.store().await?.get(&ObjectPath::from(*path)).await;
        let object = object.map_err(|source| FetchError::Store {
            place: self.place(path),
            source: Box::new(source),
        })?;
        Ok(object.map(|object| object.bytes.into()))
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        let place = || format!("{}/{DESCRIPTION}", self.location);
        let failed = |source| FetchError::Store { place: place(), source: Box::new(source) };
        let object = self.store().await?.get(&ObjectPath::log_json()).await.map_err(failed)?;
        match object {
            Some(object) if object.bytes.len() > bytes_max(DESCRIPTION) => {
                Err(FetchError::TooLong { place: place(), max: bytes_max(DESCRIPTION) })
            }
            found => Ok(found.map(|object| object.bytes.into())),
        }
    }

    fn place(&self, path: &ResourcePath) -> String {
        format!("{}/{path}", self.location)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        let place = || self.place_of_lookup(path);
        let failed = |source| FetchError::Store { place: place(), source: Box::new(source) };
        let object = self.store().await?.get(&ObjectPath::from(*path)).await.map_err(failed)?;
        match object {
            Some(object) if object.bytes.len() > bytes_max(*path) => {
                Err(FetchError::TooLong { place: place(), max: bytes_max(*path) })
            }
            found => Ok(found.map(|object| object.bytes.into())),
        }
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
        let read = self.store().await?.get_range(&ObjectPath::from(*path), bytes).await;
        let read = read.map_err(|source| FetchError::Store { place, source: Box::new(source) })?;
        Ok(read.map(Into::into))
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        format!("{}/{path}", self.location)
    }
}
