//! Whose keys and artifacts the entries are of, and how often each occurs.
//!
//! Real logs are like this: build farms sign a large part of everything with a key each, thousands of
//! projects sign each of their releases, and most keys and artifacts are seen once. All pools grow
//! with the log, so that a small corpus has the same shape.

use crate::draw::Draw;

/// Of a hundred entries, how many each of the three frequent keys signs.
const FREQUENT_PERCENT: u64 = 10;
/// How many keys sign as often as that.
pub const FREQUENT: usize = 3;
/// Of a hundred entries, how many are signed by projects.
const PROJECTS_PERCENT: u64 = 10;
/// One project for this many entries of the log.
const ENTRIES_PER_PROJECT: u64 = 2500;
/// Of a hundred entries, how many are of artifacts that others sign, too.
const RE_SIGNED_PERCENT: u64 = 4;
/// One such artifact for this many entries of the log.
const ENTRIES_PER_RE_SIGNED: u64 = 200;
/// One identity for this many entries with certificates.
const CERTIFICATES_PER_IDENTITY: u64 = 100;

const MILLION: u64 = 1_000_000;

/// The settings of a corpus.
#[derive(Clone, Copy, Debug)]
pub struct Distribution {
    /// What tells corpora of the same settings apart.
    pub seed: u64,
    /// How many entries the log has.
    pub entries: u64,
    /// Of a million entries, how many hold certificates.
    pub certificates_per_million: u32,
}

/// What entry `n` is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is signed.
    pub artifact: Artifact,
    /// Who signs it.
    pub signer: Signer,
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// An artifact that no other entry is of.
    Own,
    /// One of those that are signed several times: eight times on average.
    ReSigned(usize),
}

/// Who signs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A key that signs nothing else.
    Own,
    /// One of [`FREQUENT`] keys that sign a tenth of all each.
    Frequent(usize),
    /// One of the keys that sign hundreds: 125 to some thousands.
    Project(usize),
    /// A certificate of this identity, for a key that signs nothing else.
    Identity(usize),
}

impl Distribution {
    /// What entry `n` is of.
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

    /// How many artifacts are signed several times.
    pub fn re_signed(&self) -> u64 {
        (self.entries / ENTRIES_PER_RE_SIGNED).max(1)
    }

    /// How many keys sign hundreds of entries.
    pub fn projects(&self) -> u64 {
        (self.entries / ENTRIES_PER_PROJECT).max(1)
    }

    /// How many identities certificates are issued to.
    pub fn identities(&self) -> u64 {
        let certificates = u128::from(self.entries) * u128::from(self.certificates_per_million)
            / u128::from(MILLION);
        u64::try_from(certificates)
            .expect("fewer than there are entries")
            .div_ceil(CERTIFICATES_PER_IDENTITY)
            .max(1)
    }
}

/// The stream of draws that decides what entries are of.
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
