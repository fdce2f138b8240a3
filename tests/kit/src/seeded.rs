//! Pseudorandom numbers that depend only on the seed (SplitMix64).

use std::time::Duration;

/// A pseudorandom sequence.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The sequence of this seed, far from those of its neighbours.
    pub fn apart(seed: u64) -> Self {
        let mut seeded = Self(seed ^ 0x5bd1_e995_9d1b_54d3);
        Self(seeded.next())
    }

    /// Any number.
    #[expect(clippy::should_implement_trait, reason = "it has no end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..end`; `end` must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    /// A number in `first..=last`.
    pub fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    /// True with a probability of `in_ten_thousand` / 10,000.
    pub fn chance(&mut self, in_ten_thousand: u32) -> bool {
        self.next() % 10_000 < u64::from(in_ten_thousand)
    }

    /// True or false with equal probability.
    pub fn coin(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    /// One of several values.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A duration from `shortest` to `longest` milliseconds; each order of magnitude is equally
    /// likely.
    pub fn span(&mut self, shortest: u64, longest: u64) -> Duration {
        let (low, high) =
            (u64::BITS - shortest.leading_zeros(), u64::BITS - longest.leading_zeros());
        let bits = self.between(low as usize, high as usize);
        let millis =
            (1_u64 << bits.saturating_sub(1)) + self.next() % (1 << bits.saturating_sub(1));
        Duration::from_millis(millis.clamp(shortest, longest))
    }
}
