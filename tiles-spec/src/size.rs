//! Sizes, indices and coordinates of trees and tiles, each a type of its own.
//!
//! A tree size counts leaves, a leaf index names one, and mixing them up is the classic error of
//! transparency logs. Sizes are at most 2^63 - 1, because other implementations hold them in signed
//! integers (C2SP tlog-checkpoint). Decimal text is canonical only: no sign, no leading zeros.

use std::fmt;
use std::str::FromStr;

/// Leaves of a tree tile, and entries of a bundle, that is full.
pub const TILE_WIDTH_MAX: usize = 256;

/// The text is not the canonical decimal form of a number in range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical decimal number in range")]
pub struct InvalidNumber;

/// Parses canonical decimal: ASCII digits, no leading zeros, `0` for zero.
pub(crate) fn parse_decimal(text: &str) -> Result<u64, InvalidNumber> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return Err(InvalidNumber);
    }
    text.parse().map_err(|_| InvalidNumber)
}

/// Number of leaves in a tree: 0 to 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(u64);

impl TreeSize {
    /// The empty tree.
    pub const ZERO: Self = Self(0);
    /// The largest tree.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// A tree of `n` leaves, if that is in range.
    pub const fn new(n: u64) -> Option<Self> {
        if n <= Self::MAX.0 { Some(Self(n)) } else { None }
    }

    /// The number of leaves.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// There are no leaves.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The size with `leaves` more leaves, if that is in range.
    pub fn checked_add(self, leaves: u64) -> Option<Self> {
        Self::new(self.0.checked_add(leaves)?)
    }

    /// The tree has a leaf at `index`.
    pub const fn contains(self, index: LeafIndex) -> bool {
        index.0 < self.0
    }

    /// The index that the next leaf gets, if there is one left.
    pub const fn next_leaf(self) -> Option<LeafIndex> {
        LeafIndex::new(self.0)
    }
}

/// Position of a leaf in a log, from 0; less than every tree size that contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(u64);

impl LeafIndex {
    /// Leaf `n`, if a tree can have one.
    pub const fn new(n: u64) -> Option<Self> {
        if n < TreeSize::MAX.0 { Some(Self(n)) } else { None }
    }

    /// The position itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The size of the smallest tree that has this leaf.
    pub const fn tree_size_after(self) -> TreeSize {
        TreeSize(self.0 + 1)
    }
}

/// Level of a hash tile: 0 to 63. Tiles of level 0 hold leaf hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// The level of leaf hashes.
    pub const ZERO: Self = Self(0);

    /// Level `n`, if the specification allows it.
    pub const fn new(n: u8) -> Option<Self> {
        if n <= 63 { Some(Self(n)) } else { None }
    }

    /// The level itself.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// Position of a tile in its level, or of an entry bundle, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileIndex(u64);

impl TileIndex {
    /// Tile `n`.
    pub const fn new(n: u64) -> Self {
        Self(n)
    }

    /// The position itself.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Number of hashes in a tile or of entries in a bundle: 1 to 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileWidth(u16);

impl TileWidth {
    /// A full tile.
    pub const FULL: Self = Self(TILE_WIDTH_MAX as u16);

    /// Width `n`, if a tile can have it.
    pub const fn new(n: u16) -> Option<Self> {
        if n >= 1 && n <= Self::FULL.0 { Some(Self(n)) } else { None }
    }

    /// The width itself.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The width as a length.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// The tile is full.
    pub const fn is_full(self) -> bool {
        self.0 == Self::FULL.0
    }
}

macro_rules! display_as_decimal {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}
display_as_decimal!(TreeSize, LeafIndex, Level, TileIndex, TileWidth);

impl FromStr for TreeSize {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        Self::new(parse_decimal(text)?).ok_or(InvalidNumber)
    }
}

impl FromStr for LeafIndex {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        Self::new(parse_decimal(text)?).ok_or(InvalidNumber)
    }
}
