//! The log of an index's revisions, which is stored under `lookup/` of the indexed log.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use tiles_spec::ResourcePath;

use super::error::FetchError;
use super::interface::Fetch;

/// Reads the lookup log of a log as a log in its own right.
pub struct LookupLog(pub Arc<dyn Fetch>);

#[async_trait]
impl Fetch for LookupLog {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.0.fetch_lookup(&LookupPath::Log(*path)).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.0.place_of_lookup(&LookupPath::Log(*path))
    }

    /// The lookup log has no index itself.
    async fn fetch_lookup(&self, _: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(None)
    }

    async fn fetch_part(
        &self,
        _: &LookupPath,
        _: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(None)
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        format!("{} of the lookup log", self.0.place_of_lookup(path))
    }
}
