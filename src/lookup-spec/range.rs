//! Leaf ranges, and how an index cuts a log into them.
//!
//! Each range is one run of the index. A lookup reads every run, so there should be few. A growing
//! log merges runs, and each leaf should be rewritten rarely. The ranges of a tree of `N` leaves
//! follow from the digits of `N / 256` in the combinatorial number system of degree 8: each has 256
//! times as many leaves as its digit's value, the largest first. A last range holds the rest.
//!
//! Invariants: there are never more than [`RUNS_MAX`] ranges, whatever the size. When the tree
//! grows, ranges at the end are merged and those before them stay: if a range of the later tree
//! begins within the earlier tree, a range of the earlier tree began there too. The number of times
//! a leaf is rewritten grows with the eighth root of the size.

use tiles_spec::size::{LeafIndex, TreeSize};

/// Maximum number of ranges of a tree.
pub const RUNS_MAX: usize = DEGREE as usize + 1;

/// Digits of the number system, and so the maximum number of ranges of whole units.
const DEGREE: u32 = 8;
/// The length of every range except the last is a multiple of this many leaves.
const UNIT: u64 = 256;

/// One or more consecutive leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafRange {
    start: TreeSize,
    end: TreeSize,
}

impl LeafRange {
    /// The leaves that a tree of size `end` has and a tree of size `start` does not; `None` if
    /// `end` is not larger.
    pub const fn new(start: TreeSize, end: TreeSize) -> Option<Self> {
        if start.get() < end.get() { Some(Self { start, end }) } else { None }
    }

    /// Size of the tree before the first leaf.
    pub const fn start(&self) -> TreeSize {
        self.start
    }

    /// Size of the tree after the last leaf.
    pub const fn end(&self) -> TreeSize {
        self.end
    }

    /// The number of leaves; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub const fn len(&self) -> u64 {
        self.end.get() - self.start.get()
    }

    /// Whether the range has this leaf.
    pub const fn contains(&self, index: LeafIndex) -> bool {
        self.start.get() <= index.get() && index.get() < self.end.get()
    }

    /// Whether the range has all leaves of `inner`.
    pub const fn includes(&self, inner: &Self) -> bool {
        self.start.get() <= inner.start.get() && inner.end.get() <= self.end.get()
    }

    /// The leaf at `offset` from the first.
    pub(crate) fn leaf(&self, offset: u64) -> Option<LeafIndex> {
        let index = LeafIndex::new(self.start.get().checked_add(offset)?)?;
        self.contains(index).then_some(index)
    }
}

/// The ranges of a tree's leaves, in order.
pub fn ranges(size: TreeSize) -> Vec<LeafRange> {
    let mut ranges = Vec::with_capacity(RUNS_MAX);
    let (mut start, mut units) = (TreeSize::ZERO, size.get() / UNIT);
    for degree in (1..=DEGREE).rev() {
        let digit = largest_digit(units, degree);
        units -= digit;
        let end = start.checked_add(digit * UNIT).expect("it is within the tree");
        ranges.extend(LeafRange::new(start, end));
        start = end;
    }
    ranges.extend(LeafRange::new(start, size));
    ranges
}

/// The largest binomial coefficient C(a, degree) that is not above `limit`.
fn largest_digit(limit: u64, degree: u32) -> u64 {
    let (mut enough, mut too_much) = (u64::from(degree) - 1, u64::from(degree));
    while binomial(too_much, degree) <= u128::from(limit) {
        too_much *= 2;
    }
    while too_much - enough > 1 {
        let middle = enough.midpoint(too_much);
        if binomial(middle, degree) <= u128::from(limit) {
            enough = middle;
        } else {
            too_much = middle;
        }
    }
    u64::try_from(binomial(enough, degree)).expect("it is not above the limit")
}

/// C(n, k), or `u128::MAX` if that is too large to compute.
fn binomial(n: u64, k: u32) -> u128 {
    (0..u64::from(k))
        .try_fold(1u128, |product, i| {
            let factor = u128::from(n.saturating_sub(i));
            product.checked_mul(factor).map(|product| product / u128::from(i + 1))
        })
        .unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(size: u64) -> Vec<u64> {
        let ranges = ranges(TreeSize::new(size).unwrap());
        let mut start = 0;
        for range in &ranges {
            assert_eq!(range.start().get(), start);
            start = range.end().get();
        }
        assert_eq!(start, size);
        ranges.iter().map(LeafRange::len).collect()
    }

    #[test]
    fn ranges_of_some_trees() {
        assert_eq!(lengths(0), [0; 0]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(255), [255]);
        assert_eq!(lengths(256), [256]);
        assert_eq!(lengths(257), [256, 1]);
        assert_eq!(lengths(8 * 256 + 3), [256, 256, 256, 256, 256, 256, 256, 256, 3]);
        assert_eq!(lengths(9 * 256), [9 * 256]);
        let units: Vec<u64> = lengths(10_000_000).iter().map(|length| length / 256).collect();
        assert_eq!(units, [24310, 11440, 3003, 252, 35, 20, 1, 1, 0]);
        for size in [TreeSize::MAX.get(), TreeSize::MAX.get() - 255, 1 << 62] {
            assert!(lengths(size).len() <= RUNS_MAX);
        }
    }

    #[test]
    fn growth_merges_ranges_at_the_end() {
        let starts = |size: u64| -> Vec<u64> {
            ranges(TreeSize::new(size).unwrap()).iter().map(|range| range.start().get()).collect()
        };
        for (before, step) in
            (0..3000).map(|n| (n * 256, 256)).chain((0..3000).map(|n| (n * 97, 1023)))
        {
            let known = starts(before);
            for start in starts(before + step).into_iter().filter(|start| *start < before) {
                assert!(known.contains(&start), "{start} of {before} and {step}");
            }
        }
    }

    #[test]
    fn leaves_are_rewritten_seldom() {
        let (mut have, mut written) = (Vec::new(), 0);
        for size in (1..=20_000u64).map(|n| n * 500) {
            let now = ranges(TreeSize::new(size).unwrap());
            written +=
                now.iter().filter(|range| !have.contains(*range)).map(LeafRange::len).sum::<u64>();
            have = now;
        }
        assert!(written / 10_000_000 <= 8, "{written}");
    }

    #[test]
    fn leaves_in_and_out() {
        let size = |n| TreeSize::new(n).unwrap();
        let range = LeafRange::new(size(3), size(5)).unwrap();
        let holds = |n| range.contains(LeafIndex::new(n).unwrap());
        assert_eq!([2, 3, 4, 5].map(holds), [false, true, true, false]);
        assert_eq!(range.leaf(1), LeafIndex::new(4));
        assert_eq!(range.leaf(2), None);
        assert_eq!(range.leaf(u64::MAX), None);
        assert_eq!(LeafRange::new(size(5), size(5)), None);
        assert!(range.includes(&range));
        assert!(!range.includes(&LeafRange::new(size(2), size(4)).unwrap()));
    }
}
