//! A log in a bucket, read with the credentials of whoever asks.
//!
//! A log that is meant to be read by anybody has a URL; this is for its operators, whose bucket may
//! be closed. The bucket is opened when the first object is fetched.

use async_trait::async_trait;
use tiles_spec::ResourcePath;
use tokio::sync::OnceCell;

use super::{DESCRIPTION, DESCRIPTION_BYTES_MAX, Fetch, FetchError};
use crate::store::{BucketLocation, BucketOptions, BucketStore, ObjectPath, Store as _};

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
            Some(object) if object.bytes.len() > DESCRIPTION_BYTES_MAX => {
                Err(FetchError::TooLong { place: place(), max: DESCRIPTION_BYTES_MAX })
            }
            found => Ok(found.map(|object| object.bytes.into())),
        }
    }

    fn place(&self, path: &ResourcePath) -> String {
        format!("{}/{path}", self.location)
    }
}
