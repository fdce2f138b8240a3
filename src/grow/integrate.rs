//! Integrate: turns the right edge of the tree and a batch of leaves into the tiles, bundles and
//! root of the grown tree. Pure: the same edge and batch give the same bytes.
//!
//! The edge keeps, for each tile level, the hashes of the one tile that is not full yet, and the
//! entries of the bundle that is not full yet. [`Edge::integrate`] fills them level by level, the
//! way tiles are defined. The guard recomputes the root in another way (I6).

use bytes::Bytes;
use tiles_spec::{
    ENTRY_BYTES_MAX, Frontier, Hash, HashTile, TileCoord, TileMap, TreeHead, TreeSize,
    append_entry, leaf_hash, plan_root,
    tile::{bundles_for_growth, edge_bundle, edge_tiles, tiles_for_growth},
};

use fasti_store::NewObject;

/// An entry with its leaf hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The submitted bytes, at most [`ENTRY_BYTES_MAX`].
    pub entry: Bytes,
    /// Their leaf hash.
    pub hash: Hash,
}

impl Leaf {
    /// Hashes an entry; `None` if it is too long.
    pub fn new(entry: Bytes) -> Option<Self> {
        let hash = leaf_hash(&entry);
        (entry.len() <= ENTRY_BYTES_MAX).then_some(Self { entry, hash })
    }
}

/// The right edge of the tree: all that is needed to grow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    size: TreeSize,
    /// For each tile level, the 0 to 255 hashes of its unfinished tile.
    levels: Vec<Vec<Hash>>,
    /// The unfinished entry bundle: u16 length and bytes for each of its entries.
    bundle: Vec<u8>,
}

/// The result of adding a batch to the tree.
#[derive(Clone, Debug)]
pub struct Integrated {
    /// The grown tree.
    pub head: TreeHead,
    /// The tiles and bundles that the growth implies, full and partial, as they are stored.
    pub objects: Vec<NewObject>,
    /// These hash tiles and every unfinished tile of the grown tree: enough to prove the inclusion
    /// of each leaf of the batch.
    pub tiles: TileMap,
}

/// The tiles of the right edge do not match the tree head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} does not hash to the root of the tree of size {size}")]
pub struct EdgeError {
    /// The damaged tile or bundle, or all tiles that may be damaged.
    pub path: String,
    /// The tree.
    pub size: TreeSize,
}

impl Edge {
    /// The edge of the empty tree.
    pub fn empty() -> Self {
        Self { size: TreeSize::ZERO, levels: Vec::new(), bundle: Vec::new() }
    }

    /// Builds the edge of the tree `head` from its unfinished tiles ([`edge_tiles`]) and entry
    /// bundle, and checks them all against the root (I10).
    pub fn load(head: TreeHead, tiles: &TileMap, bundle: Vec<u8>) -> Result<Self, EdgeError> {
        let failed = |path: String| EdgeError { path, size: head.size };
        let coords = edge_tiles(head.size);
        let names = || coords.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let mut levels = Vec::new();
        for coord in &coords {
            let level = usize::from(coord.level.get());
            levels.resize(level + 1, Vec::new());
            let hashes = tiles_spec::TileSource::tile(tiles, coord.level, coord.index, coord.width)
                .ok_or_else(|| failed(coord.to_string()))?;
            levels[level] = hashes[..coord.width.as_usize()].to_vec();
        }
        if root_of(head.size, tiles) != Some(head.root) {
            return Err(failed(names()));
        }
        let edge = Self { size: head.size, levels, bundle };
        let bundled = entry_hashes(&edge.bundle);
        if bundled.as_deref() != Some(edge.level(0)) {
            let bundle = edge_bundle(head.size);
            return Err(failed(bundle.map_or_else(names, |b| b.to_string())));
        }
        Ok(edge)
    }

    /// The number of leaves of the tree.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The size in bytes of the unfinished bundle, which every batch rewrites.
    pub fn bundle_bytes(&self) -> usize {
        self.bundle.len()
    }

    /// The entries of the unfinished bundle, each after its length.
    pub fn bundle(&self) -> &[u8] {
        &self.bundle
    }

