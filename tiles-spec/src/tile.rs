//! Hash tiles: their places, which ones a tree has, and their content.
//!
//! C2SP tlog-tiles "Merkle Tree". A tile is up to 256 consecutive hashes of one tree level; levels
//! are 8 tree levels apart. At a tree size `s`, level `l` has `floor(s / 256^l)` hashes. Every 256
//! of them make a full tile; the rest, if any, make one partial tile on the right edge.
//!
//! Invariants: a path parses only in the one form that [`ResourcePath`] prints; the tiles of a tree
//! of size `s` never include an empty one; a partial tile's bytes are a prefix of those of every
//! wider tile at the same place.

mod path;

pub use path::{PathError, ResourcePath, parse_index, write_index};

use thiserror::Error;

use crate::hash::Hash;
use crate::size::{HASH_BYTES, LeafIndex, Level, TILE_WIDTH_MAX, TileIndex, TileWidth, TreeSize};
use crate::tree::root_of;

/// Tile levels that a tree of a valid size can reach: a tree has fewer than 2^63 leaves.
const LEVELS: u8 = 8;

/// Tree levels in one tile.
pub(crate) const TILE_HEIGHT: u32 = TILE_WIDTH_MAX.ilog2();

/// Place and width of a hash tile. Prints as its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileCoord {
    /// 0 for leaf hashes.
    pub level: Level,
    /// Position within the level.
    pub index: TileIndex,
    /// Number of hashes.
    pub width: TileWidth,
}

/// Place and width of an entry bundle. Prints as its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleCoord {
    /// Position of the bundle; the level 0 tile at the same index holds its leaf hashes.
    pub index: TileIndex,
    /// Number of entries.
    pub width: TileWidth,
}

/// The hashes of one tile: 1 to 256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashTile(Vec<Hash>);

/// Why bytes or hashes are not the requested tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TileError {
    /// The bytes are not `width` hashes.
    #[error("tile of {actual} bytes, but width {width} makes {}", width.as_usize() * HASH_BYTES)]
    Length {
        /// The requested width.
        width: TileWidth,
        /// The number of bytes found.
        actual: usize,
    },
    /// A tile has 1 to 256 hashes; holds the number given.
    #[error("{0} hashes do not make a tile")]
    Width(usize),
    /// A tile cannot be truncated to more hashes than it has.
    #[error("tile of width {actual} truncated to width {wanted}")]
    Narrow {
        /// The requested width.
        wanted: TileWidth,
        /// The actual width.
        actual: TileWidth,
    },
}

impl TileCoord {
    /// The same place at full width.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TileWidth::FULL, ..self }
    }

    /// The first leaf under the tile, or `None` if no tree reaches that far.
    pub fn start_leaf(&self) -> Option<LeafIndex> {
        let span = 1_u64.checked_shl(TILE_HEIGHT * (u32::from(self.level.get()) + 1));
        let start = match span {
            Some(span) => self.index.get().checked_mul(span)?,
            None if self.index.get() == 0 => 0,
            None => return None,
        };
        LeafIndex::new(start)
    }

    /// The tile at this place in a tree of `size`, or `None` if the tree has none there.
    pub fn at(size: TreeSize, level: Level, index: TileIndex) -> Option<Self> {
        let hashes = hashes_at(size, level);
        let first = index.get().checked_mul(TILE_WIDTH_MAX as u64)?;
        let width = TileWidth::from_remaining(hashes.checked_sub(first)?)?;
        Some(Self { level, index, width })
    }

    /// The bundle whose entries this tile hashes, if it is on level 0.
    pub fn bundle(&self) -> Option<BundleCoord> {
        (self.level == Level::ZERO).then_some(BundleCoord { index: self.index, width: self.width })
    }
}

impl BundleCoord {
    /// The same place at full width.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TileWidth::FULL, ..self }
    }

    /// Index of the first entry, or `None` if no tree reaches that far.
    pub fn start_leaf(&self) -> Option<LeafIndex> {
        self.tile().start_leaf()
    }

    /// The bundle that holds a leaf in a tree of `size`, or `None` if the tree does not have the
    /// leaf.
    pub fn holding(index: LeafIndex, size: TreeSize) -> Option<Self> {
        if !size.contains(index) {
            return None;
        }
        TileCoord::at(size, Level::ZERO, index.tile_index())?.bundle()
    }

    /// The level 0 tile with the hashes of these entries.
    pub const fn tile(&self) -> TileCoord {
        TileCoord { level: Level::ZERO, index: self.index, width: self.width }
    }
}

