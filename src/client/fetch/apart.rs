//! A log and its index in two places: an index can be anybody's, and lie anywhere.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use tiles_spec::ResourcePath;
use tiles_spec::lookup::LookupPath;

use super::{Fetch, FetchError};

/// Reads a log from one place and its index from another.
pub struct Apart {
    /// Where the log is.
    pub log: Arc<dyn Fetch>,
    /// Where `lookup/` is.
    pub index: Arc<dyn Fetch>,
}

#[async_trait]
impl Fetch for Apart {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.fetch(path).await
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        self.log.description().await
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

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        self.index.place_of_lookup(path)
    }
}
