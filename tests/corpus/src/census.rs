//! How often each key of several entries occurs, and where. Counted while the entries are made.

use crate::distribution::{Artifact, Distribution, FREQUENT, Plan, Signer, place};

/// The entries under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of entries.
    pub entries: u64,
    /// The sum of their leaf indices, modulo 2^64, to compare with a list that was read.
    pub index_sum: u64,
}

/// A tally for each key that has several entries.
#[derive(Clone, Debug)]
pub struct Census {
    /// One for each frequent key.
    pub frequent: Vec<Tally>,
    /// One for each project's key.
    pub projects: Vec<Tally>,
    /// One for each artifact that is signed several times.
    pub re_signed: Vec<Tally>,
    /// One for each identity; empty without certificates.
    pub identities: Vec<Tally>,
}

impl Tally {
    /// The tally of one entry.
    pub fn of(n: u64) -> Self {
        Self { entries: 1, index_sum: n }
    }

    fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.index_sum = self.index_sum.wrapping_add(other.index_sum);
    }
}

impl Census {
    /// An empty census.
    pub fn new(distribution: &Distribution) -> Self {
        let tallies = |count: u64| vec![Tally::default(); place(count)];
        let has_certificates = distribution.certificates_per_million > 0;
        Self {
            frequent: vec![Tally::default(); FREQUENT],
            projects: tallies(distribution.projects()),
            re_signed: tallies(distribution.re_signed()),
            identities: tallies(if has_certificates { distribution.identities() } else { 0 }),
        }
    }

    /// Counts entry `n`.
    pub fn count(&mut self, n: u64, plan: Plan) {
        if let Artifact::ReSigned(which) = plan.artifact {
            self.re_signed[which].add(Tally::of(n));
        }
        match plan.signer {
            Signer::Own => {}
            Signer::Frequent(which) => self.frequent[which].add(Tally::of(n)),
            Signer::Project(which) => self.projects[which].add(Tally::of(n)),
            Signer::Identity(which) => self.identities[which].add(Tally::of(n)),
        }
    }

    /// Adds the counts of another census of the same corpus.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.frequent, &other.frequent),
            (&mut self.projects, &other.projects),
            (&mut self.re_signed, &other.re_signed),
            (&mut self.identities, &other.identities),
        ] {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.add(*theirs));
        }
    }
}
