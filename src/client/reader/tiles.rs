//! The tiles of a log's tree, fetched and verified from the top down.
//!
//! Invariant: a tile is held only after it was verified against the root of the checkpoint.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use tiles_spec::{
    Frontier, Hash, HashTile, Level, ProofError, ProofPlan, ResourcePath, TileCoord, TileIndex,
    TileMap, TileSource, TileWidth, plan_root, tile::edge_tiles,
};

use super::{ReadError, View};
use crate::fetch::Fetch;

/// The most tiles held, 8 KiB each. A proof needs fewer than 20.
pub(super) const TILES_MAX: usize = 1024;

impl View {
    /// Loads all tiles of a plan, then executes the plan.
    pub(super) async fn build(&mut self, plan: &ProofPlan) -> Result<Vec<Hash>, ReadError> {
        self.load(plan.tiles().iter().copied()).await?;
        Ok(plan.build(&self.tiles)?)
    }

    /// Loads the partial tiles, which together must hash to the signed root.
    pub(super) async fn load_edge(&mut self) -> Result<(), ReadError> {
        let head = self.head();
        let edge = edge_tiles(head.size);
        for (coord, tile) in self.fetch_tiles(&edge).await? {
            self.tiles.insert(coord, tile);
        }
        let nodes = plan_root(head.size).build(&self.tiles)?;
        let root = Frontier::from_nodes(head.size, nodes)
            .expect("a plan yields the frontier of its size")
            .root();
        if root == head.root {
            return Ok(());
        }
        let places: Vec<_> =
            edge.iter().map(|tile| self.fetch.place(&ResourcePath::Tile(*tile))).collect();
        let reason = format!("together they have the root {root}, not {}", head.root);
        Err(ReadError::Damaged { place: places.join(", "), reason })
    }

    /// Fetches and verifies those of these tiles, and of the tiles above them, that are not held.
    /// Their widths are those in this view's tree.
    pub(super) async fn load(
        &mut self,
        coords: impl IntoIterator<Item = TileCoord>,
    ) -> Result<(), ReadError> {
        self.make_room();
        let mut wanted = BTreeSet::new();
        for coord in coords {
            let mut place = Some((coord.level, coord.index));
            while let Some((level, index)) = place {
                let tile = TileCoord::at(self.head().size, level, index)
                    .ok_or(ProofError::MissingTile(coord))?;
                if self.hashes(tile).is_ok() || !wanted.insert(tile) {
                    break;
                }
                place = above(level, index);
            }
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut fetched = self.fetch_tiles(&wanted).await?;
        // From the top down: a tile is verified by its root in the tile above, which is already
        // verified.
        fetched.sort_by_key(|(coord, _)| std::cmp::Reverse(coord.level));
        for (coord, tile) in fetched {
            self.expect_in_parent(coord, &tile)?;
            self.tiles.insert(coord, tile);
        }
        Ok(())
    }

    fn expect_in_parent(&self, coord: TileCoord, tile: &HashTile) -> Result<(), ReadError> {
        let parent = above(coord.level, coord.index)
            .and_then(|(level, index)| TileCoord::at(self.head().size, level, index))
            .ok_or(ProofError::MissingTile(coord))?;
        let expected = self.hashes(parent)?[slot_above(coord.index)];
        if tile.root() == expected {
            return Ok(());
        }
        let place = self.fetch.place(&ResourcePath::Tile(coord));
        Err(ReadError::Damaged { place, reason: format!("it does not hash to {expected}") })
    }

    pub(super) fn hashes(&self, tile: TileCoord) -> Result<&[Hash], ReadError> {
        let held = self.tiles.tile(tile.level, tile.index, tile.width);
        held.ok_or_else(|| ProofError::MissingTile(tile).into())
    }

    /// Drops all tiles but the edge if too many are held.
    fn make_room(&mut self) {
        if self.tiles.len() < TILES_MAX {
            return;
        }
        let mut kept = TileMap::new();
        for tile in edge_tiles(self.head().size) {
            if let Ok(hashes) = self.hashes(tile)
                && let Ok(held) = HashTile::new(hashes.to_vec())
            {
                kept.insert(tile, held);
            }
        }
        self.tiles = kept;
    }

    async fn fetch_tiles(
        &self,
        coords: &[TileCoord],
    ) -> Result<Vec<(TileCoord, HashTile)>, ReadError> {
        try_join_all(coords.iter().map(async |&coord| {
            let (exact, full) = (ResourcePath::Tile(coord), ResourcePath::Tile(coord.full()));
            let (place, bytes, read) = fetch_or_wider(&*self.fetch, exact, full).await?;
            let width = if read == exact { coord.width } else { TileWidth::FULL };
            let tile = HashTile::decode(&bytes, width).and_then(|tile| tile.truncate(coord.width));
            let damaged = |error: tiles_spec::TileError| ReadError::Damaged {
                place,
                reason: error.to_string(),
            };
            Ok((coord, tile.map_err(damaged)?))
        }))
        .await
    }
}

/// Fetches an object, or the full one that replaced it. Returns its location, its bytes, and which
/// one it is.
pub(super) async fn fetch_or_wider(
    fetch: &dyn Fetch,
    exact: ResourcePath,
    full: ResourcePath,
) -> Result<(String, Vec<u8>, ResourcePath), ReadError> {
    let paths = if exact == full { &[exact][..] } else { &[exact, full] };
    for &path in paths {
        if let Some(bytes) = fetch.fetch(&path).await? {
            return Ok((fetch.place(&path), bytes, path));
        }
    }
    Err(ReadError::Missing { place: fetch.place(&exact) })
}

/// The tile that contains the root of a full tile.
pub(super) fn above(level: Level, index: TileIndex) -> Option<(Level, TileIndex)> {
    let level = Level::new(level.get() + 1)?;
    Some((level, TileIndex::new(index.get() >> 8)))
}

/// The slot of that root in the tile above.
pub(super) fn slot_above(index: TileIndex) -> usize {
    usize::from(index.get().to_le_bytes()[0])
}
