//! The leaves that are not in the index yet, searched one by one in the newest bundles.

use std::collections::VecDeque;

use fasti_lookup_spec::Sought;
use tiles_spec::{LeafIndex, TreeSize};

use super::question::Asked;
use crate::bundle::VerifiedBundle;

/// What was found in the leaves that are not in the index.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// The newest leaves that match, ascending, up to the limit of the answer.
    pub(super) newest: VecDeque<LeafIndex>,
    /// The number of leaves that match.
    pub(super) total: u64,
}

/// The leaves of a bundle, from `from` on, that match a question.
pub fn matches<T: Sought>(
    asked: &Asked<T>,
    bundle: &VerifiedBundle,
    from: TreeSize,
) -> Vec<LeafIndex> {
    let entries = bundle.entries().filter(|(index, ..)| !from.contains(*index));
    let found = entries.filter(|(_, leaf, entry)| asked.is_answer(&asked.of(leaf, entry)));
    found.map(|(index, ..)| index).collect()
}

impl Scanned {
    /// Adds the matches of the next bundle, and keeps the newest `limit` of all.
    pub fn add(&mut self, found: Vec<LeafIndex>, limit: usize) {
        self.total += found.len() as u64;
        self.newest.extend(found);
        let surplus = self.newest.len().saturating_sub(limit);
        self.newest.drain(..surplus);
    }
}
