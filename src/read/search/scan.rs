//! The leaves that are not in the index yet, searched one by one in the newest bundles.

use fasti_lookup_spec::Sought;
use tiles_spec::{LeafIndex, TreeSize};

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
