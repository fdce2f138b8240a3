//! Slices of the key space: a run with many postings is cut into parts by the leading bits of its
//! keys.
//!
//! Invariant: the number of slices depends only on the number of postings.

use crate::key::LookupKey;

/// Target maximum of postings in a part. Keys are hashes, so parts are about equally large.
pub const PART_POSTINGS_MAX: u64 = 1 << 18;
/// Maximum number of bits that select a slice. Above a quarter of a billion postings, parts grow
/// instead.
pub const SLICE_BITS_MAX: u8 = 10;

/// All keys that begin with certain bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySlice {
    bits: u8,
    index: u32,
}

/// The number of leading key bits that select a part, in a run with this many postings.
pub const fn slice_bits(postings: u64) -> u8 {
    let mut bits = 0;
    while bits < SLICE_BITS_MAX && postings >> bits > PART_POSTINGS_MAX {
        bits += 1;
    }
    bits
}

impl KeySlice {
    /// Slice `index` of `2^bits`; `None` if it does not exist.
    pub const fn new(bits: u8, index: u32) -> Option<Self> {
        if bits <= SLICE_BITS_MAX && index < 1 << bits { Some(Self { bits, index }) } else { None }
    }

    /// The one of `2^bits` slices that holds the key; `None` for too many bits.
    pub fn of(bits: u8, key: &LookupKey) -> Option<Self> {
        let dropped = u64::BITS.checked_sub(bits.into())?;
        let index = key.high().checked_shr(dropped).unwrap_or(0);
        Self::new(bits, u32::try_from(index).ok()?)
    }

    /// Its number, counted from 0.
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Whether the key is in the slice.
    pub fn contains(&self, key: &LookupKey) -> bool {
        Self::of(self.bits, key) == Some(*self)
    }

    /// The home of a key of this slice when its keys are spread evenly over `homes` pages.
    pub(crate) fn home(self, key: &LookupKey, homes: u32) -> u32 {
        let place = u128::from(key.high() << self.bits);
        u32::try_from((place * u128::from(homes)) >> u64::BITS).expect("it is below homes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(high: u64) -> LookupKey {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes.into()
    }

    #[test]
    fn postings_and_slices() {
        let bits = [0, 1, 1 << 18, (1 << 18) + 1, (1 << 19) + 1, (1 << 19) + 2, u64::MAX];
        // A remainder that the shift drops does not cause another cut.
        assert_eq!(bits.map(slice_bits), [0, 0, 0, 1, 1, 2, 10]);
        assert_eq!(KeySlice::new(0, 1), None);
        assert_eq!(KeySlice::new(11, 0), None);
    }

    #[test]
    fn keys_in_slices() {
        let all = KeySlice::new(0, 0).unwrap();
        assert!(all.contains(&key(0)) && all.contains(&key(u64::MAX)));
        assert_eq!(KeySlice::of(3, &key(u64::MAX)), KeySlice::new(3, 7));
        assert_eq!(KeySlice::of(3, &key(1 << 61)), KeySlice::new(3, 1));
        assert!(!KeySlice::new(3, 1).unwrap().contains(&key(1 << 62)));
    }

    #[test]
    fn homes_are_in_the_order_of_keys() {
        let slice = KeySlice::new(1, 1).unwrap();
        assert_eq!(slice.home(&key(1 << 63), 10), 0);
        assert_eq!(slice.home(&key(u64::MAX), 10), 9);
        assert_eq!(slice.home(&key(3 << 62), 10), 5);
        assert_eq!(slice.home(&key(u64::MAX), 1), 0);
        assert_eq!(slice.home(&key(u64::MAX), u32::MAX), u32::MAX - 1);
    }
}
