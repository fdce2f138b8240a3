//! A log as one signed checkpoint shows it (C2SP tlog-tiles, tlog-checkpoint).
//!
//! Invariants: no hash of a tile is used before it leads to the root of the checkpoint: the partial
//! tiles of the right edge make that root together, every full tile is one hash of the tile above
//! it. No entry is handed out before its hash is the one in its tile. Tiles held are bounded.
//!
//! A partial tile or bundle that has gone is cut from the full one, which a log may have put in its
//! place.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::try_join_all;
use tiles_spec::{
    BundleCoord, EntryBundle, Frontier, Hash, HashTile, LeafIndex, Level, ProofError, ProofPlan,
    ResourcePath, TileCoord, TileIndex, TileMap, TileSource, TreeHead, TreeSize, leaf_hash,
    plan_consistency, plan_inclusion, plan_root, tile::edge_tiles, verify_consistency,
    verify_inclusion,
};

use super::description::Description;
use super::fetch::{Fetch, FetchError};
use super::proven::ProvenEntry;
use super::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};

/// Most tiles held, 8 KiB each. A proof needs fewer than 20.
const TILES_MAX: usize = 1024;

/// A log at one verified tree head.
pub struct View {
    fetch: Arc<dyn Fetch>,
    checkpoint: OpenedCheckpoint,
    /// Verified tiles.
    tiles: TileMap,
}

/// The proof that a later tree grew from an earlier one.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// The earlier tree.
    pub old: TreeHead,
    /// The later tree.
    pub new: TreeHead,
    /// RFC 6962 section 2.1.2.
    pub proof: Vec<Hash>,
}

/// Why a log could not be read, or is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An object is out of reach or malformed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// There is no checkpoint: no log here.
    #[error("there is no log: nothing at {place}")]
    NoLog {
        /// Where it should be.
        place: String,
    },
    /// The checkpoint is not believed.
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointRefusal),
    /// An object that the checkpoint implies is not there.
    #[error("{place} is missing, which the signed checkpoint implies")]
    Missing {
        /// The object.
        place: String,
    },
    /// An object does not hold what the checkpoint implies.
    #[error("{place} does not belong to the signed tree: {reason}")]
    Damaged {
        /// The object.
        place: String,
        /// Why not.
        reason: String,
    },
    /// The tree does not have what was asked for, or a proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl ReadError {
    /// Whether the log itself is at fault, rather than the way to it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_damage(),
            Self::NoLog { .. } => false,
            _ => true,
        }
    }
}

impl View {
    /// Reads the checkpoint and the right edge of the tree, and verifies both.
    pub async fn open(fetch: Arc<dyn Fetch>, trust: &Trust) -> Result<Self, ReadError> {
        let path = ResourcePath::Checkpoint;
        let bytes = fetch.fetch(&path).await?;
        let bytes = bytes.ok_or_else(|| ReadError::NoLog { place: fetch.place(&path) })?;
        Self::at(fetch, trust.open(&bytes)?).await
    }

    /// The log at a checkpoint that is known already.
    pub async fn at(
        fetch: Arc<dyn Fetch>,
        checkpoint: OpenedCheckpoint,
    ) -> Result<Self, ReadError> {
        let mut view = Self { fetch, checkpoint, tiles: TileMap::new() };
        view.load_edge().await?;
        Ok(view)
    }

    /// The checkpoint.
    pub const fn checkpoint(&self) -> &OpenedCheckpoint {
        &self.checkpoint
    }

    /// Whether the log says that it was frozen with this very tree.
    pub async fn is_last(&self) -> Result<bool, FetchError> {
        let json = self.fetch.description().await?.unwrap_or_default();
        Ok(Description::parse(&json).last_tree() == Some(self.head()))
    }

    /// Size and root of the tree.
    pub const fn head(&self) -> TreeHead {
        self.checkpoint.head()
    }

    /// An entry, verified against the tree, with its inclusion proof.
    pub async fn entry(&mut self, index: LeafIndex) -> Result<ProvenEntry, ReadError> {
        let size = self.head().size;
        let bundle =
            BundleCoord::holding(index, size).ok_or(ProofError::NotInTree { index, size })?;
        self.load([bundle.tile()]).await?;
        let proof = self.build(&plan_inclusion(index, size)?).await?;
        let expected = self.hashes(bundle.tile())?[index.slot()];
        let (place, bytes) = self.fetch_entry(bundle, index.slot()).await?;
        let leaf = leaf_hash(&bytes);
        if leaf != expected {
            let reason = format!("entry {index} does not hash to its leaf in the tree");
            return Err(ReadError::Damaged { place, reason });
        }
        verify_inclusion(&leaf, index, &self.head(), &proof)?;
        Ok(ProvenEntry { index, bytes, leaf, proof })
    }

