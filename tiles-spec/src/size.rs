//! The numbers of a tiled log, each with its own type so that they cannot be mixed up.
//!
//! C2SP tlog-tiles "Merkle Tree", tlog-checkpoint (size line).
//!
//! Invariants: every value is in range. Parsing and printing use the canonical decimal form (no
//! sign, no leading zeros), so `parse(print(x)) == x` and each value has exactly one spelling.
//!
//! Tree sizes stop at 2^63 - 1: other implementations keep them in a signed 64-bit integer, and a
//! log that signs a size that its readers cannot represent is broken for them.

use thiserror::Error;

/// Number of hashes in a full tile, and of entries in a full bundle.
pub const TILE_WIDTH_MAX: usize = 256;

/// Size of a SHA-256 hash in bytes.
pub const HASH_BYTES: usize = 32;

/// Position of a leaf in the log, counted from 0.
///
/// Below [`TreeSize::MAX`], so that the tree ending with this leaf has a valid size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u64);

/// Number of leaves in a tree: 0 to 2^63 - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(u64);

/// Level of a hash tile, 0 (leaf hashes) to 63.
///
/// The path syntax allows 63; no tree of a valid size has a tile above level 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

/// Position of a tile or bundle within its level, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileIndex(u64);

/// Number of hashes in a tile, or of entries in a bundle: 1 to 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileWidth(u16);

/// Why a decimal number was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// Empty, signed, padded with zeros or spaces, or not made of ASCII digits.
    #[error("not a canonical decimal number")]
    NotCanonical,
    /// A canonical number outside the range of the type.
    #[error("number out of range")]
    OutOfRange,
}

impl LeafIndex {
    /// The index, or `None` if it is 2^63 - 1 or more.
    pub const fn new(index: u64) -> Option<Self> {
        if index < TreeSize::MAX.0 { Some(Self(index)) } else { None }
    }

    /// The plain number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Size of the largest tree that does not hold this leaf: as many leaves come before it.
    pub const fn tree_size_before(self) -> TreeSize {
        TreeSize(self.0)
    }

    /// Size of the smallest tree that holds this leaf: the index plus one.
    pub const fn tree_size_after(self) -> TreeSize {
        TreeSize(self.0 + 1)
    }
}

impl TreeSize {
    /// The empty tree.
    pub const ZERO: Self = Self(0);
    /// 2^63 - 1.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// The size, or `None` if it is 2^63 or more.
    pub const fn new(size: u64) -> Option<Self> {
        if size <= Self::MAX.0 { Some(Self(size)) } else { None }
    }

    /// The plain number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether the tree has no leaves.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The size after adding `leaves`, or `None` above [`TreeSize::MAX`].
    pub const fn checked_add(self, leaves: u64) -> Option<Self> {
        match self.0.checked_add(leaves) {
            Some(sum) => Self::new(sum),
            None => None,
        }
    }

    /// The size without the last `leaves`; the empty tree if there are not so many.
    #[must_use]
    pub const fn saturating_sub(self, leaves: u64) -> Self {
        Self(self.0.saturating_sub(leaves))
    }

    /// The size after adding `leaves`, but not above `end`.
    #[must_use]
    pub fn add_up_to(self, leaves: u64, end: Self) -> Self {
        self.checked_add(leaves).map_or(end, |size| size.min(end))
    }

    /// The index of the last leaf, or `None` for the empty tree.
    pub const fn last_leaf(self) -> Option<LeafIndex> {
        match self.0.checked_sub(1) {
            Some(index) => LeafIndex::new(index),
            None => None,
        }
    }

    /// Whether a tree of this size has a leaf at `index`.
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }

    /// The indices of the leaves that come next.
    pub fn next_leaves(self) -> impl Iterator<Item = LeafIndex> {
        (self.0..Self::MAX.0).map(LeafIndex)
    }

    /// The index of the next leaf, or `None` if the tree is at [`TreeSize::MAX`].
    pub const fn next_leaf(self) -> Option<LeafIndex> {
        LeafIndex::new(self.0)
    }
}

impl Level {
    /// Leaf hashes.
    pub const ZERO: Self = Self(0);

    /// The level, or `None` above 63.
    pub const fn new(level: u8) -> Option<Self> {
        if level < 64 { Some(Self(level)) } else { None }
    }

    /// The plain number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TileIndex {
    /// Makes a tile index; any number is valid.
    pub const fn new(index: u64) -> Self {
        Self(index)
    }

    /// The plain number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl TileWidth {
    /// 256, the width of a tile that never changes again.
    pub const FULL: Self = Self(256);

    /// The width, or `None` for 0 and above 256.
    pub const fn new(width: u16) -> Option<Self> {
        if width >= 1 && width <= Self::FULL.0 { Some(Self(width)) } else { None }
    }

