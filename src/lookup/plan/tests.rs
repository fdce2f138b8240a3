//! Plans of growing logs, with merges that finish soon, late or never.

use fasti_lookup_spec::{KeySlice, build_part};

use super::*;

fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

/// A run with as many postings as leaves; a plan looks at nothing else.
fn run(range: LeafRange) -> Run {
    let part = build_part(range, KeySlice::new(0, 0).unwrap(), &[]).part;
    Run { range, postings: range.len(), parts: vec![part] }
}

/// The runs of a plan. Checks that they tile the tree and are built from what they should be.
fn made(have: &[Run], pieces: Vec<Piece>, to: TreeSize) -> Vec<Run> {
    let (mut end, old) = (TreeSize::ZERO, indexed(have));
    let mut runs = Vec::new();
    for piece in pieces {
        let next = match piece {
            Piece::Kept(kept) => {
                assert!(have.contains(&kept));
                kept
            }
            Piece::Made { range, stored, fresh } => {
                let mut covered = range.start();
                for part in &stored {
                    assert!(have.contains(part) && part.range.start() == covered);
                    covered = part.range.end();
                }
                if let Some(fresh) = fresh {
                    assert!(fresh.start() == covered && covered >= old);
                    covered = fresh.end();
                }
                assert_eq!(covered, range.end());
                run(range)
            }
        };
        assert_eq!(next.range.start(), end);
        end = next.range.end();
        runs.push(next);
    }
    assert_eq!(end, to);
    runs
}

/// Numbers without a pattern.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn nothing_is_left_in_pieces_without_a_limit() {
    let mut have = Vec::new();
    let mut numbers = Numbers(1);
    let mut to = 0;
    for _ in 0..2000 {
        to += 1 + numbers.below(3000);
        have = made(&have, plan(&have, size(to), u64::MAX), size(to));
        let expected: Vec<Run> = ranges(size(to)).into_iter().map(run).collect();
        assert_eq!(have, expected);
        assert_eq!(in_pieces(&have), None);
    }
}

#[test]
fn large_merges_are_put_off_and_taken_up() {
    for seed in 0..40 {
        let (mut numbers, mut have, mut to) = (Numbers(seed), Vec::new(), 0);
        let mut merging: Option<(LeafRange, Vec<Run>)> = None;
        let mut most = 0;
        for _ in 0..600 {
            to += 1 + numbers.below(2000);
            let pieces = plan(&have, size(to), 5000);
            for piece in &pieces {
                if let Piece::Made { stored, .. } = piece
                    && pieces.len() <= RUNS_SHOWN_MAX
                    && have.len() + 12 < RUNS_SHOWN_MAX
                {
                    assert!(stored.iter().map(|run| run.postings).sum::<u64>() <= 5000);
                }
            }
            have = made(&have, pieces, size(to));
            most = most.max(have.len());
            // A merge takes some revisions.
            if numbers.below(1 + seed / 4) == 0
                && let Some((range, _)) = merging.take()
            {
                let before = have.clone();
                if !adopt(&mut have, run(range)) {
                    assert_eq!(have, before, "what is no longer wanted changes nothing");
                }
                let again = made(&have, plan(&have, size(to), u64::MAX), size(to));
                assert_eq!(again.len(), ranges(size(to)).len());
            }
            if merging.is_none() {
                merging = in_pieces(&have);
            }
        }
        assert!(most <= RUNS_SHOWN_MAX, "{most} runs with seed {seed}");
        have = made(&have, plan(&have, size(to), u64::MAX), size(to));
        assert_eq!(have, ranges(size(to)).into_iter().map(run).collect::<Vec<_>>());
    }
}

/// How often a leaf is written to runs of whole units depends only on the ranges, however small the
/// revisions are; in addition, each revision writes the runs of less than a unit once.
#[test]
fn a_leaf_is_written_so_often_and_no_more() {
    const UNIT: u64 = 256;
    let (mut before, mut written) = (Vec::new(), 0);
    let mut figures = Vec::new();
    for units in 1..=40_000 {
        let now = ranges(size(units * UNIT));
        written +=
            now.iter().filter(|range| !before.contains(*range)).map(LeafRange::len).sum::<u64>();
        before = now;
        if [40, 400, 4000, 40_000].contains(&units) {
            figures.push(written.div_ceil(units * UNIT));
        }
    }
    // For 10,000, 100,000, a million and ten million leaves.
    assert_eq!(figures, [2, 4, 6, 9]);
}
