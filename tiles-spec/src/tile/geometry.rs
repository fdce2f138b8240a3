//! The geometry of tiles: places, parents and children, and which tiles a tree has.
//!
//! C2SP tlog-tiles "Merkle Tree". Levels are 8 tree levels apart. At a tree size `s`, level `l` has
//! `floor(s / 256^l)` hashes. Every 256 of them make a full tile; the rest, if any, make one
//! partial tile on the right edge. Hash `n` of a level is in slot `n mod 256` of its tile `n /
//! 256`; above level 0 it is the root of the full tile `n` of the level below.
//!
//! Invariants: this is the only place that computes with these numbers. The tiles of a tree of size
//! `s` never include an empty one. The parent of a child is the tile itself.

use std::ops::Range;

use crate::size::{LeafIndex, Level, TILE_WIDTH_MAX, TileIndex, TileWidth, TreeSize};

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

/// The place of one hash: a tile, and a position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The level of the tile.
    pub level: Level,
    /// The position of the tile within the level.
    pub index: TileIndex,
    /// The position of the hash within the tile, 0 to 255.
    pub slot: u8,
}

impl LeafIndex {
    /// The level 0 tile, and entry bundle, that holds this leaf.
    pub const fn tile_index(self) -> TileIndex {
        Slot::of_leaf(self).index
    }

    /// The position of this leaf in that tile and bundle, 0 to 255.
    pub const fn slot(self) -> usize {
        Slot::of_leaf(self).as_usize()
    }
}

impl Slot {
    /// The place of hash `n` of a level.
    pub const fn of_hash(level: Level, n: u64) -> Self {
        // 256 slots: the low byte.
        let slot = n.to_le_bytes()[0];
        Self { level, index: TileIndex::new(n / TILE_WIDTH_MAX as u64), slot }
    }

    /// The place of a leaf's hash.
    pub const fn of_leaf(index: LeafIndex) -> Self {
        Self::of_hash(Level::ZERO, index.get())
    }

    /// The number of the hash in its level.
    fn hash(self) -> Option<u64> {
        self.index.get().checked_mul(TILE_WIDTH_MAX as u64)?.checked_add(u64::from(self.slot))
    }

    /// The position in the tile.
    pub const fn as_usize(self) -> usize {
        self.slot as usize
    }

    /// The tile with this slot in a tree of `size`; `None` if the tree does not have the hash.
    pub fn tile(self, size: TreeSize) -> Option<TileCoord> {
        let tile = TileCoord::at(size, self.level, self.index)?;
        (self.as_usize() < tile.width.as_usize()).then_some(tile)
    }

    /// The narrowest tile with this slot.
    pub fn narrowest(self) -> TileCoord {
        let width = TileWidth::from_remaining(u64::from(self.slot) + 1);
        let width = width.expect("a slot has at least one hash up to it");
        TileCoord { level: self.level, index: self.index, width }
    }

    /// The full tile whose root is in this slot; `None` on level 0, where the hashes are those of
    /// leaves.
    pub fn child(self) -> Option<TileCoord> {
        let level = Level::new(self.level.get().checked_sub(1)?)?;
        Some(TileCoord { level, index: TileIndex::new(self.hash()?), width: TileWidth::FULL })
    }
}

