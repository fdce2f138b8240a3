//! The signer and the artifact of each entry, and how often each occurs.
//!
//! The shape is that of real logs: build farms sign a large share of all entries with one key each,
//! thousands of projects sign each of their releases, and most keys and artifacts occur once. All
//! pools grow with the log, so that a small corpus has the same shape.

use crate::draw::Draw;

/// Percentage of entries that each of the three frequent keys signs.
const FREQUENT_PERCENT: u64 = 10;
/// Number of frequent keys.
pub const FREQUENT: usize = 3;
/// Percentage of entries that projects sign.
const PROJECTS_PERCENT: u64 = 10;
/// Entries of the log per project.
const ENTRIES_PER_PROJECT: u64 = 2500;
/// Percentage of entries about artifacts that are signed several times.
const RE_SIGNED_PERCENT: u64 = 4;
/// Entries of the log per such artifact.
const ENTRIES_PER_RE_SIGNED: u64 = 200;
/// Entries with certificates per identity.
const CERTIFICATES_PER_IDENTITY: u64 = 100;

const MILLION: u64 = 1_000_000;

/// The settings of a corpus.
#[derive(Clone, Copy, Debug)]
pub struct Distribution {
    /// Distinguishes corpora with otherwise equal settings.
    pub seed: u64,
    /// Number of entries in the log.
    pub entries: u64,
    /// Number of entries with certificates per million.
    pub certificates_per_million: u32,
}

/// The artifact and signer of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The signed artifact.
    pub artifact: Artifact,
    /// The signer.
    pub signer: Signer,
}

/// The signed artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// An artifact of this entry only.
    Own,
    /// An artifact that is signed several times, eight times on average.
    ReSigned(usize),
}

/// The signer of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A key that signs nothing else.
    Own,
    /// One of [`FREQUENT`] keys that each sign a tenth of all entries.
    Frequent(usize),
    /// One of the keys that sign hundreds of entries: from 125 to a few thousand.
    Project(usize),
    /// A certificate of this identity, for a key that signs nothing else.
    Identity(usize),
}

impl Distribution {
    /// The artifact and signer of entry `n`.
    pub fn plan(&self, n: u64) -> Plan {
        let mut draw = Draw::new(self.seed, PLANS, n);
        let artifact = if draw.below(100) < RE_SIGNED_PERCENT {
            Artifact::ReSigned(place(draw.below(self.re_signed())))
        } else {
            Artifact::Own
        };
        Plan { artifact, signer: self.signer(&mut draw) }
    }

    fn signer(&self, draw: &mut Draw) -> Signer {
        if draw.below(MILLION) < u64::from(self.certificates_per_million) {
            return Signer::Identity(place(draw.below_skewed(self.identities())));
        }
        let share = draw.below(100);
        let frequent = place(share / FREQUENT_PERCENT);
        if frequent < FREQUENT {
            return Signer::Frequent(frequent);
        }
        if share < FREQUENT_PERCENT * FREQUENT as u64 + PROJECTS_PERCENT {
            return Signer::Project(place(draw.below_skewed(self.projects())));
        }
        Signer::Own
    }

    /// Number of artifacts that are signed several times.
    pub fn re_signed(&self) -> u64 {
        (self.entries / ENTRIES_PER_RE_SIGNED).max(1)
    }

    /// Number of keys that sign hundreds of entries.
    pub fn projects(&self) -> u64 {
        (self.entries / ENTRIES_PER_PROJECT).max(1)
    }

    /// Number of identities that have certificates.
    pub fn identities(&self) -> u64 {
        let certificates = u128::from(self.entries) * u128::from(self.certificates_per_million)
            / u128::from(MILLION);
        u64::try_from(certificates)
            .expect("fewer than there are entries")
            .div_ceil(CERTIFICATES_PER_IDENTITY)
            .max(1)
    }
}

/// The stream of draws that decides the artifacts and signers of entries.
const PLANS: u64 = 1;

/// A number within a pool that is held in memory.
pub(crate) fn place(number: u64) -> usize {
    usize::try_from(number).expect("pools fit memory")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// How often each artifact and each signer occurs, by their printed forms.
    fn counts(distribution: &Distribution) -> [HashMap<String, u64>; 2] {
        let mut counts = [HashMap::new(), HashMap::new()];
        for n in 0..distribution.entries {
            let Plan { artifact, signer } = distribution.plan(n);
            *counts[0].entry(format!("{artifact:?}")).or_default() += 1;
            *counts[1].entry(format!("{signer:?}")).or_default() += 1;
        }
        counts
    }

    #[test]
    fn a_few_sign_much_some_sign_hundreds_and_most_sign_once() {
        let distribution = Distribution { seed: 1, entries: 100_000, certificates_per_million: 0 };
        let [artifacts, signers] = counts(&distribution);
        for frequent in 0..FREQUENT {
            let count = signers[&format!("Frequent({frequent})")];
            assert!((9_500..10_500).contains(&count), "{count}");
        }
        let projects: Vec<_> =
            (0..distribution.projects()).map(|n| signers[&format!("Project({n})")]).collect();
        assert_eq!(projects.len(), 40);
        assert!(projects.iter().all(|count| *count > 70), "{projects:?}");
        assert!(projects[0] > 1000, "{projects:?}");
        assert!((59_000..61_000).contains(&signers["Own"]), "{}", signers["Own"]);
        assert!((95_000..97_000).contains(&artifacts["Own"]), "{}", artifacts["Own"]);
        assert_eq!(artifacts.len(), 501, "each of those that are signed several times, and others");
    }

    #[test]
    fn certificates_have_their_share() {
        let distribution =
            Distribution { seed: 1, entries: 40_000, certificates_per_million: 50_000 };
        let [_, signers] = counts(&distribution);
        let identities: Vec<_> =
            (0..distribution.identities()).map(|n| signers[&format!("Identity({n})")]).collect();
        assert_eq!(identities.len(), 20);
        let share: u64 = identities.iter().sum();
        assert!((1_800..2_200).contains(&share), "{identities:?}");
    }
}
