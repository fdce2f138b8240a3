//! The leaves that are not in the index yet, searched one by one in the newest bundles.

use fasti_lookup_spec::Sought;
use tiles_spec::{Hash, LeafIndex, TreeSize};

use super::question::{Asked, Order};
use crate::bundle::VerifiedBundle;

/// What was found in the leaves that are not in the index.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// The leaves that match, ascending, up to the limit of the answer.
    pub(super) leaves: Vec<LeafIndex>,
    /// The number of leaves that match.
    pub(super) total: u64,
}

/// An entry that does not match by itself, but may by its attestation. The host reads that, if the
/// log keeps attestations.
#[derive(Clone, Debug)]
pub struct Open {
    /// The leaf.
    pub index: LeafIndex,
    /// The SHA-256 of the attestation.
    pub sha256: Hash,
    leaf: Hash,
    entry: Vec<u8>,
}

/// The leaves of a bundle, from `from` on, that match a question by themselves.
pub fn matches<T: Sought>(
    asked: &Asked<T>,
    bundle: &VerifiedBundle,
    from: TreeSize,
) -> Vec<LeafIndex> {
    matches_and_open(asked, bundle, from).0
}

/// The same, and the entries that may match by their attestations.
pub fn matches_and_open<T: Sought>(
    asked: &Asked<T>,
    bundle: &VerifiedBundle,
    from: TreeSize,
) -> (Vec<LeafIndex>, Vec<Open>) {
    let (mut matches, mut open) = (Vec::new(), Vec::new());
    for (index, leaf, entry) in bundle.entries().filter(|(index, ..)| !from.contains(*index)) {
        let has = asked.of(&leaf, entry);
        if asked.is_answer(&has) {
            matches.push(index);
        } else if asked.may_have_more(&has, entry)
            && let Some(sha256) = T::attestation_of(entry)
        {
            open.push(Open { index, sha256, leaf, entry: entry.to_vec() });
        }
    }
    (matches, open)
}

impl Open {
    /// Whether the entry matches, with this attestation.
    pub fn is_answer<T: Sought>(&self, asked: &Asked<T>, attestation: &[u8]) -> bool {
        let has = asked.of(&self.leaf, &self.entry);
        let attested = asked.of_attestation(&self.entry, attestation);
        attested.is_some_and(|attested| asked.is_answer(&has.and(attested)))
    }
}

impl Scanned {
    /// Adds the matches of the next bundle, and keeps the first `limit` of all in this order.
    /// Returns whether the next bundle is of interest.
    pub fn add(&mut self, found: Vec<LeafIndex>, order: Order, limit: usize) -> bool {
        self.total += found.len() as u64;
        self.leaves.extend(found);
        let surplus = self.leaves.len().saturating_sub(limit);
        match order {
            Order::NewestFirst => {
                self.leaves.drain(..surplus);
                true
            }
            Order::OldestFirst => {
                self.leaves.truncate(limit);
                surplus == 0
            }
        }
    }
}
