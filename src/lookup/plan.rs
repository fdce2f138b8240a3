//! Plan: which runs the next revision has, and what each is built from. Pure.
//!
//! The ranges of the tree say which runs there should be ([`fasti_lookup_spec::ranges`]). A run
//! whose merge would take long is left in pieces for now, and merged in parallel with the
//! revisions, so that the index keeps up with the log.
//!
//! Invariants: the runs of a plan tile the tree. When nothing is left in pieces, they are a
//! function of its size.

use fasti_lookup_spec::{LeafRange, Run, ranges};
use tiles_spec::TreeSize;

/// With more runs than this, nothing more is left in pieces.
const RUNS_SHOWN_MAX: usize = 40;

/// A run of the next revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Unchanged.
    Kept(Run),
    /// To be built from runs, which are then no longer needed, and from leaves that were not
    /// indexed yet.
    Made {
        /// The leaves.
        range: LeafRange,
        /// Runs that cover the first of them.
        stored: Vec<Run>,
        /// The leaves after those.
        fresh: Option<LeafRange>,
    },
}

/// The runs of the revision for the tree of size `to`. `have` are those of the last revision; at
/// most `rewrite_max` of their postings go into one run.
pub(super) fn plan(have: &[Run], to: TreeSize, rewrite_max: u64) -> Vec<Piece> {
    let indexed = indexed(have);
    let mut pieces = Vec::new();
    for range in ranges(to) {
        let fresh = LeafRange::new(indexed.max(range.start()), range.end());
        let stored = within(have, &range);
        let rewritten: u64 = stored.iter().map(|run| run.postings).sum();
        if let [run] = &stored[..]
            && run.range == range
        {
            pieces.push(Piece::Kept(run.clone()));
        } else if stored.is_empty() || rewritten <= rewrite_max {
            pieces.push(Piece::Made { range, stored, fresh });
        } else {
            pieces.extend(stored.into_iter().map(Piece::Kept));
            let new = |range| Piece::Made { range, stored: Vec::new(), fresh: Some(range) };
            pieces.extend(fresh.map(new));
        }
    }
    if pieces.len() > RUNS_SHOWN_MAX && rewrite_max < u64::MAX {
        return plan(have, to, u64::MAX);
    }
    pieces
}

/// The first range that is in pieces, with its pieces.
pub(super) fn in_pieces(have: &[Run]) -> Option<(LeafRange, Vec<Run>)> {
    let pieces = ranges(indexed(have)).into_iter().map(|range| (range, within(have, &range)));
    pieces.into_iter().find(|(_, pieces)| pieces.len() > 1)
}

/// Replaces the pieces with a merged run. Returns whether they were still there.
pub(super) fn adopt(have: &mut Vec<Run>, merged: Run) -> bool {
    let pieces = within(have, &merged.range);
    let ends = pieces.first().zip(pieces.last());
    let is_whole = ends.is_some_and(|(first, last)| {
        first.range.start() == merged.range.start() && last.range.end() == merged.range.end()
    });
    if !is_whole || pieces.len() < 2 {
        return false;
    }
    have.retain(|run| !merged.range.includes(&run.range));
    let at = have.partition_point(|run| run.range.start() < merged.range.start());
    have.insert(at, merged);
    true
}

/// The number of indexed leaves.
fn indexed(have: &[Run]) -> TreeSize {
    have.last().map_or(TreeSize::ZERO, |run| run.range.end())
}

fn within(have: &[Run], range: &LeafRange) -> Vec<Run> {
    have.iter().filter(|run| range.includes(&run.range)).cloned().collect()
}

#[cfg(test)]
mod tests;
