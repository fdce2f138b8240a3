//! The tree of a log at one signed head: the tiles that were verified so far.
//!
//! Invariants: no hash in a tile is held before it was verified against the root of the head. The
//! partial tiles of the right edge together must hash to that root, and every full tile to its hash
//! in the tile above. The number of tiles held is bounded.

use std::collections::BTreeSet;

use tiles_spec::tile::edge_tiles;
use tiles_spec::{
    Frontier, Hash, HashTile, ProofError, ResourcePath, TileCoord, TileMap, TileSource as _,
    TileWidth, TreeHead, plan_root,
};

use crate::reading::{Fault, Piece, Pieces, Reading, RequestId, Want};

/// The most tiles held, 8 KiB each. A proof needs fewer than 20.
pub const TILES_MAX: usize = 1024;

/// A log's tree at one head.
#[derive(Clone, Debug)]
pub struct Tree {
    head: TreeHead,
    /// Verified tiles.
    tiles: TileMap,
}

/// The right edge of a tree on its way.
#[derive(Debug)]
pub struct Opening {
    head: TreeHead,
    pieces: Pieces,
    tiles: TileMap,
    tree: Option<Tree>,
}

/// Tiles on their way into a tree.
#[derive(Debug)]
pub(crate) struct Loading {
    pieces: Pieces,
    fetched: Vec<(TileCoord, HashTile)>,
}

/// A computation that needs tiles.
pub(crate) struct WithTiles<'a, T, F> {
    tree: &'a mut Tree,
    loading: Loading,
    compute: Option<F>,
    outcome: Option<T>,
}

impl Tree {
    /// Reads the right edge of the tree with this head, which together must have the head's root.
    pub fn open(head: TreeHead) -> Result<Opening, Fault> {
        let edge = edge_tiles(head.size).into_iter().map(ResourcePath::Tile);
        let pieces = Pieces::new(edge, usize::MAX);
        let mut opening = Opening { head, pieces, tiles: TileMap::new(), tree: None };
        opening.conclude()?;
        Ok(opening)
    }

    /// The size and root hash of the tree.
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The hashes of a tile that is held.
    pub fn hashes(&self, tile: TileCoord) -> Result<&[Hash], ProofError> {
        let held = self.tiles.tile(tile.level, tile.index, tile.width);
        held.ok_or(ProofError::MissingTile(tile))
    }

    /// All tiles that are held.
    pub(crate) const fn tiles(&self) -> &TileMap {
        &self.tiles
    }

    /// Fetches and verifies a tile, and the tiles above it, as far as they are not held. Its width
    /// is that in this tree.
    pub fn load(
        &mut self,
        tile: TileCoord,
    ) -> Result<impl Reading<Outcome = (), Fault = Fault> + Send + '_, Fault> {
        self.with_tiles(vec![tile], |_| Ok(()))
    }

    /// Computes something when these tiles are held.
    pub(crate) fn with_tiles<T: Send, F: FnOnce(&Tree) -> Result<T, Fault> + Send>(
        &mut self,
        tiles: Vec<TileCoord>,
        compute: F,
    ) -> Result<WithTiles<'_, T, F>, Fault> {
        let loading = self.loading(tiles)?;
        let mut this = WithTiles { tree: self, loading, compute: Some(compute), outcome: None };
        this.conclude()?;
        Ok(this)
    }

    /// What must be fetched for these tiles to be held.
    pub(crate) fn loading(
        &mut self,
        tiles: impl IntoIterator<Item = TileCoord>,
    ) -> Result<Loading, Fault> {
        self.make_room();
        let mut wanted = BTreeSet::new();
        for coord in tiles {
            let missing = ProofError::MissingTile(coord);
            let mut place = Some((coord.level, coord.index));
            while let Some((level, index)) = place {
                let tile = TileCoord::at(self.head.size, level, index).ok_or(missing)?;
                if self.hashes(tile).is_ok() || !wanted.insert(tile) {
                    break;
                }
                place = tile.parent().map(|parent| (parent.level, parent.index));
            }
        }
        let pieces = Pieces::new(wanted.into_iter().map(ResourcePath::Tile), usize::MAX);
        Ok(Loading { pieces, fetched: Vec::new() })
    }

    /// Drops all tiles but the edge if too many are held.
    fn make_room(&mut self) {
        if self.tiles.len() < TILES_MAX {
            return;
        }
        let mut kept = TileMap::new();
        for tile in edge_tiles(self.head.size) {
            if let Ok(hashes) = self.hashes(tile)
                && let Ok(held) = HashTile::new(hashes.to_vec())
            {
                kept.insert(tile, held);
            }
        }
        self.tiles = kept;
    }

    /// Verifies tiles from the top down, each by its root in the tile above, and holds them.
    fn accept(&mut self, mut fetched: Vec<(TileCoord, HashTile)>) -> Result<(), Fault> {
        fetched.sort_by_key(|(coord, _)| std::cmp::Reverse(coord.level));
        for (coord, tile) in fetched {
            let expected = self.root_of(coord)?;
            if tile.root() != expected {
                return Err(Fault::damaged(coord, format!("it does not hash to {expected}")));
            }
            self.tiles.insert(coord, tile);
        }
        Ok(())
    }

    /// The root of a full tile, from the tile above, which must be held.
    pub(crate) fn root_of(&self, tile: TileCoord) -> Result<Hash, ProofError> {
        let parent = tile.parent().and_then(|parent| self.tiles.hash(parent));
        parent.ok_or(ProofError::MissingTile(tile))
    }
}

