//! Asks the runs of an index for keys: one page of each run for each key, in parallel.
//!
//! Invariants: a page is verified against the manifest before anything in it is used. The number of
//! requests in flight is bounded.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use fasti_lookup_spec::{
    Found, LookupError, LookupKey, LookupPath, PagedList, Part, Probe, Run, read_postings,
};
use tiles_spec::{LeafIndex, TreeSize};

use super::fault::SearchFault;
use crate::reading::{Reading, RequestId, Want};

/// The number of requests in flight.
pub(super) const REQUESTS: usize = 16;

/// What the runs have for keys, on its way.
#[derive(Debug)]
pub struct Asking {
    /// The number of the first run that has leaves of interest, and how many there are from there.
    first: usize,
    runs: usize,
    keys: usize,
    /// The probes by number: those of the first key come first, and of them the oldest run's.
    waiting: VecDeque<(RequestId, Probe)>,
    asked: BTreeMap<RequestId, Probe>,
    found: BTreeMap<RequestId, Found>,
}

/// For each key, what each run has, by the number of the run, oldest first.
pub type Listed = Vec<Vec<(usize, Found)>>;

impl Asking {
    /// Asks the runs of an index, without those that have only leaves before `since`.
    pub fn new(runs: &[Run], keys: &[LookupKey], since: TreeSize) -> Self {
        let first = runs.partition_point(|run| run.range.end() <= since);
        let asked = &runs[first..];
        let probes = keys.iter().flat_map(|key| asked.iter().map(move |run| Probe::new(*key, run)));
        let (waiting, runs) = ((0..).zip(probes).collect(), asked.len());
        let (asked, found) = (BTreeMap::new(), BTreeMap::new());
        Self { first, runs, keys: keys.len(), waiting, asked, found }
    }
}

impl Reading for Asking {
    type Outcome = Listed;
    type Fault = SearchFault;

    fn request(&mut self) -> Option<(RequestId, Want)> {
        if self.asked.len() >= REQUESTS {
            return None;
        }
        let (id, probe) = self.waiting.pop_front()?;
        let (_, part) = probe.part();
        let want = Want { object: path_of(&probe).into(), bytes: Some(part.slot(probe.wants())) };
        self.asked.insert(id, probe);
        Some((id, want))
    }

    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), SearchFault> {
        let Some(mut probe) = self.asked.remove(&id) else { return Ok(()) };
        let path = path_of(&probe);
        let slot = found.ok_or(SearchFault::PartMissing { object: path.into() })?;
        match probe.take(&slot).map_err(|error| bad(path, error))? {
            Some(found) => _ = self.found.insert(id, found),
            None => self.waiting.push_front((id, probe)),
        }
        Ok(())
    }

    fn outcome(&mut self) -> Option<Listed> {
        if !self.waiting.is_empty() || !self.asked.is_empty() {
            return None;
        }
        let mut found = std::mem::take(&mut self.found).into_values();
        let of_key = |_| (self.first..self.first + self.runs).zip(found.by_ref()).collect();
        Some((0..self.keys).map(of_key).collect())
    }
}

fn path_of(probe: &Probe) -> LookupPath {
    LookupPath::Part { range: probe.range(), part: probe.part().0 }
}

/// The part of a run to which a key belongs, and its path.
pub(super) fn part_of(key: LookupKey, run: &Run) -> (LookupPath, &Part) {
    let (slice, part) = run.part_of(&key);
    (LookupPath::Part { range: run.range, part: slice.index() }, part)
}

/// The leaves on some pages of a list, ascending.
pub(super) fn postings(
    key: LookupKey,
    run: &Run,
    list: &PagedList,
    pages: Range<u32>,
    slots: Option<Vec<u8>>,
) -> Result<Vec<LeafIndex>, SearchFault> {
    let (path, _) = part_of(key, run);
    let slots = slots.ok_or(SearchFault::PartMissing { object: path.into() })?;
    read_postings(&key, run, list, pages, &slots).map_err(|error| bad(path, error))
}

/// The error for a part that violates its format, or does not match the manifest.
pub(super) fn bad(path: LookupPath, source: LookupError) -> SearchFault {
    SearchFault::Part { object: path.into(), source }
}
