//! What can be fetched of a log and its index.

use std::ops::Range;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_objects::HeadsPath;
use tiles_spec::{BundleCoord, Hash, ResourcePath};

use super::error::FetchError;

/// Reads the objects of one log and of its index.
#[async_trait]
pub trait Fetch: Send + Sync + 'static {
    /// Reads the object at `path`, whole and uncompressed, or returns `None` if it does not exist.
    /// Returns at most [`bytes_max`](super::bytes_max) bytes. Reads are retried a few times if that can help.
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError>;

    /// Reads `log.json`. A copy of the log's tree may lack it; the result is then `None`.
    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(None)
    }

    /// Reads the integrated times of the entries of a bundle, of the same width. A log that does
    /// not keep times has none, and a copy may lack them; the result is then `None`.
    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        let _ = bundle;
        Ok(None)
    }

    /// Reads the attestation with this SHA-256; nothing is compared. A log need not keep any, and a
    /// copy may lack them; the result is then `None`.
    async fn fetch_attestation(&self, sha256: &Hash) -> Result<Option<Vec<u8>>, FetchError> {
        let _ = sha256;
        Ok(None)
    }

    /// Reads a file of the heads that the log had. A log need not keep them, and a copy may lack
    /// them; the result is then `None`.
    async fn fetch_heads(&self, path: &HeadsPath) -> Result<Option<Vec<u8>>, FetchError> {
        let _ = path;
        Ok(None)
    }

    /// The object's name in messages: a URL or a file.
    fn place(&self, path: &ResourcePath) -> String;

    /// Reads an object of the index, whole and uncompressed, or returns `None` if it does not
    /// exist. Returns at most [`bytes_max`](super::bytes_max) bytes: parts can be longer, and are read with
    /// [`Self::fetch_part`].
    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError>;

    /// Reads exactly these bytes of an object of the index (offsets from its beginning, the end
    /// excluded; at most [`PART_BYTES_MAX`](super::PART_BYTES_MAX) of them); `None` if there is no such object. It is an
    /// error if the object ends before them, or if the answer is anything else. An empty range
    /// sends no request.
    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError>;

    /// The length in bytes of an object of the index, or `None` if it does not exist.
    async fn length_of_lookup(&self, path: &LookupPath) -> Result<Option<u64>, FetchError> {
        Ok(self.fetch_lookup(path).await?.map(|bytes| bytes.len() as u64))
    }

    /// The name in messages of an object of the index.
    fn place_of_lookup(&self, path: &LookupPath) -> String;
}
