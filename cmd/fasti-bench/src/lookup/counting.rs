//! Counts the requests and bytes it takes to read a log's objects.
//!
//! A request is one GET of an object or of a part of one; retries at a lower level are not seen.
//! What belongs to the lookup itself is counted separately from what is read of the log because of
//! it.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fasti::client::fetch::{Fetch, FetchError};
use fasti::lookup_spec::LookupPath;
use tiles_spec::{ResourcePath, TreeSize};

/// Counts what is read.
pub struct CountingFetch {
    inner: Arc<dyn Fetch>,
    /// Leaves from here on are not in the index.
    newer: Option<TreeSize>,
    read: Mutex<Read>,
}

/// Requests, and the bytes of their answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// GETs or PUTs.
    pub requests: u64,
    /// Bytes of the bodies, uncompressed.
    pub bytes: u64,
}

/// What was read, by purpose.
#[derive(Clone, Copy, Debug, Default)]
pub struct Read {
    /// The newest revision, the log's checkpoint, pages of the index: everything that proves an
    /// answer.
    pub lookup: Count,
    /// Tiles and bundles: entries that were found, and their inclusion proofs.
    pub entries: Count,
    /// Bundles of leaves not in the index.
    pub newer: Count,
}

impl Count {
    /// Counts one more, of this many bytes.
    pub fn add(&mut self, bytes: usize) {
        self.requests += 1;
        self.bytes += bytes as u64;
    }
}

impl CountingFetch {
    /// Counts what is read from `inner`, whose index lacks the leaves from `newer` on.
    pub fn new(inner: Arc<dyn Fetch>, newer: Option<TreeSize>) -> Self {
        Self { inner, newer, read: Mutex::default() }
    }

    /// Returns what was read since the last call.
    pub fn take(&self) -> Read {
        std::mem::take(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(
        &self,
        what_for: fn(&mut Read) -> &mut Count,
        answer: Result<Option<Vec<u8>>, FetchError>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let bytes = answer.as_ref().ok().and_then(Option::as_ref).map_or(0, Vec::len);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        what_for(&mut read).add(bytes);
        drop(read);
        answer
    }

    fn is_newer(&self, path: &ResourcePath) -> bool {
        let (ResourcePath::Bundle(bundle), Some(newer)) = (path, self.newer) else { return false };
        newer.next_leaf().is_some_and(|leaf| bundle.index >= leaf.tile_index())
    }
}

#[async_trait]
impl Fetch for CountingFetch {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        let what_for: fn(&mut Read) -> &mut Count = match path {
            ResourcePath::Checkpoint => |read| &mut read.lookup,
            _ if self.is_newer(path) => |read| &mut read.newer,
            _ => |read| &mut read.entries,
        };
        self.count(what_for, self.inner.fetch(path).await)
    }

    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        self.inner.description().await
    }

    fn place(&self, path: &ResourcePath) -> String {
        self.inner.place(path)
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.count(|read| &mut read.lookup, self.inner.fetch_lookup(path).await)
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.count(|read| &mut read.lookup, self.inner.fetch_part(path, bytes).await)
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        self.inner.place_of_lookup(path)
    }
}
