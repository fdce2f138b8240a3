//! What is new in one log: read in pieces, each of which is reported and then remembered.
//!
//! Invariants: the tree of what was read is computed from the entries alone, and must have the root
//! that the log signed. Memory does not grow with what is new: of a piece, only matches are kept,
//! as many as may be reported.

use std::path::PathBuf;

use tiles_spec::{Frontier, TreeHead};

use super::alarm::{Alarm, AlarmKind, Trouble};
use super::event::{Event, Summary, What};
use super::left_out::{Budget, LeftOut};
use super::matcher::{Counts, Finding, Sample, Scanned};
use super::rules::{Outlet, Rules};
use super::state::State;
use super::times::Clockwork;

/// The reading of what is new in one log.
pub(crate) struct Pass<'a> {
    rules: &'a Rules,
    /// The log's name in reports.
    log: String,
    /// Where its state is remembered.
    path: PathBuf,
    state: State,
    from: u64,
    budget: Budget,
    /// The times of what was read.
    pub(crate) times: Clockwork,
    counts: Counts,
    matches: u64,
    /// The reports of the piece that is being read.
    reports: Vec<Event>,
    samples: Vec<Sample>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(rules: &'a Rules, log: String, path: PathBuf, state: State) -> Self {
        Self {
            rules,
            log,
            path,
            from: state.checked.size().get(),
            budget: Budget::new(rules.reports_each, rules.reports_max),
            times: Clockwork { last: state.time, ..Clockwork::default() },
            state,
            counts: Counts::default(),
            matches: 0,
            reports: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// The tree of the entries that were added.
    pub(crate) const fn checked(&self) -> &Frontier {
        &self.state.checked
    }

    /// Adds the next entries.
    pub(crate) fn add(&mut self, scanned: Scanned) -> Result<(), Trouble> {
        for leaf in scanned.leaves {
            let full = |_| Trouble::Failure("the tree is at its largest size".to_owned());
            self.state.checked.push(leaf).map_err(full)?;
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
    pub(crate) async fn finish(
        &mut self,
        head: TreeHead,
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
        Ok(self.state.save(&self.path)?)
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
