//! What was found in one column: counted and named together, once it is checked.

use std::fmt::Display;

use tiles_spec::Hash;

use crate::findings::{Counts, Findings};
use crate::problem::{Fault, Problem};

/// What was found in one column.
#[derive(Default)]
pub(super) struct Found {
    /// The root of its leaves, if it is full and the tiles above vouch for one.
    pub(super) root: Option<Hash>,
    pub(super) counts: Counts,
    problems: Vec<Problem>,
}

impl Found {
    /// Nothing yet, of a column with this root.
    pub(super) fn of(root: Option<Hash>) -> Self {
        Self { root, ..Self::default() }
    }

    pub(super) fn add(&mut self, path: impl Display, fault: impl Into<Fault>) {
        let Fault { kind, words } = fault.into();
        self.problems.push(Problem { path: path.to_string(), problem: words, kind });
    }

    /// Whether everything in it was read and is as it was signed.
    pub(super) fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Adds it to the findings.
    pub(super) fn report(&self, findings: &Findings) {
        findings.count_entries(self.counts);
        let problems = self.problems.iter().cloned();
        problems.for_each(|problem| findings.add_problem(problem));
    }
}
