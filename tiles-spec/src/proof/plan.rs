//! Proofs from tiles, without I/O: first plan which tiles are needed, then build from them.
//!
//! Each hash of a proof is the root of a run of leaves that begins on a boundary of its own size
//! (RFC 6962 sections 2.1.1 and 2.1.2). Such a run is a row of perfect subtrees, largest first.
//! Each of those is either one hash of a tile, or the root over a power of two of neighbours in one
//! tile.
//!
//! Invariants: a plan names only tiles that its tree size implies, each once. A build reads no
//! other tiles and computes no more hashes than the plan needs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::OnceLock;

use super::error::ProofError;
use super::subtree::Subtree;
use crate::hash::{Hash, node_hash};
use crate::size::{LeafIndex, Level, TileIndex, TileWidth, TreeSize};
use crate::tile::{HashTile, Slot, TILE_HEIGHT, TileCoord};
use crate::tree::{fold_right, root_of};

/// A source of tiles for a plan.
pub trait TileSource {
    /// At least the first `width` hashes of the tile, or `None` if they are not available.
    fn tile(&self, level: Level, index: TileIndex, width: TileWidth) -> Option<&[Hash]>;

    /// The root over a perfect subtree of a tile: a power of two of its hashes, starting at a
    /// multiple of that number. A source that is asked repeatedly can cache the result.
    fn subtree_root(&self, tile: TileCoord, slots: Range<usize>) -> Option<Hash> {
        let hashes = self.tile(tile.level, tile.index, tile.width)?;
        hashes.get(slots).map(root_of)
    }
}

/// The tree nodes of a proof, and the tiles that contain them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofPlan {
    size: TreeSize,
    /// The leaves under each hash of the proof, leaf side first.
    runs: Vec<Range<u64>>,
    tiles: Vec<TileCoord>,
}

/// Tiles held in memory, at most one for each place. The nodes within a tile are computed when the
/// first proof needs one, and then kept.
#[derive(Clone, Debug, Default)]
pub struct TileMap(HashMap<(Level, TileIndex), CachedTile>);

#[derive(Clone, Debug)]
struct CachedTile {
    tile: HashTile,
    /// For each height from 1 up, the roots of the perfect subtrees of that height in the tile.
    nodes: OnceLock<Vec<Vec<Hash>>>,
}

impl CachedTile {
    fn new(tile: HashTile) -> Self {
        Self { tile, nodes: OnceLock::new() }
    }

    fn node(&self, slots: &Range<usize>) -> Option<Hash> {
        if slots.len() == 1 {
            return self.tile.hashes().get(slots.start).copied();
        }
        let nodes = self.nodes.get_or_init(|| {
            std::iter::successors(Some(pair_up(self.tile.hashes())), |below| Some(pair_up(below)))
                .take_while(|row| !row.is_empty())
                .collect()
        });
        let height = slots.len().checked_ilog2()? as usize;
        nodes.get(height - 1)?.get(slots.start >> height).copied()
    }
}

/// The parents of each pair of neighbours; a last node without a neighbour has none.
fn pair_up(below: &[Hash]) -> Vec<Hash> {
    let (pairs, _) = below.as_chunks::<2>();
    pairs.iter().map(|[left, right]| node_hash(left, right)).collect()
}

/// Plans the proof that a tree of `size` has the leaf at `index`.
pub fn plan_inclusion(index: LeafIndex, size: TreeSize) -> Result<ProofPlan, ProofError> {
    if !size.contains(index) {
        return Err(ProofError::NotInTree { index, size });
    }
    // From the root down to the leaf; at each split the other half goes into the proof.
    let mut runs = Vec::new();
    let mut node = 0..size.get();
    while node.end - node.start > 1 {
        let (left, right) = split(&node);
        if index.get() < right.start {
            runs.push(right);
            node = left;
        } else {
            runs.push(left);
            node = right;
        }
    }
    runs.reverse();
    Ok(ProofPlan::new(size, runs))
}

/// Plans the proof that the tree of size `old` is the start of the tree of size `new`.
///
/// From size 0, and between equal sizes, the proof has no hashes.
pub fn plan_consistency(old: TreeSize, new: TreeSize) -> Result<ProofPlan, ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    match Subtree::new(TreeSize::ZERO, old) {
        Ok(whole) => plan_subtree_consistency(whole, new),
        // The empty tree.
        Err(_) => Ok(ProofPlan::new(new, Vec::new())),
    }
}

