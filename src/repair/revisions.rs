//! The entries of the lookup log, from the files of its revisions: each entry is derived from the
//! manifest in a file, so a bundle that is lost can be made from those.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use fasti_client::fetch::{Fetch, FetchError};
use fasti_lookup_spec::{LookupPath, RevisionFile};
use tiles_spec::{ResourcePath, append_entry};

/// The bundles of a lookup log, made from the revisions that this log's index has.
pub(crate) struct Revisions(pub(crate) Arc<dyn Fetch>);

#[async_trait]
impl Fetch for Revisions {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        let ResourcePath::Bundle(coord) = path else { return Ok(None) };
        let mut bundle = Vec::new();
        for slot in 0..coord.width.as_usize() {
            let Some(number) = coord.leaf(slot) else { return Ok(None) };
            let file = self.0.fetch_lookup(&LookupPath::Revision(number)).await?;
            let Some(file) = file.and_then(|bytes| RevisionFile::parse(&bytes).ok()) else {
                return Ok(None);
            };
            if append_entry(&mut bundle, &file.manifest.revision_entry()).is_err() {
                return Ok(None);
            }
        }
        Ok(Some(bundle))
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.0.place_of_lookup(&LookupPath::Log(*path))
    }

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
        self.0.place_of_lookup(path)
    }
}
