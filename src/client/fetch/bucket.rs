//! A log in a bucket, read with the caller's credentials.
//!
//! A public log has a URL; this is for the log's operators, whose bucket can be private. The bucket
//! is opened when the first object is fetched.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_objects::HeadsPath;
use fasti_store::{BucketLocation, BucketOptions, BucketStore};
use tiles_spec::{BundleCoord, Hash, ResourcePath};
use tokio::sync::OnceCell;

use super::error::FetchError;
use super::interface::Fetch;
use super::store::StoreFetch;

/// Reads a log in a bucket.
pub struct BucketFetch {
    location: BucketLocation,
    options: BucketOptions,
    opened: OnceCell<StoreFetch>,
}

impl BucketFetch {
    /// The log at `location`.
    pub fn new(location: BucketLocation, options: BucketOptions) -> Self {
        Self { location, options, opened: OnceCell::new() }
    }

    async fn opened(&self) -> Result<&StoreFetch, FetchError> {
        let open = || async {
            let store = BucketStore::open(self.location.clone(), &self.options).await?;
            Ok(StoreFetch::at(&self.location, Arc::new(store)))
        };
        self.opened.get_or_try_init(open).await.map_err(|source| FetchError::Bucket {
            place: self.location.to_string(),
            source: Box::new(source),
        })
    }
}

#[async_trait]
impl Fetch for BucketFetch {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.opened().await?.fetch(path).await
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        self.opened().await?.description().await
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        self.opened().await?.fetch_times(bundle).await
    }

    async fn fetch_heads(&self, path: &HeadsPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.opened().await?.fetch_heads(path).await
    }

    async fn fetch_attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        self.opened().await?.fetch_attestation(sha256).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        format!("{}/{path}", self.location)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.opened().await?.fetch_lookup(path).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.opened().await?.fetch_part(path, bytes).await
    }

    async fn length_of_lookup(&self, path: &LookupPath) -> Result<Option<u64>, FetchError> {
        self.opened().await?.length_of_lookup(path).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        format!("{}/{path}", self.location)
    }
}
