//! Queries the runs of an index: one page of each, in parallel.
//!
//! Invariants: a page is verified against the manifest before anything in it is used. The number of
//! concurrent requests is bounded.

use std::ops::Range;
use std::sync::Arc;

use fasti_lookup_spec::{
    Found, LookupError, LookupKey, LookupPath, PagedList, Part, Probe, Run, read_postings,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tiles_spec::LeafIndex;
use tiles_spec::TreeSize;

use super::SearchError;
use crate::fetch::Fetch;
use crate::reader::ReadError;

/// The number of concurrent requests.
const REQUESTS: usize = 16;

/// The runs to query.
#[derive(Clone)]
pub(super) struct Runs<'a> {
    fetch: Arc<dyn Fetch>,
    /// The runs, oldest first.
    runs: &'a [Run],
}

impl<'a> Runs<'a> {
    /// The runs of an index, without those that have only leaves before `since`.
    pub(super) fn new(fetch: Arc<dyn Fetch>, runs: &'a [Run], since: TreeSize) -> Self {
        let first = runs.partition_point(|run| run.range.end() <= since);
        Self { fetch, runs: &runs[first..] }
    }

    /// Queries each run for each key. Returns, for each key, the results by run, oldest first.
    pub(super) async fn ask(
        &self,
        keys: &[LookupKey],
    ) -> Result<Vec<Vec<(&'a Run, Found)>>, SearchError> {
        let mut answers = Vec::with_capacity(keys.len());
        if self.runs.is_empty() {
            answers.resize(keys.len(), Vec::new());
            return Ok(answers);
        }
        let probes: Vec<_> =
            keys.iter().flat_map(|key| self.runs.iter().map(move |run| (*key, run))).collect();
        // All futures are created up front, so that no closure is held while they run: the compiler
        // could not prove the closure `Send`.
        let probes = probes.into_iter().map(|(key, run)| {
            let this = self.clone();
            async move { Ok::<_, SearchError>((run, this.probe(key, run).await?)) }
        });
        let probes: Vec<_> = probes.collect();
        let found: Vec<(&Run, Found)> =
            stream::iter(probes).buffered(REQUESTS).try_collect().await?;
        answers.extend(found.chunks(self.runs.len()).map(<[_]>::to_vec));
        Ok(answers)
    }

    async fn probe(&self, key: LookupKey, run: &Run) -> Result<Found, SearchError> {
        let mut probe = Probe::new(key, run);
        let (number, part) = probe.part();
        let path = LookupPath::Part { range: run.range, part: number };
        loop {
            let slot = self.read(&path, part.slot(probe.wants())).await?;
            if let Some(found) = probe.take(&slot).map_err(|error| self.bad(&path, error))? {
                return Ok(found);
            }
        }
    }

    /// Reads the leaves on some pages of a list, ascending.
    pub(super) async fn postings(
        &self,
        key: LookupKey,
        run: &Run,
        list: &PagedList,
        pages: Range<u32>,
    ) -> Result<Vec<LeafIndex>, SearchError> {
        let (path, part) = part_of(key, run);
        let slots = self.read(&path, part.slots(pages.clone())).await?;
        read_postings(&key, run, list, pages, &slots).map_err(|error| self.bad(&path, error))
    }

    /// The error for a list that is wrong, although each of its pages matches the manifest.
    pub(super) fn bad_list(&self, key: LookupKey, run: &Run, error: LookupError) -> SearchError {
        self.bad(&part_of(key, run).0, error)
    }

    async fn read(&self, path: &LookupPath, bytes: Range<u64>) -> Result<Vec<u8>, SearchError> {
        let read = self.fetch.fetch_part(path, bytes).await.map_err(ReadError::from)?;
        read.ok_or_else(|| SearchError::PartMissing { place: self.fetch.place_of_lookup(path) })
    }

    fn bad(&self, path: &LookupPath, source: LookupError) -> SearchError {
        SearchError::Part { place: self.fetch.place_of_lookup(path), source }
    }
}

/// The part of a run to which a key belongs, and its path.
fn part_of(key: LookupKey, run: &Run) -> (LookupPath, &Part) {
    let (part, of_part) = Probe::new(key, run).part();
    (LookupPath::Part { range: run.range, part }, of_part)
}
