//! What a check finds: collected by many threads, bounded, and sorted at the end.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use fasti_client::trust::OpenedCheckpoint;

use super::problem::{Fault, Kind, Problem};
use super::report::{Attestations, Report};

/// The most problems that are named one by one.
const PROBLEMS_MAX: usize = 100_000;

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Findings {
    problems: Mutex<BTreeSet<Problem>>,
    omitted: AtomicU64,
    objects: AtomicU64,
    ahead: AtomicU64,
    entries: AtomicU64,
    rekor: AtomicU64,
    rekor_v1: AtomicU64,
    unreadable: AtomicU64,
    signatures: AtomicU64,
    attestations: AtomicU64,
    attestations_missing: AtomicU64,
    frozen: AtomicBool,
}

/// What was found in bundles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) entries: u64,
    pub(crate) rekor: u64,
    pub(crate) rekor_v1: u64,
    pub(crate) unreadable: u64,
    pub(crate) signatures: u64,
    pub(crate) attestations: u64,
    pub(crate) attestations_missing: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.entries += other.entries;
        self.rekor += other.rekor;
        self.rekor_v1 += other.rekor_v1;
        self.unreadable += other.unreadable;
        self.signatures += other.signatures;
        self.attestations += other.attestations;
        self.attestations_missing += other.attestations_missing;
    }
}

impl Findings {
    pub(crate) fn add(&self, path: impl Display, fault: impl Into<Fault>) {
        let Fault { kind, words } = fault.into();
        self.add_problem(Problem { path: path.to_string(), problem: words, kind });
    }

    pub(crate) fn add_problem(&self, problem: Problem) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.len() < PROBLEMS_MAX {
            problems.insert(problem);
        } else {
            self.omitted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts problems that another check left out.
    pub(crate) fn omit(&self, count: u64) {
        self.omitted.fetch_add(count, Ordering::Relaxed);
    }

    /// The problems, sorted, and how many more there were.
    pub(crate) fn into_problems(self) -> (Vec<Problem>, u64) {
        let problems = self.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        (problems.into_iter().collect(), self.omitted.into_inner())
    }

    /// Whether there were too many problems to name them all.
    pub(crate) fn is_full(&self) -> bool {
        self.omitted.load(Ordering::Relaxed) > 0
    }

    /// Whether something is wrong with an object, as far as is known.
    pub(crate) fn names(&self, path: impl Display) -> bool {
        let problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let first = Problem { path: path.to_string(), problem: String::new(), kind: Kind::Missing };
        problems.range(&first..).next().is_some_and(|problem| problem.path == first.path)
    }

    pub(crate) fn count_object(&self) {
        self.count_objects(1);
    }

    pub(crate) fn count_objects(&self, count: u64) {
        self.objects.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn is_frozen(&self) {
        self.frozen.store(true, Ordering::Relaxed);
    }

    pub(crate) fn count_ahead(&self) {
        self.ahead.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_entries(&self, counts: Counts) {
        self.entries.fetch_add(counts.entries, Ordering::Relaxed);
        self.rekor.fetch_add(counts.rekor, Ordering::Relaxed);
        self.rekor_v1.fetch_add(counts.rekor_v1, Ordering::Relaxed);
        self.unreadable.fetch_add(counts.unreadable, Ordering::Relaxed);
        self.signatures.fetch_add(counts.signatures, Ordering::Relaxed);
        self.attestations.fetch_add(counts.attestations, Ordering::Relaxed);
        self.attestations_missing.fetch_add(counts.attestations_missing, Ordering::Relaxed);
    }

    /// The report, once all threads are done.
    pub(crate) fn into_report(self, checkpoint: Option<OpenedCheckpoint>) -> Report {
        let problems = self.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        let head = checkpoint.as_ref().map(OpenedCheckpoint::head);
        Report {
            size: head.map(|head| head.size.get()),
            root: head.map(|head| head.root.to_string()),
            origin: checkpoint.as_ref().map(|opened| opened.checkpoint().origin.clone()),
            checkpoint,
            entries: self.entries.into_inner(),
            rekor_entries: self.rekor.into_inner(),
            rekor_v1_entries: self.rekor_v1.into_inner(),
            unreadable_entries: self.unreadable.into_inner(),
            signatures: self.signatures.into_inner(),
            timed_entries: None,
            attestations: Some(Attestations {
                kept: self.attestations.into_inner(),
                missing: self.attestations_missing.into_inner(),
            }),
            objects: self.objects.into_inner(),
            resumed: None,
            elsewhere: Vec::new(),
            ahead: self.ahead.into_inner(),
            frozen: self.frozen.into_inner(),
            heads: None,
            lookup: None,
            problems: problems.into_iter().collect(),
            problems_omitted: self.omitted.into_inner(),
        }
    }
}