/// Every hash tile, full and partial, that a checkpoint at `new` implies and one at `old` did not,
/// by level and then index. Empty unless `new` is larger.
///
/// One element for about every 256 leaves of growth; callers bound the growth.
pub fn tiles_for_growth(old: TreeSize, new: TreeSize) -> Vec<TileCoord> {
    levels().flat_map(|level| growth(level, old, new)).collect()
}

/// Every entry bundle, full and partial, that a checkpoint at `new` implies and one at `old` did
/// not, in order.
pub fn bundles_for_growth(old: TreeSize, new: TreeSize) -> Vec<BundleCoord> {
    growth(Level::ZERO, old, new).filter_map(|tile| tile.bundle()).collect()
}

/// The partial tiles of a tree of `size`, from level 0 up.
pub fn edge_tiles(size: TreeSize) -> Vec<TileCoord> {
    levels().filter_map(|level| edge(size, level)).collect()
}

/// The partial bundle of a tree of `size`, if it has one.
pub fn edge_bundle(size: TreeSize) -> Option<BundleCoord> {
    edge(size, Level::ZERO)?.bundle()
}

/// All tiles of one level that a checkpoint of `size` implies, in order.
pub fn tiles_at(size: TreeSize, level: Level) -> impl Iterator<Item = TileCoord> {
    growth(level, TreeSize::ZERO, size)
}

/// All entry bundles that a checkpoint of `size` implies, in order.
pub fn bundles_at(size: TreeSize) -> impl Iterator<Item = BundleCoord> {
    tiles_at(size, Level::ZERO).filter_map(|tile| tile.bundle())
}

/// The levels that can have tiles.
fn levels() -> impl Iterator<Item = Level> {
    (0..LEVELS).filter_map(Level::new)
}

/// The number of hashes on a level: the complete subtrees of 256^level leaves.
fn hashes_at(size: TreeSize, level: Level) -> u64 {
    size.get().checked_shr(TILE_HEIGHT * u32::from(level.get())).unwrap_or(0)
}

/// The partial tile of a level, if there is one.
fn edge(size: TreeSize, level: Level) -> Option<TileCoord> {
    let index = TileIndex::new(hashes_at(size, level) / TILE_WIDTH_MAX as u64);
    TileCoord::at(size, level, index)
}

/// The tiles of one level that appear when the tree grows.
fn growth(level: Level, old: TreeSize, new: TreeSize) -> impl Iterator<Item = TileCoord> {
    let (before, after) = (hashes_at(old, level), hashes_at(new, level));
    // The tile that receives the first new hash changes, and so does every one after it.
    let first = before / TILE_WIDTH_MAX as u64;
    let end = if after > before { after.div_ceil(TILE_WIDTH_MAX as u64) } else { first };
    (first..end).filter_map(move |index| TileCoord::at(new, level, TileIndex::new(index)))
}

impl HashTile {
    /// Makes a tile from hashes.
    pub fn new(hashes: Vec<Hash>) -> Result<Self, TileError> {
        if hashes.is_empty() || hashes.len() > TILE_WIDTH_MAX {
            return Err(TileError::Width(hashes.len()));
        }
        Ok(Self(hashes))
    }

    /// Decodes a tile of exactly `width` hashes.
    pub fn decode(bytes: &[u8], width: TileWidth) -> Result<Self, TileError> {
        if bytes.len() != width.as_usize() * HASH_BYTES {
            return Err(TileError::Length { width, actual: bytes.len() });
        }
        let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
        Ok(Self(hashes.iter().copied().map(Hash::from).collect()))
    }

    /// Encodes the hashes, concatenated.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * HASH_BYTES);
        for hash in &self.0 {
            bytes.extend_from_slice(hash.as_bytes());
        }
        bytes
    }

    /// The hashes, left to right.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// The number of hashes.
    pub fn width(&self) -> TileWidth {
        TileWidth::from_remaining(self.0.len() as u64).expect("a tile has at least one hash")
    }

    /// Truncates this tile to the partial tile of `width` that it once was.
    pub fn truncate(mut self, width: TileWidth) -> Result<Self, TileError> {
        if width > self.width() {
            return Err(TileError::Narrow { wanted: width, actual: self.width() });
        }
        self.0.truncate(width.as_usize());
        Ok(self)
    }

    /// Root of the tree over some of the hashes, or `None` if the tile does not have them all.
    pub fn subtree_root(&self, slots: std::ops::Range<usize>) -> Option<Hash> {
        self.0.get(slots).map(root_of)
    }

    /// Root of the tree over all hashes: for a full tile, its hash in the level above.
    pub fn root(&self) -> Hash {
        root_of(&self.0)
    }
}

#[cfg(test)]
mod tests;