/// Plans the proof that a tree of `size` has a subtree, as [`super::subtree`] verifies it.
pub fn plan_subtree_consistency(part: Subtree, size: TreeSize) -> Result<ProofPlan, ProofError> {
    if part.end() > size {
        return Err(ProofError::Shrunk { old: part.end(), new: size });
    }
    // From the root down to a node that ends with the subtree, and is it or inside it.
    let mut runs = Vec::new();
    let mut rest = part.start().get()..part.end().get();
    let mut is_whole = true;
    let mut node = 0..size.get();
    while node != rest {
        let (left, right) = split(&node);
        if rest.end <= right.start {
            runs.push(right);
            node = left;
        } else {
            if rest.start < right.start {
                (rest.start, is_whole) = (right.start, false);
            }
            runs.push(left);
            node = right;
        }
    }
    // The verifier already has that node if it is the whole subtree.
    if !is_whole {
        runs.push(node);
    }
    runs.reverse();
    Ok(ProofPlan::new(size, runs))
}

/// Plans the frontier of a tree of `size`: the roots of its perfect subtrees, largest first.
pub fn plan_root(size: TreeSize) -> ProofPlan {
    ProofPlan::new(size, perfect_subtrees(0..size.get()).collect())
}

impl ProofPlan {
    fn new(size: TreeSize, runs: Vec<Range<u64>>) -> Self {
        let subtrees = runs.iter().cloned().flat_map(perfect_subtrees);
        let mut tiles: Vec<_> = subtrees.map(|subtree| locate(&subtree, size).0).collect();
        tiles.sort_unstable();
        tiles.dedup();
        Self { size, runs, tiles }
    }

    /// The required tiles, by level and then index, as wide as the tree's size makes them.
    pub fn tiles(&self) -> &[TileCoord] {
        &self.tiles
    }

    /// The hashes of the proof, in order.
    pub fn build(&self, source: &impl TileSource) -> Result<Vec<Hash>, ProofError> {
        self.runs.iter().map(|run| self.run_root(run, source)).collect()
    }

    /// The root over a run of leaves.
    fn run_root(&self, run: &Range<u64>, source: &impl TileSource) -> Result<Hash, ProofError> {
        let mut row = [Hash::from([0; 32]); u64::BITS as usize];
        let mut filled = 0;
        for subtree in perfect_subtrees(run.clone()) {
            let (tile, slots) = locate(&subtree, self.size);
            row[filled] = source.subtree_root(tile, slots).ok_or(ProofError::MissingTile(tile))?;
            filled += 1;
        }
        Ok(fold_right(row[..filled].iter().copied()).expect("a run has at least one leaf"))
    }
}

impl TileMap {
    /// Makes an empty set of tiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Inserts a tile at its place, unless one at least as wide is already there.
    pub fn insert(&mut self, coord: TileCoord, tile: HashTile) {
        match self.0.entry((coord.level, coord.index)) {
            Entry::Occupied(held) if held.get().tile.width() >= tile.width() => {}
            Entry::Occupied(mut held) => _ = held.insert(CachedTile::new(tile)),
            Entry::Vacant(place) => _ = place.insert(CachedTile::new(tile)),
        }
    }

    /// The hash in a slot, if it is held.
    pub fn hash(&self, slot: Slot) -> Option<Hash> {
        self.0.get(&(slot.level, slot.index))?.tile.hashes().get(slot.as_usize()).copied()
    }

    /// The number of tiles.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no tiles.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TileSource for TileMap {
    fn tile(&self, level: Level, index: TileIndex, width: TileWidth) -> Option<&[Hash]> {
        let tile = &self.0.get(&(level, index))?.tile;
        (tile.width() >= width).then(|| tile.hashes())
    }

    fn subtree_root(&self, tile: TileCoord, slots: Range<usize>) -> Option<Hash> {
        let held = self.0.get(&(tile.level, tile.index))?;
        if held.tile.width() < tile.width { None } else { held.node(&slots) }
    }
}

/// The halves of a node with at least two leaves: the left one has the largest power of two below
/// their number.
fn split(node: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = node.start + (1 << (node.end - node.start - 1).ilog2());
    (node.start..middle, middle..node.end)
}

/// The perfect subtrees of a run that begins on a boundary of its size, largest first.
fn perfect_subtrees(run: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let mut start = run.start;
    std::iter::from_fn(move || {
        let height = (run.end - start).checked_ilog2()?;
        let subtree = start..start + (1 << height);
        start = subtree.end;
        Some(subtree)
    })
}

/// The tile that contains a perfect subtree of a tree of `size`, and the slots under its root.
fn locate(subtree: &Range<u64>, size: TreeSize) -> (TileCoord, Range<usize>) {
    let height = (subtree.end - subtree.start).ilog2();
    let level = height / TILE_HEIGHT;
    let first = subtree.start >> (level * TILE_HEIGHT);
    let level = u8::try_from(level).ok().and_then(Level::new);
    let slot = level.map(|level| Slot::of_hash(level, first));
    let found = slot.and_then(|slot| Some((slot.tile(size)?, slot.as_usize())));
    let (tile, slot) = found.expect("a complete subtree of the tree is in one of its tiles");
    (tile, slot..slot + (1 << (height % TILE_HEIGHT)))
}

#[cfg(test)]
pub(crate) mod tests;