    /// The plain number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The width of a tile when this many hashes are left from its first slot on; `None` for none.
    pub(crate) fn from_remaining(hashes: u64) -> Option<Self> {
        Self::new(u16::try_from(hashes).unwrap_or(u16::MAX).min(Self::FULL.0))
    }

    /// The plain number as a `usize`.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// Whether this is the width of a full tile.
    pub const fn is_full(self) -> bool {
        self.0 == Self::FULL.0
    }
}

/// Parses a canonical decimal: `0`, or digits without a leading zero.
pub fn parse_decimal(text: &str) -> Result<u64, NumberError> {
    let digits = text.as_bytes();
    let canonical = match digits {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return Err(NumberError::NotCanonical);
    }
    text.parse().map_err(|_| NumberError::OutOfRange)
}

/// Decimal `Display` and `FromStr` for a number type, given a way to make one from a `u64`.
macro_rules! decimal {
    ($type:ident, $from_u64:expr) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $type {
            type Err = NumberError;

            fn from_str(text: &str) -> Result<Self, NumberError> {
                let from_u64: fn(u64) -> Option<Self> = $from_u64;
                from_u64(parse_decimal(text)?).ok_or(NumberError::OutOfRange)
            }
        }
    };
}

decimal!(LeafIndex, Self::new);
decimal!(TreeSize, Self::new);
decimal!(TileIndex, |n| Some(Self(n)));
decimal!(Level, |n| u8::try_from(n).ok().and_then(Self::new));
decimal!(TileWidth, |n| u16::try_from(n).ok().and_then(Self::new));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_indices_stop_where_signed_integers_do() {
        let max = (1 << 63) - 1;
        assert_eq!(TreeSize::MAX.get(), max);
        assert_eq!(TreeSize::new(max), Some(TreeSize::MAX));
        assert_eq!(TreeSize::new(max + 1), None);
        assert_eq!(LeafIndex::new(max), None);
        assert_eq!(LeafIndex::new(max - 1).unwrap().tree_size_after(), TreeSize::MAX);
        assert_eq!(TreeSize::MAX.next_leaf(), None);
        assert_eq!(TreeSize::MAX.checked_add(0), Some(TreeSize::MAX));
        assert_eq!(TreeSize::MAX.checked_add(1), None);
        assert_eq!(TreeSize::MAX.checked_add(u64::MAX), None);
        assert_eq!(TreeSize::MAX.next_leaves().next(), None);
        assert_eq!(TreeSize::ZERO.next_leaf(), LeafIndex::new(0));
        assert!(!TreeSize::ZERO.contains(LeafIndex::new(0).unwrap()));
    }

    #[test]
    fn sizes_grow_and_shrink_within_bounds() {
        let size = |n| TreeSize::new(n).unwrap();
        assert_eq!(size(5).add_up_to(2, size(9)), size(7));
        assert_eq!(size(5).add_up_to(u64::MAX, size(9)), size(9));
        assert_eq!(size(5).saturating_sub(2), size(3));
        assert_eq!(size(5).saturating_sub(6), TreeSize::ZERO);
        let next: Vec<u64> = size(5).next_leaves().take(2).map(LeafIndex::get).collect();
        assert_eq!(next, [5, 6]);
        let leaf = size(5).next_leaf().unwrap();
        assert_eq!((leaf.tree_size_before(), leaf.tree_size_after()), (size(5), size(6)));
    }

    #[test]
    fn small_ranges() {
        assert_eq!(Level::new(63).map(Level::get), Some(63));
        assert_eq!(Level::new(64), None);
        assert_eq!(TileWidth::new(0), None);
        assert_eq!(TileWidth::new(257), None);
        assert!(TileWidth::new(256).unwrap().is_full());
        assert!(!TileWidth::new(255).unwrap().is_full());
        assert_eq!(TileWidth::FULL.as_usize(), TILE_WIDTH_MAX);
    }

    #[test]
    fn only_canonical_decimals_parse() {
        for bad in ["", "+1", "-1", "00", "01", " 1", "1 ", "1_0", "0x1", "１", "1\n"] {
            assert_eq!(bad.parse::<TreeSize>(), Err(NumberError::NotCanonical), "{bad:?}");
        }
        for big in ["9223372036854775808", "18446744073709551616", "99999999999999999999999999"] {
            assert_eq!(big.parse::<TreeSize>(), Err(NumberError::OutOfRange), "{big}");
        }
        assert_eq!("9223372036854775807".parse(), Ok(TreeSize::MAX));
        assert_eq!("9223372036854775807".parse::<LeafIndex>(), Err(NumberError::OutOfRange));
        assert_eq!("18446744073709551615".parse(), Ok(TileIndex::new(u64::MAX)));
        assert_eq!("64".parse::<Level>(), Err(NumberError::OutOfRange));
        assert_eq!("0".parse::<TileWidth>(), Err(NumberError::OutOfRange));
        assert_eq!(TreeSize::new(1234).unwrap().to_string(), "1234");
    }
}