    /// The proof between two trees of this log, the later one no larger than the view's.
    pub async fn consistency(
        &mut self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Consistency, ReadError> {
        if new > self.head().size {
            return Err(ProofError::Shrunk { old: new, new: self.head().size }.into());
        }
        let plan = plan_consistency(old, new)?;
        let (old, new) = (self.head_at(old).await?, self.head_at(new).await?);
        let proof = self.build(&plan).await?;
        verify_consistency(&old, &new, &proof)?;
        Ok(Consistency { old, new, proof })
    }

    /// The head that the log's tree had at an earlier size.
    pub async fn head_at(&mut self, size: TreeSize) -> Result<TreeHead, ReadError> {
        if size > self.head().size {
            return Err(ProofError::Shrunk { old: size, new: self.head().size }.into());
        }
        let nodes = self.build(&plan_root(size)).await?;
        let frontier = Frontier::from_nodes(size, nodes);
        Ok(frontier.expect("a plan yields the frontier of its size").head())
    }

    /// The whole of a plan's tiles, then the plan.
    async fn build(&mut self, plan: &ProofPlan) -> Result<Vec<Hash>, ReadError> {
        self.load(plan.tiles().iter().copied()).await?;
        Ok(plan.build(&self.tiles)?)
    }

    /// The partial tiles: what they make must be the signed root.
    async fn load_edge(&mut self) -> Result<(), ReadError> {
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
        let reason = format!("together they make the root {root}, not {}", head.root);
        Err(ReadError::Damaged { place: places.join(", "), reason })
    }

    /// Fetches and verifies what is not held of these tiles, at the widths that this view's tree
    /// makes them, and of the tiles above them.
    async fn load(&mut self, coords: impl IntoIterator<Item = TileCoord>) -> Result<(), ReadError> {
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
        // From the top: a tile is believed when the one above it, believed already, has its root.
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

    fn hashes(&self, tile: TileCoord) -> Result<&[Hash], ReadError> {
        let held = self.tiles.tile(tile.level, tile.index, tile.width);
        held.ok_or_else(|| ProofError::MissingTile(tile).into())
    }

    /// Forgets all but the edge when there is too much to hold.
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
            let (place, bytes, read) = self
                .fetch_or_wider(ResourcePath::Tile(coord), ResourcePath::Tile(coord.full()))
                .await?;
            let width = if read == ResourcePath::Tile(coord) { coord.width } else { FULL };
            let tile = HashTile::decode(&bytes, width).and_then(|tile| tile.truncate(coord.width));
            let damaged = |error: tiles_spec::TileError| ReadError::Damaged {
                place,
                reason: error.to_string(),
            };
            Ok((coord, tile.map_err(damaged)?))
        }))
        .await
    }

    /// One entry of a bundle, and where it was read. Not verified.
    async fn fetch_entry(
        &self,
        bundle: BundleCoord,
        slot: usize,
    ) -> Result<(String, Vec<u8>), ReadError> {
        let (exact, full) = (ResourcePath::Bundle(bundle), ResourcePath::Bundle(bundle.full()));
        let (place, bytes, read) = self.fetch_or_wider(exact, full).await?;
        let width = if read == exact { bundle.width } else { FULL };
        let entries = EntryBundle::decode(bytes, width)
            .map_err(|e| ReadError::Damaged { place: place.clone(), reason: e.to_string() })?;
        let entry = entries.entry(slot).expect("the slot is below the width").to_vec();
        Ok((place, entry))
    }

    /// An object, or the full one that may have replaced it: where, its bytes, and which.
    async fn fetch_or_wider(
        &self,
        exact: ResourcePath,
        full: ResourcePath,
    ) -> Result<(String, Vec<u8>, ResourcePath), ReadError> {
        let paths = if exact == full { &[exact][..] } else { &[exact, full] };
        for &path in paths {
            if let Some(bytes) = self.fetch.fetch(&path).await? {
                return Ok((self.fetch.place(&path), bytes, path));
            }
        }
        Err(ReadError::Missing { place: self.fetch.place(&exact) })
    }
}

const FULL: tiles_spec::TileWidth = tiles_spec::TileWidth::FULL;

/// The tile that holds the root of a full one.
fn above(level: Level, index: TileIndex) -> Option<(Level, TileIndex)> {
    let level = Level::new(level.get() + 1)?;
    Some((level, TileIndex::new(index.get() >> 8)))
}

/// Where in that tile.
fn slot_above(index: TileIndex) -> usize {
    usize::from(index.get().to_le_bytes()[0])
}

#[cfg(test)]
mod tests;
