//! Reading what is new: bundle by bundle, in pieces, each of which is reported and then remembered.
//!
//! Invariants: the tree of what was read is computed from the entries alone, and must have the root
//! that the log signed. Memory does not grow with what is new: of a piece, only matches are kept,
//! as many as may be reported.

use std::path::Path;
use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::reader::View;
use fasti_seams::causes::with_causes;
use tiles_spec::tile::bundle_indices;
use tiles_spec::{LeafIndex, TILE_WIDTH_MAX, TileIndex, TreeHead};

use super::alarm::{Alarm, AlarmKind, Trouble};
use super::event::{Event, Summary, What};
use super::left_out::{Budget, LeftOut};
use super::matcher::{Counts, Finding, Sample, Scanned};
use super::rules::{Outlet, Rules};
use super::state::State;
use super::times::Clockwork;

/// How many bundles make a piece: 16,384 entries.
const PIECE: u64 = 64;

/// The reading of what is new in one log.
pub(crate) struct Pass<'a> {
    rules: &'a Rules,
    log: String,
    state: State,
    from: u64,
    now: u64,
    budget: Budget,
    times: Clockwork,
    counts: Counts,
    matches: u64,
    /// The reports of the piece that is being read.
    reports: Vec<Event>,
    samples: Vec<Sample>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(
        rules: &'a Rules,
        fetch: &Arc<dyn Fetch>,
        log: String,
        state: State,
        now: u64,
    ) -> Self {
        let times = Clockwork { fetch: fetch.clone(), last: state.time, timed: 0, fault: None };
        Self {
            rules,
            log,
            from: state.checked.size().get(),
            state,
            now,
            budget: Budget::new(rules.reports_each, rules.reports_max),
            times,
            counts: Counts::default(),
            matches: 0,
            reports: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// Reads all that is new.
    pub(crate) async fn run(
        &mut self,
        view: &mut View,
        path: &Path,
        outlet: &dyn Outlet,
    ) -> Result<(), Trouble> {
        let head = view.head();
        let range = bundle_indices(self.state.checked.size(), head.size);
        let Some(first) = LeafIndex::new(self.from).filter(|_| range.start < range.end) else {
            return self.finish(head, path, outlet).await;
        };
        let matcher = self.rules.matcher.clone();
        let mut piece = range.start.get();
        let mut bundles = view.bundles_with(range.clone(), move |it| matcher.scan(&it, first));
        while let Some(scanned) = bundles.next().await? {
            self.add(scanned)?;
            let next = self.state.checked.size().get().div_ceil(TILE_WIDTH_MAX as u64);
            if next == range.end.get() || next - piece >= PIECE {
                let read = (piece..next).map(TileIndex::new);
                let times = self.times.read(read, first, head.size, self.now).await;
                times.map_err(|error| Trouble::Failure(with_causes(&error)))?;
                self.finish(head, path, outlet).await?;
                piece = next;
            }
        }
        Ok(())
    }

    /// Adds a bundle.
    fn add(&mut self, scanned: Scanned) -> Result<(), Trouble> {
        let known = self.state.checked.size().get() % TILE_WIDTH_MAX as u64;
        for leaf in &scanned.leaves[usize::try_from(known).unwrap_or_default()..] {
            let full = |_| Trouble::Failure("the tree is at its largest size".to_owned());
            self.state.checked.push(*leaf).map_err(full)?;
        }
        let Counts { entries, typed, signatures, overlong } = scanned.counts;
        self.counts.entries += entries;
        self.counts.typed += typed;
        self.counts.signatures += signatures;
        self.counts.overlong += overlong;
        scanned.findings.into_iter().for_each(|finding| self.report(finding));
        self.samples.extend(scanned.sample);
        self.samples.sort_by_key(|sample| sample.rank);
        self.samples.truncate(self.rules.samples);
        Ok(())
    }

    fn report(&mut self, finding: Finding) {
        self.matches += 1;
        if !self.budget.take(&finding) {
            return self.state.left_out.add(finding.index);
        }
        let patterns = &self.rules.matcher.patterns;
        let patterns = finding.patterns.iter().map(|id| patterns.label_of(*id).to_owned());
        let what = What::Match { patterns: patterns.collect(), finding: Box::new(finding) };
        self.reports.push(Event { log: self.log.clone(), what });
    }

    /// Reports a piece, and remembers that it was checked. After the last one, the tree must be the
    /// signed one.
    async fn finish(
        &mut self,
        head: TreeHead,
        path: &Path,
        outlet: &dyn Outlet,
    ) -> Result<(), Trouble> {
        let is_last = self.state.checked.size() == head.size;
        if is_last && self.state.checked.head() != head {
            let reason = "the entries that were read do not have the root that the log signed";
            return Err(AlarmKind::Damaged.alarm(reason).into());
        }
        let mut reports = std::mem::take(&mut self.reports);
        let left_out = self.state.left_out.clone();
        if is_last && !left_out.is_empty() {
            reports.push(Event { log: self.log.clone(), what: What::LeftOut(left_out) });
            self.state.left_out = LeftOut::default();
        }
        if !reports.is_empty() {
            outlet.deliver(&reports).await.map_err(Trouble::Failure)?;
        }
        self.state.time = self.times.last;
        Ok(self.state.save(path)?)
    }

    /// How many entries matched.
    pub(crate) const fn matches(&self) -> u64 {
        self.matches
    }

    /// What is wrong with the times.
    pub(crate) fn alarm(&self) -> Option<Alarm> {
        self.times.fault.as_ref().map(|fault| AlarmKind::Times.alarm(fault.clone()))
    }

    /// The entries by which the index can be checked.
    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// What was done.
    pub(crate) fn summary(&self, head: TreeHead) -> Summary {
        Summary {
            head,
            from: self.from,
            counts: self.counts,
            matches: self.matches,
            timed: (self.times.last > 0).then_some(self.times.timed),
            looked_up: None,
        }
    }
}