impl Loading {
    pub(crate) fn request(&mut self) -> Option<(RequestId, Want)> {
        self.pieces.request()
    }

    /// Takes an answer. Returns whether it was the last one, so that the tree holds the tiles.
    pub(crate) fn answer(
        &mut self,
        id: RequestId,
        found: Option<Vec<u8>>,
        tree: &mut Tree,
    ) -> Result<bool, Fault> {
        if let Some((piece, bytes)) = self.pieces.answer(id, found)? {
            self.fetched.extend(decode(piece, &bytes)?);
        }
        if self.is_done() {
            tree.accept(std::mem::take(&mut self.fetched))?;
        }
        Ok(self.is_done())
    }

    /// Whether nothing has to be fetched any more.
    pub(crate) fn is_done(&self) -> bool {
        self.pieces.is_done()
    }
}

/// The tile in an object.
fn decode(piece: Piece, bytes: &[u8]) -> Result<Option<(TileCoord, HashTile)>, Fault> {
    let ResourcePath::Tile(coord) = piece.exact else { return Ok(None) };
    let width = if piece.read == piece.exact { coord.width } else { TileWidth::FULL };
    let tile = HashTile::decode(bytes, width).and_then(|tile| tile.truncate(coord.width));
    let tile = tile.map_err(|error| Fault::damaged(piece.read, error.to_string()))?;
    Ok(Some((coord, tile)))
}

impl Opening {
    /// Checks the edge once all of it is there.
    fn conclude(&mut self) -> Result<(), Fault> {
        if !self.pieces.is_done() {
            return Ok(());
        }
        let (head, tiles) = (self.head, std::mem::take(&mut self.tiles));
        let nodes = plan_root(head.size).build(&tiles)?;
        let frontier = Frontier::from_nodes(head.size, nodes);
        let root = frontier.expect("a plan yields the frontier of its size").root();
        if root == head.root {
            self.tree = Some(Tree { head, tiles });
            return Ok(());
        }
        let reason = format!("together they have the root {root}, not {}", head.root);
        let objects = edge_tiles(head.size).into_iter().map(Into::into).collect();
        Err(Fault::Damaged { objects, reason })
    }
}

impl Reading for Opening {
    type Outcome = Tree;
    type Fault = Fault;

    fn request(&mut self) -> Option<(RequestId, Want)> {
        self.pieces.request()
    }

    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), Fault> {
        if let Some((piece, bytes)) = self.pieces.answer(id, found)?
            && let Some((coord, tile)) = decode(piece, &bytes)?
        {
            self.tiles.insert(coord, tile);
        }
        self.conclude()
    }

    fn outcome(&mut self) -> Option<Tree> {
        self.tree.take()
    }
}

impl<T, F: FnOnce(&Tree) -> Result<T, Fault>> WithTiles<'_, T, F> {
    fn conclude(&mut self) -> Result<(), Fault> {
        if self.loading.is_done()
            && let Some(compute) = self.compute.take()
        {
            self.outcome = Some(compute(self.tree)?);
        }
        Ok(())
    }
}

impl<T, F: FnOnce(&Tree) -> Result<T, Fault>> Reading for WithTiles<'_, T, F> {
    type Outcome = T;
    type Fault = Fault;

    fn request(&mut self) -> Option<(RequestId, Want)> {
        self.loading.request()
    }

    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), Fault> {
        self.loading.answer(id, found, self.tree)?;
        self.conclude()
    }

    fn outcome(&mut self) -> Option<T> {
        self.outcome.take()
    }
}

#[cfg(test)]
mod tests;