impl TileCoord {
    /// The same place at full width.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TileWidth::FULL, ..self }
    }

    /// The full tile that can replace a partial one; `None` for a full tile.
    pub fn wider(self) -> Option<Self> {
        (!self.width.is_full()).then_some(self.full())
    }

    /// Where the root of the tile at this place is, once the tile is full; `None` on the highest
    /// level that paths allow.
    pub fn parent(&self) -> Option<Slot> {
        let above = Level::new(self.level.get() + 1)?;
        Some(Slot::of_hash(above, self.index.get()))
    }

    /// The full tile whose root is in a slot of this tile; `None` on level 0 and beyond the tile.
    pub fn child(&self, slot: usize) -> Option<Self> {
        let slot = u8::try_from(slot).ok().filter(|_| slot < self.width.as_usize())?;
        Slot { level: self.level, index: self.index, slot }.child()
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

    /// The full bundle that can replace a partial one; `None` for a full bundle.
    pub fn wider(self) -> Option<Self> {
        (!self.width.is_full()).then_some(self.full())
    }

    /// Index of the first entry, or `None` if no tree reaches that far.
    pub fn start_leaf(&self) -> Option<LeafIndex> {
        self.tile().start_leaf()
    }

    /// Index of the entry in a slot, or `None` if no tree reaches that far.
    pub fn leaf(&self, slot: usize) -> Option<LeafIndex> {
        LeafIndex::new(self.start_leaf()?.get().checked_add(slot.try_into().ok()?)?)
    }

    /// Size of the tree that ends with this bundle, or `None` if no tree reaches that far.
    pub fn end(&self) -> Option<TreeSize> {
        Some(self.leaf(self.width.as_usize() - 1)?.tree_size_after())
    }

    /// The bundle at this index in a tree of `size`, or `None` if the tree has none there.
    pub fn at(size: TreeSize, index: TileIndex) -> Option<Self> {
        TileCoord::at(size, Level::ZERO, index)?.bundle()
    }

    /// The bundle that holds a leaf in a tree of `size`, or `None` if the tree does not have the
    /// leaf.
    pub fn holding(index: LeafIndex, size: TreeSize) -> Option<Self> {
        Slot::of_leaf(index).tile(size)?.bundle()
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

/// The indices of the bundles, and level 0 tiles, with the leaves that a tree of size `to` has and
/// a tree of size `from` does not. It can be empty.
pub const fn bundle_indices(from: TreeSize, to: TreeSize) -> Range<TileIndex> {
    let first = from.get() / TILE_WIDTH_MAX as u64;
    let end = if from.get() < to.get() { to.get().div_ceil(TILE_WIDTH_MAX as u64) } else { first };
    TileIndex::new(first)..TileIndex::new(end)
}

/// The level 0 tiles with the leaves that a tree of size `to` has and a tree of size `from` does
/// not, as wide as they are in a tree of `size`.
pub fn tiles_of_leaves(
    from: TreeSize,
    to: TreeSize,
    size: TreeSize,
) -> impl Iterator<Item = TileCoord> {
    let Range { start, end } = bundle_indices(from, to);
    let indices = (start.get()..end.get()).map(TileIndex::new);
    indices.filter_map(move |index| TileCoord::at(size, Level::ZERO, index))
}

/// The tile of a level that the next hash goes into. All before it are full.
pub fn unfinished_tile(size: TreeSize, level: Level) -> TileIndex {
    Slot::of_hash(level, hashes_at(size, level)).index
}

/// The levels that can have tiles.
pub fn levels() -> impl Iterator<Item = Level> {
    (0..LEVELS).filter_map(Level::new)
}

/// The number of hashes on a level: the complete subtrees of 256^level leaves.
fn hashes_at(size: TreeSize, level: Level) -> u64 {
    size.get().checked_shr(TILE_HEIGHT * u32::from(level.get())).unwrap_or(0)
}

/// The partial tile of a level, if there is one.
fn edge(size: TreeSize, level: Level) -> Option<TileCoord> {
    TileCoord::at(size, level, unfinished_tile(size, level))
}

/// The tiles of one level that appear when the tree grows.
fn growth(level: Level, old: TreeSize, new: TreeSize) -> impl Iterator<Item = TileCoord> {
    let (before, after) = (hashes_at(old, level), hashes_at(new, level));
    // The tile that receives the first new hash changes, and so does every one after it.
    let first = before / TILE_WIDTH_MAX as u64;
    let end = if after > before { after.div_ceil(TILE_WIDTH_MAX as u64) } else { first };
    (first..end).filter_map(move |index| TileCoord::at(new, level, TileIndex::new(index)))
}

#[cfg(test)]
mod tests;
