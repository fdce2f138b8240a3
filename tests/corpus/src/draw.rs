//! Numbers and bytes that depend only on a seed and a place, so that any entry can be made at any
//! time, on any thread, and more than once.

use sha2::{Digest, Sha256};

/// 32 bytes for a purpose and a number.
pub fn bytes(seed: u64, purpose: &str, number: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update(number.to_be_bytes())
        .chain_update(purpose)
        .finalize()
        .into()
}

/// A SplitMix64 sequence, for choices and for meaningless bytes.
pub struct Draw(u64);

impl Draw {
    /// The sequence for a place; `stream` distinguishes the sequences of one number.
    pub fn new(seed: u64, stream: u64, number: u64) -> Self {
        Self(mix(mix(mix(seed).wrapping_add(stream)).wrapping_add(number)))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number below `bound`, which must not be zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        high_half(u128::from(self.number()) * u128::from(bound))
    }

    /// A number below `bound`, which must not be zero. Small ones are more frequent, with a density
    /// that falls with the square root: the first of `n` has about `1 / sqrt(n)` of all.
    pub fn below_skewed(&mut self, bound: u64) -> u64 {
        let word = u128::from(self.number());
        high_half(u128::from(high_half(word * word)) * u128::from(bound))
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.number().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The increment of SplitMix64.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64: a scattering bijection.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn high_half(product: u128) -> u64 {
    u64::try_from(product >> 64).expect("the high half of a product of 64-bit numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skewed_draws_cover_their_range_and_favour_its_beginning() {
        let mut counts = [0_u32; 100];
        let mut draw = Draw::new(1, 2, 3);
        for _ in 0..100_000 {
            counts[usize::try_from(draw.below_skewed(100)).unwrap()] += 1;
        }
        // The first hundredth has the square root of 1/100 of all, the second half has 1 -
        // sqrt(1/2).
        assert!((9_000..11_000).contains(&counts[0]), "{counts:?}");
        let half: u32 = counts[50..].iter().sum();
        assert!((28_000..31_000).contains(&half), "{counts:?}");
        assert!(counts.iter().all(|count| *count > 300), "{counts:?}");
    }

    #[test]
    fn places_do_not_share_their_sequences() {
        let first = |seed, stream, number| Draw::new(seed, stream, number).number();
        let all = [first(1, 0, 0), first(0, 1, 0), first(0, 0, 1), first(0, 0, 0), first(1, 0, 1)];
        for (n, one) in all.iter().enumerate() {
            assert!(!all[..n].contains(one));
        }
        assert_ne!(bytes(1, "a", 2), bytes(2, "a", 1));
        assert_ne!(bytes(1, "a", 2), bytes(1, "b", 2));
    }
}
