//! The walk from the signed root down: first the partial tiles of the right edge, which together
//! hash to the root, then every full tile below them, in order.
//!
//! Invariant: every expected hash that is passed down is vouched for by the signed root, or the
//! damage above it has been reported.

use tiles_spec::tile::edge_tiles;
use tiles_spec::tree::root_of;
use tiles_spec::{Frontier, Hash, HashTile, Level, TileCoord, TileMap, plan_root};

use super::check::Check;
use super::columns::{Column, Expected};

/// Walks the tiles above level 0, and gives out the columns below.
pub(super) struct Walk<'a> {
    check: &'a Check<'a>,
    give: &'a dyn Fn(Column),
    buffer: Vec<u8>,
}

/// A tile of the right edge, and its possible contents.
struct Edge {
    coord: TileCoord,
    stored: Option<HashTile>,
    /// The tile computed from the objects below it, only if there is damage.
    derived: Option<HashTile>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(check: &'a Check<'a>, give: &'a dyn Fn(Column)) -> Self {
        Self { check, give, buffer: Vec::new() }
    }

    /// Checks everything that `root` vouches for.
    pub(super) fn run(&mut self, root: &Hash) {
        // The largest subtrees come first: they are the oldest.
        for (coord, hashes) in self.edge(root).into_iter().rev() {
            if coord.level == Level::ZERO {
                (self.give)(Column { coord, expected: Expected::Hashes(hashes) });
                continue;
            }
            for (slot, hash) in hashes.into_iter().enumerate() {
                self.descend(child(coord, slot), hash);
            }
        }
    }

    /// Checks a full tile with this expected root, and everything below it.
    fn descend(&mut self, coord: TileCoord, expected: Option<Hash>) {
        let is_covered = self.check.tracker.is_covered(coord);
        if is_covered && !self.check.tracker.is_left(coord) {
            return;
        }
        if coord.level == Level::ZERO {
            (self.give)(Column { coord, expected: Expected::Root(expected) });
            return;
        }
        // What an earlier check has counted is not counted again.
        let is_new = !is_covered || self.check.tracker.is_place(coord);
        let stored = self.read(coord, is_new);
        let is_sound =
            stored.as_ref().is_some_and(|tile| expected.is_none_or(|e| tile.root() == e));
        if is_covered {
            self.check.tracker.read_again(coord, is_sound);
        }
        let hashes = match stored {
            Some(tile) if is_sound => tile.hashes().iter().copied().map(Some).collect(),
            stored => {
                if stored.is_some() {
                    self.check.findings.add(coord, "damaged: does not hash to the tile above");
                }
                self.derive_hashes(coord, stored.as_ref(), expected)
            }
        };
        for (slot, hash) in hashes.into_iter().enumerate() {
            self.descend(child(coord, slot), hash);
        }
    }

    /// Recomputes a missing or damaged tile from the tiles below it. If those do not give the
    /// expected root either, only the hashes that match the stored tile are passed on.
    fn derive_hashes(
        &mut self,
        coord: TileCoord,
        stored: Option<&HashTile>,
        expected: Option<Hash>,
    ) -> Vec<Option<Hash>> {
        let derived = self.roots_below(coord);
        let whole: Option<Vec<Hash>> = derived.iter().copied().collect();
        if let (Some(whole), Some(expected)) = (whole, expected)
            && root_of(&whole) == expected
        {
            return derived;
        }
        let agreed = |(slot, derived): (usize, Option<Hash>)| {
            derived.filter(|hash| stored.is_some_and(|tile| tile.hashes()[slot] == *hash))
        };
        derived.into_iter().enumerate().map(agreed).collect()
    }

    /// Reads the edge, from level 0 up. Each tile has two readings: stored and recomputed. If no
    /// combination gives the root, that is reported, and only hashes on which both readings agree
    /// are passed on.
    fn edge(&mut self, root: &Hash) -> Vec<(TileCoord, Vec<Option<Hash>>)> {
        let mut edge: Vec<Edge> = Vec::new();
        for coord in edge_tiles(self.check.size) {
            edge.push(Edge { coord, stored: self.stored(coord), derived: None });
        }
        let stored: Vec<_> = edge.iter().map(|tile| tile.stored.as_ref()).collect();
        let mut sound = self.makes(&edge, &stored, root);
        if !sound {
            for tile in &mut edge {
                tile.derived = self.derive(tile.coord, tile.stored.as_ref());
            }
            sound = self.blame(&mut edge, root);
        }
        edge.into_iter().map(|tile| (tile.coord, tile.hashes(sound))).collect()
    }

