//! Tidy: removes parts that no revision has contained for a while.
//!
//! A client that has read an earlier revision may still request its parts, so they are kept for
//! some time after the first revision without them. What an earlier builder left behind is found by
//! a listing at the start. Nothing depends on any of this: the bytes of a part always follow from
//! the log.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fasti_lookup_spec::{LeafRange, LookupPath, Run};

use fasti_seams::clock::Clock;
use fasti_store::{Housekeeping, ObjectPath, StoreError};

use super::context::IndexContext;

/// Parts in one removal, and in one page of a listing.
const PARTS_MAX: usize = 1000;
/// Most parts that wait to be removed; any beyond that are found by a later listing.
const WAITING_MAX: usize = 100_000;

pub(super) struct Tidy {
    housekeeping: Option<Arc<dyn Housekeeping>>,
    clock: Arc<dyn Clock>,
    keep_for: Duration,
    /// What to remove, and when; ascending.
    waiting: VecDeque<(Instant, ObjectPath)>,
    /// The ranges of the newest revision.
    needed: BTreeSet<LeafRange>,
    /// A range that is being merged.
    in_work: Option<LeafRange>,
    listing: Listing,
}

/// How far the listing of existing objects has come.
enum Listing {
    /// What comes after this, or everything, must still be listed.
    From(Option<ObjectPath>),
    Ended,
}

impl Tidy {
    pub(super) fn new(context: &IndexContext) -> Self {
        Self {
            housekeeping: context.housekeeping.clone(),
            clock: context.clock.clone(),
            keep_for: context.config.keep_for,
            waiting: VecDeque::new(),
            needed: BTreeSet::new(),
            in_work: None,
            listing: Listing::From(None),
        }
    }

    /// A revision with the runs `now` has followed one with the runs `before`.
    pub(super) fn retire(&mut self, before: &[Run], now: &[Run]) {
        self.needed = now.iter().map(|run| run.range).collect();
        let due = self.clock.now() + self.keep_for;
        for run in before.iter().filter(|run| !self.needed.contains(&run.range)) {
            let parts = (0..).take(run.parts.len());
            let paths = parts.map(|part| LookupPath::Part { range: run.range, part });
            self.waiting.extend(paths.map(|path| (due, path.into())));
        }
        self.waiting.truncate(WAITING_MAX);
    }

    /// Protects this range from removal from now on.
    pub(super) fn work_on(&mut self, range: Option<LeafRange>) {
        self.in_work = range;
    }

    /// Retires objects that were superseded by others.
    pub(super) fn retire_paths(&mut self, paths: impl IntoIterator<Item = ObjectPath>) {
        let due = self.clock.now() + self.keep_for;
        self.waiting.extend(paths.into_iter().map(|path| (due, path)));
        self.waiting.truncate(WAITING_MAX);
    }

    /// Whether no revision and no merge needs the part; true for what is not a part.
    fn is_unneeded(&self, path: &ObjectPath) -> bool {
        range_of(path)
            .is_none_or(|range| !self.needed.contains(&range) && self.in_work != Some(range))
    }

    /// Removes what is due. Call it after a revision: then this builder is the one that continues
    /// the index. A failure is logged, and tried again after the next revision.
    pub(super) async fn sweep(&mut self) {
        let Some(housekeeping) = self.housekeeping.clone() else { return };
        if let Err(error) = self.sweep_some(&*housekeeping).await {
            tracing::warn!(%error, "cannot remove old parts of the index");
        }
    }

    async fn sweep_some(&mut self, housekeeping: &dyn Housekeeping) -> Result<(), StoreError> {
        self.list_some(housekeeping).await?;
        let now = self.clock.now();
        let due = self.waiting.partition_point(|(from, _)| *from <= now).min(PARTS_MAX);
        let paths = self.waiting.iter().take(due).map(|(_, path)| path);
        let paths: Vec<_> = paths.filter(|path| self.is_unneeded(path)).cloned().collect();
        housekeeping.remove(&paths).await?;
        self.waiting.drain(..due);
        Ok(())
    }

    /// Lists a page of the existing objects, once for each start.
    async fn list_some(&mut self, housekeeping: &dyn Housekeeping) -> Result<(), StoreError> {
        let Listing::From(after) = &self.listing else { return Ok(()) };
        if self.needed.is_empty() {
            // What is needed is known only from the first revision on.
            return Ok(());
        }
        let page = housekeeping.list("lookup/run/", after.as_ref(), PARTS_MAX).await?;
        self.listing = match page.last() {
            Some(last) if page.len() == PARTS_MAX => Listing::From(Some(last.clone())),
            _ => Listing::Ended,
        };
        let strays: Vec<_> = page
            .into_iter()
            .filter(|path| range_of(path).is_some() && self.is_unneeded(path))
            .collect();
        self.retire_paths(strays);
        Ok(())
    }
}

fn range_of(path: &ObjectPath) -> Option<LeafRange> {
    match path.as_str().parse() {
        Ok(LookupPath::Part { range, .. }) => Some(range),
        _ => None,
    }
}
