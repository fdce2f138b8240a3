//! Plans: which tree nodes a proof consists of, which tiles hold them, and the proof once the tiles
//! are there. No input or output happens here: the caller asks a plan for its tiles, fetches them,
//! and hands them back.

use std::collections::HashMap;

use super::ProofError;
use crate::hash::{Hash, node_hash};
use crate::size::{LeafIndex, Level, TILE_WIDTH_MAX, TileIndex, TileWidth, TreeSize};
use crate::tile::{HashTile, TileCoord, root_of};

/// Where a plan finds the hashes of tiles.
pub trait TileSource {
    /// At least the first `width` hashes of the tile, or `None` where they are not held.
    fn tile(&self, level: Level, index: TileIndex, width: TileWidth) -> Option<&[Hash]>;
}

/// Tiles in memory.
#[derive(Clone, Debug, Default)]
pub struct TileMap(HashMap<(Level, TileIndex), HashTile>);

impl TileMap {
    /// Keeps a tile; of two widths of one tile the wider is kept.
    pub fn insert(&mut self, coord: TileCoord, tile: HashTile) {
        let slot = self.0.entry((coord.level, coord.index));
        slot.and_modify(|held| {
            if held.width() < tile.width() {
                held.clone_from(&tile);
            }
        })
        .or_insert(tile);
    }
}

impl TileSource for TileMap {
    fn tile(&self, level: Level, index: TileIndex, width: TileWidth) -> Option<&[Hash]> {
        let tile = self.0.get(&(level, index))?;
        (tile.width() >= width).then(|| tile.hashes())
    }
}

/// A perfect subtree: the leaves from `index << height` on, `1 << height` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    height: u32,
    index: u64,
}

impl Node {
    /// The tile that holds the node's hash or all hashes below it, as it is in a tree of `size`,
    /// and the first of those hashes.
    fn place(self, size: TreeSize) -> (TileCoord, usize) {
        let level = u8::try_from(self.height / 8).ok().and_then(Level::new);
        let level = level.expect("heights are below 64");
        let first = self.index << (self.height % 8);
        let hashes = size.get() >> (8 * (self.height / 8));
        let index = first / TILE_WIDTH_MAX as u64;
        let width = (hashes - index * TILE_WIDTH_MAX as u64).min(TILE_WIDTH_MAX as u64);
        let width = u16::try_from(width).ok().and_then(TileWidth::new);
        let width = width.expect("a node of the tree is within a tile of the tree");
        let offset = usize::try_from(first % TILE_WIDTH_MAX as u64).expect("below 256");
        (TileCoord { level, index: TileIndex::new(index), width }, offset)
    }
}

/// The perfect subtrees that the leaves from `start` to before `end` consist of, left to right.
/// The range has to begin where a subtree of its size can begin, as all ranges of proofs do.
fn subtrees(start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = start;
    while at < end {
        let height = (end - at).ilog2();
        nodes.push(Node { height, index: at >> height });
        at += 1 << height;
    }
    nodes
}

/// The hashes that a proof consists of, each as the subtrees that it is made from.
#[derive(Clone, Debug)]
pub struct ProofPlan {
    size: TreeSize,
    hashes: Vec<Vec<Node>>,
    tiles: Vec<TileCoord>,
}

impl ProofPlan {
    fn new(size: TreeSize, hashes: Vec<Vec<Node>>) -> Self {
        let mut tiles: Vec<TileCoord> =
            hashes.iter().flatten().map(|node| node.place(size).0).collect();
        tiles.sort_unstable();
        tiles.dedup();
        Self { size, hashes, tiles }
    }

    /// How many hashes the proof has.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The proof has no hashes.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The tiles that are needed, each once.
    pub fn tiles(&self) -> &[TileCoord] {
        &self.tiles
    }

    /// The proof.
    pub fn build(&self, tiles: &impl TileSource) -> Result<Vec<Hash>, ProofError> {
        self.hashes.iter().map(|nodes| self.hash(nodes, tiles)).collect()
    }

    fn hash(&self, nodes: &[Node], tiles: &impl TileSource) -> Result<Hash, ProofError> {
        let mut hashes = nodes.iter().rev().map(|node| self.node(*node, tiles));
        let last = hashes.next().expect("a hash of a proof is made from at least one subtree")?;
        hashes.try_fold(last, |right, left| Ok(node_hash(&left?, &right)))
    }

    fn node(&self, node: Node, tiles: &impl TileSource) -> Result<Hash, ProofError> {
        let (coord, offset) = node.place(self.size);
        let hashes = tiles.tile(coord.level, coord.index, coord.width);
        let below = offset..offset + (1 << (node.height % 8));
        let below = hashes.and_then(|hashes| hashes.get(below));
        below.map(root_of).ok_or(ProofError::MissingTile(coord))
    }
}

/// The inclusion proof of a leaf in the tree of `size`.
pub fn plan_inclusion(index: LeafIndex, size: TreeSize) -> Result<ProofPlan, ProofError> {
    if !size.contains(index) {
        return Err(ProofError::OutOfTree { index, size });
    }
    let (mut start, mut end) = (0, size.get());
    let mut hashes = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index.get() < middle {
            hashes.push(subtrees(middle, end));
            end = middle;
        } else {
            hashes.push(subtrees(start, middle));
            start = middle;
        }
    }
    hashes.reverse();
    Ok(ProofPlan::new(size, hashes))
}

/// The consistency proof between the trees of sizes `old` and `new`.
pub fn plan_consistency(old: TreeSize, new: TreeSize) -> Result<ProofPlan, ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    let mut hashes = Vec::new();
    let (mut start, mut end) = (0, new.get());
    // Go down to the last subtree of the old tree; what lies beside the way is the proof.
    while !old.is_zero() && old.get() < end {
        let middle = start + split(end - start);
        if old.get() <= middle {
            hashes.push(subtrees(middle, end));
            end = middle;
        } else {
            hashes.push(subtrees(start, middle));
            start = middle;
        }
    }
    if start > 0 {
        hashes.push(subtrees(start, end));
    }
    hashes.reverse();
    Ok(ProofPlan::new(new, hashes))
}

/// The nodes of the frontier of the tree of `size`.
pub fn plan_root(size: TreeSize) -> ProofPlan {
    let nodes = subtrees(0, size.get());
    ProofPlan::new(size, nodes.into_iter().map(|node| vec![node]).collect())
}

/// The size of the left part of a tree of `size` leaves, at least 2: the largest power of two that
/// is smaller.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
