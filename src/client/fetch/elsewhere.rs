//! A log in one location and its index in another, read as one.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_objects::HeadsPath;
use tiles_spec::{BundleCoord, Hash, ResourcePath};

use super::error::FetchError;
use super::interface::Fetch;

/// Reads the log from one location, and the index from `lookup/` in another.
pub struct IndexElsewhere {
    /// Where the log is.
    pub log: Arc<dyn Fetch>,
    /// Where the index is.
    pub index: Arc<dyn Fetch>,
}

#[async_trait]
impl Fetch for IndexElsewhere {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch(path).await
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.description().await
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch_times(bundle).await
    }

    async fn fetch_attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch_attestation(sha256).await
    }

    async fn fetch_heads(&self, path: &HeadsPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch_heads(path).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.log.place(path)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.index.fetch_lookup(path).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.index.fetch_part(path, bytes).await
    }

    async fn length_of_lookup(&self, path: &LookupPath) -> Result<Option<u64>, FetchError> {
        self.index.length_of_lookup(path).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        self.index.place_of_lookup(path)
    }
}