    /// The unfinished tiles.
    pub fn tiles(&self) -> TileMap {
        let mut tiles = TileMap::default();
        self.add_unfinished(&mut tiles);
        tiles
    }

    fn level(&self, level: usize) -> &[Hash] {
        self.levels.get(level).map_or(&[], Vec::as_slice)
    }

    /// Grows the tree by `leaves`; `None` if it would exceed the largest tree size.
    pub fn integrate(&mut self, leaves: &[Leaf]) -> Option<Integrated> {
        let size = self.size.checked_add(leaves.len() as u64)?;
        let mut objects = Vec::new();
        self.fill_bundles(leaves, size, &mut objects);
        let mut tiles = TileMap::default();
        let mut new: Vec<Hash> = leaves.iter().map(|leaf| leaf.hash).collect();
        for coords in tiles_for_growth(self.size, size).chunk_by(|a, b| a.level == b.level) {
            new = self.fill_level(coords, &new, &mut tiles, &mut objects);
        }
        self.size = size;
        self.add_unfinished(&mut tiles);
        let root = root_of(size, &tiles).expect("the unfinished tiles are all there");
        Some(Integrated { head: TreeHead { size, root }, objects, tiles })
    }

    /// Fills the entry bundle, and as many more as needed for a tree of `size`.
    fn fill_bundles(&mut self, leaves: &[Leaf], size: TreeSize, objects: &mut Vec<NewObject>) {
        let mut bundled = self.level(0).len();
        let mut rest = leaves;
        for coord in bundles_for_growth(self.size, size) {
            let (now, later) = rest.split_at(coord.width.as_usize() - bundled);
            for leaf in now {
                append_entry(&mut self.bundle, &leaf.entry).expect("a leaf's entry is in bounds");
            }
            let is_full = coord.width.is_full();
            let bytes =
                if is_full { std::mem::take(&mut self.bundle) } else { self.bundle.clone() };
            objects.push(NewObject { path: coord.into(), bytes: bytes.into() });
            (rest, bundled) = (later, 0);
        }
    }

    /// Appends `new` hashes to a level, whose tiles at `coords` they fill, and returns the hashes
    /// that the finished tiles add to the level above.
    fn fill_level(
        &mut self,
        coords: &[TileCoord],
        new: &[Hash],
        tiles: &mut TileMap,
        objects: &mut Vec<NewObject>,
    ) -> Vec<Hash> {
        let mut above = Vec::new();
        let mut rest = new;
        for coord in coords {
            let level = usize::from(coord.level.get());
            if self.levels.len() <= level {
                self.levels.resize(level + 1, Vec::new());
            }
            let unfinished = &mut self.levels[level];
            let (now, later) = rest.split_at(coord.width.as_usize() - unfinished.len());
            unfinished.extend_from_slice(now);
            let tile = HashTile::new(unfinished.clone()).expect("1 to 256 hashes");
            objects.push(NewObject { path: (*coord).into(), bytes: tile.encode().into() });
            if coord.width.is_full() {
                above.push(tile.root());
                unfinished.clear();
            }
            tiles.insert(*coord, tile);
            rest = later;
        }
        above
    }

    fn add_unfinished(&self, tiles: &mut TileMap) {
        for coord in edge_tiles(self.size) {
            let hashes = self.level(usize::from(coord.level.get())).to_vec();
            tiles.insert(coord, HashTile::new(hashes).expect("an unfinished tile is not empty"));
        }
    }
}

/// The leaf hashes of the entries in an unfinished bundle; `None` if it is malformed.
fn entry_hashes(mut bundle: &[u8]) -> Option<Vec<Hash>> {
    let mut hashes = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        hashes.push(leaf_hash(entry));
        bundle = rest;
    }
    Some(hashes)
}

/// The root of the tree of `size` from its tiles; `None` if one that is needed is missing.
pub fn root_of(size: TreeSize, tiles: &TileMap) -> Option<Hash> {
    let nodes = plan_root(size).build(tiles).ok()?;
    Some(Frontier::from_nodes(size, nodes).ok()?.root())
}