    /// Finds the damaged tiles of the edge: each has at most two readings, and the right
    /// combination gives the root. Puts the right readings in `stored`. Returns whether there is
    /// such a combination.
    fn blame(&self, edge: &mut [Edge], root: &Hash) -> bool {
        // There are fewer than nine tiles, so fewer than 512 combinations.
        for choice in 0..1_u32 << edge.len() {
            let is_derived = |position: usize| choice >> position & 1 == 1;
            let readings: Vec<_> = edge
                .iter()
                .enumerate()
                .map(|(position, tile)| {
                    if is_derived(position) { tile.derived.as_ref() } else { tile.stored.as_ref() }
                })
                .collect();
            if !self.makes(edge, &readings, root) {
                continue;
            }
            for (position, tile) in edge.iter_mut().enumerate() {
                if !is_derived(position) {
                    continue;
                }
                if tile.stored.is_some() && tile.stored != tile.derived {
                    self.check.findings.add(tile.coord, "damaged: does not give the signed root");
                }
                tile.stored = tile.derived.take();
            }
            return true;
        }
        for tile in edge.iter().filter(|tile| tile.stored.is_some()) {
            let problem = "damaged, or another tile of the right edge is: together, and with what \
                           lies below them, they do not make the signed root";
            self.check.findings.add(tile.coord, problem);
        }
        false
    }

    /// Whether these readings of the edge give the root.
    fn makes(&self, edge: &[Edge], readings: &[Option<&HashTile>], root: &Hash) -> bool {
        let mut tiles = TileMap::new();
        for (tile, reading) in edge.iter().zip(readings) {
            let Some(reading) = reading else { return false };
            tiles.insert(tile.coord, (*reading).clone());
        }
        let nodes = plan_root(self.check.size).build(&tiles).ok();
        let frontier = nodes.and_then(|nodes| Frontier::from_nodes(self.check.size, nodes).ok());
        frontier.is_some_and(|frontier| frontier.root() == *root)
    }

    /// Computes a tile from the objects below it. Where those are missing, uses the stored tile.
    fn derive(&mut self, coord: TileCoord, stored: Option<&HashTile>) -> Option<HashTile> {
        let below = match coord.bundle() {
            Some(bundle) => {
                let entries = self.check.objects.bundle(bundle, &mut self.buffer).ok()?;
                entries.leaf_hashes().into_iter().map(Some).collect()
            }
            None => self.roots_below(coord),
        };
        let hashes: Option<Vec<_>> = below
            .into_iter()
            .take(coord.width.as_usize())
            .enumerate()
            .map(|(slot, hash)| hash.or_else(|| stored.map(|tile| tile.hashes()[slot])))
            .collect();
        HashTile::new(hashes?).ok()
    }

    /// The roots of the stored tiles below a tile. A missing one is computed from the objects below
    /// it.
    fn roots_below(&mut self, coord: TileCoord) -> Vec<Option<Hash>> {
        (0..coord.width.as_usize())
            .map(|slot| {
                let child = child(coord, slot);
                let stored = self.check.objects.tile(child, &mut self.buffer).ok();
                stored.or_else(|| self.derive(child, None)).map(|tile| tile.root())
            })
            .collect()
    }

    /// Reads the stored tile. Reports it if it is missing or malformed.
    fn stored(&mut self, coord: TileCoord) -> Option<HashTile> {
        self.read(coord, true)
    }

    fn read(&mut self, coord: TileCoord, is_counted: bool) -> Option<HashTile> {
        match self.check.objects.tile(coord, &mut self.buffer) {
            Ok(tile) => {
                self.check.findings.count_objects(u64::from(is_counted));
                Some(tile)
            }
            Err(fault) => {
                self.check.findings.add(coord, fault);
                None
            }
        }
    }
}

impl Edge {
    /// The hashes to expect below the tile.
    fn hashes(&self, sound: bool) -> Vec<Option<Hash>> {
        let hash = |tile: &Option<HashTile>, slot: usize| {
            tile.as_ref().and_then(|tile| tile.hashes().get(slot).copied())
        };
        (0..self.coord.width.as_usize())
            .map(|slot| {
                let stored = hash(&self.stored, slot);
                stored.filter(|_| sound || stored == hash(&self.derived, slot))
            })
            .collect()
    }
}

/// The full tile whose root is in a slot of a tile above level 0.
fn child(coord: TileCoord, slot: usize) -> TileCoord {
    coord.child(slot).expect("the tile is above level 0 and has the slot")
}
