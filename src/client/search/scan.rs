//! Searches the leaves that are not in the index yet, one by one, in the newest bundles.

use std::collections::VecDeque;
use std::sync::Arc;

use tiles_spec::tile::bundle_indices;
use tiles_spec::{LeafIndex, TreeSize};

use super::question::Asked;
use crate::reader::{ReadError, View};

/// What was found in the leaves from `from` to the end of the view's tree.
#[derive(Default)]
pub(super) struct Scanned {
    /// The newest leaves that match, ascending, up to the limit of the answer.
    pub(super) newest: VecDeque<LeafIndex>,
    /// The number of leaves that match.
    pub(super) total: u64,
}

/// Searches the leaves from `from` to the end of the tree, and keeps the newest `limit` matches.
pub(super) async fn scan(
    view: &mut View,
    asked: &Arc<Asked>,
    from: TreeSize,
    limit: usize,
) -> Result<Scanned, ReadError> {
    let mut scanned = Scanned::default();
    let Some(first) = from.next_leaf() else { return Ok(scanned) };
    let indices = bundle_indices(from, view.head().size);
    let asked = asked.clone();
    let mut bundles = view.bundles_with(indices, move |bundle| {
        let entries = bundle.entries().filter(|(index, ..)| *index >= first);
        let found = entries.filter(|(_, leaf, entry)| asked.is_answer(&asked.of(leaf, entry)));
        found.map(|(index, ..)| index).collect::<Vec<_>>()
    });
    while let Some(found) = bundles.next().await? {
        scanned.total += found.len() as u64;
        scanned.newest.extend(found);
        let surplus = scanned.newest.len().saturating_sub(limit);
        scanned.newest.drain(..surplus);
    }
    Ok(scanned)
}
