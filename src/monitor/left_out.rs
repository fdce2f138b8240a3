//! What a report leaves out, counted: how many entries, and where they are.
//!
//! A spammer can make millions of entries that match. Of each pattern, some are reported in a
//! round, and the others are counted here. Entries for which a trusted authority vouches have a
//! share of their own, so that entries that anybody can make do not crowd them out. Invariant:
//! bounded, whatever is added. Ranges are merged where they are closest, so they can hold other
//! entries too.

use std::collections::HashMap;

use tiles_spec::LeafIndex;

use super::matcher::Finding;
use super::patterns::PatternId;

/// The most ranges that are kept.
const RANGES_MAX: usize = 16;

/// How many entries were left out, and the ranges in which they are (first and last index).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub count: u64,
    /// Where, ascending; at most 16.
    pub ranges: Vec<(u64, u64)>,
}

impl LeftOut {
    /// Adds an entry, whose index must be larger than those before.
    pub fn add(&mut self, index: LeafIndex) {
        self.count += 1;
        let index = index.get();
        match self.ranges.last_mut() {
            Some((_, last)) if index <= last.saturating_add(1) => *last = index.max(*last),
            _ => self.ranges.push((index, index)),
        }
        if self.ranges.len() > RANGES_MAX {
            let gap = |at: &usize| self.ranges[at + 1].0 - self.ranges[*at].1;
            let closest = (0..RANGES_MAX).min_by_key(gap).expect("there are several");
            let (_, last) = self.ranges.remove(closest + 1);
            self.ranges[closest].1 = last;
        }
    }

    /// Whether nothing was left out.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The ranges in words: `3, 7-9`.
    pub fn words(&self) -> String {
        let word = |(first, last): &(u64, u64)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        self.ranges.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

/// What may still be reported in a round.
#[derive(Debug)]
pub(crate) struct Budget {
    each: u32,
    all: u32,
    spent: HashMap<(PatternId, bool), u32>,
}

/// Stands for a signature that does not verify, among the patterns.
const SIGNATURE: PatternId = PatternId::MAX;

impl Budget {
    /// This many reports of each pattern, twice as many if there are entries of both kinds, and
    /// this many in all.
    pub(crate) fn new(each: u32, all: u32) -> Self {
        Self { each, all, spent: HashMap::new() }
    }

    /// Whether an entry is to be reported: if one of its patterns has a share left.
    pub(crate) fn take(&mut self, finding: &Finding) -> bool {
        if self.all == 0 {
            return false;
        }
        let is_vouched = finding.vouched_by.is_some();
        let bad = finding.bad_signature.as_ref().map(|_| SIGNATURE);
        let mut has_room = false;
        for id in finding.patterns.iter().copied().chain(bad) {
            let spent = self.spent.entry((id, is_vouched)).or_default();
            has_room |= *spent < self.each;
            *spent = spent.saturating_add(1);
        }
        self.all -= u32::from(has_room);
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::described::Described;

    fn index(n: u64) -> LeafIndex {
        LeafIndex::new(n).unwrap()
    }

    #[test]
    fn ranges_hold_all_and_stay_few() {
        let mut left_out = LeftOut::default();
        for n in [3, 4, 5, 9] {
            left_out.add(index(n));
        }
        assert_eq!((left_out.count, left_out.words()), (4, "3-5, 9".to_owned()));
        let all: Vec<u64> = (0..5000).map(|n| 100 + n * n % 7919 + n * 8000).collect();
        for n in &all {
            left_out.add(index(*n));
            assert!(left_out.ranges.len() <= RANGES_MAX);
        }
        assert_eq!(left_out.count, 5004);
        for n in all {
            assert!(left_out.ranges.iter().any(|(first, last)| (*first..=*last).contains(&n)));
        }
    }

    #[test]
    fn what_anybody_can_make_does_not_crowd_out_what_is_vouched_for() {
        let finding = |pattern, vouched: bool| Finding {
            index: index(0),
            leaf: tiles_spec::EMPTY_ROOT,
            patterns: vec![pattern],
            bad_signature: None,
            vouched_by: vouched.then(|| "an authority".to_owned()),
            entry: Described::default(),
        };
        let mut budget = Budget::new(3, 8);
        let taken = |budget: &mut Budget, pattern, vouched| {
            (0..1000).filter(|_| budget.take(&finding(pattern, vouched))).count()
        };
        assert_eq!(taken(&mut budget, 0, false), 3);
        assert_eq!(taken(&mut budget, 0, true), 3);
        assert_eq!(taken(&mut budget, 1, false), 2, "there are eight in all");
    }
}
