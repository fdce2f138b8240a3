//! The copy of one log: its bundles and tiles in the store, and its right edge in memory.
//!
//! Full bundles and tiles are written as soon as they are full, in order; those that are not, once
//! a checkpoint is cosigned that ends with them. So how many entries there are can be found from
//! the files alone. A restart loses at most the entries of one bundle, which clients upload again.
//!
//! Invariants: [`Copy::append`] and [`Copy::complete`] return once everything is durable. The full
//! tile of a bundle's leaves is written after all that its entries imply, so whoever finds it finds
//! all of that. Nothing here is verified: the caller appends only what was.

use std::sync::Arc;

use bytes::Bytes;
use fasti_grow::integrate::root_of;
use fasti_grow::{Edge, EdgeError, Leaf, TreeError, tree, write_once};
use fasti_seams::clock::Clock;
use fasti_store::{NewObject, ObjectPath, Store, StoreError};
use futures::future::try_join_all;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tiles_spec::tile::{bundle_indices, edge_bundle, edge_tiles};
use tiles_spec::{
    EntryBundle, Hash, HashTile, Level, ResourcePath, TileCoord, TileIndex, TileMap,
    TileSource as _, TileWidth, TreeHead, TreeSize, append_entry,
};

/// Most tiles that are read at once.
const READS_MAX: usize = 32;

/// The copy of one log.
pub(super) struct Copy {
    objects: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    edge: Edge,
}

impl Copy {
    /// Finds out what there is. `cosigned` is the size of the checkpoint that was cosigned last.
    pub async fn open(
        objects: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        cosigned: TreeSize,
    ) -> Result<Self, TreeError> {
        let size = size(&*objects, &*clock, cosigned).await?;
        let coords = edge_tiles(size).into_iter();
        let tiles = try_join_all(coords.map(|coord| unfinished(&*objects, coord))).await?;
        let tiles: TileMap = tiles.into_iter().fold(TileMap::new(), |mut map, (coord, tile)| {
            map.insert(coord, tile);
            map
        });
        let root = root_of(size, &tiles).expect("the unfinished tiles are all there");
        let head = TreeHead { size, root };
        let bundle = tree::unfinished_bundle(&*objects, head).await?;
        let edge = Edge::load(head, &tiles, bundle)?;
        Ok(Self { objects, clock, edge })
    }

    /// How many entries there are.
    pub fn size(&self) -> TreeSize {
        self.edge.size()
    }

    /// The first leaf hashes of a bundle, all of which there must be.
    pub async fn leaves(&self, bundle: TileIndex, count: usize) -> Result<Vec<Hash>, TreeError> {
        let Some(width) = TileWidth::new(u16::try_from(count).unwrap_or(u16::MAX)) else {
            return Ok(Vec::new());
        };
        let coord = TileCoord { level: Level::ZERO, index: bundle, width };
        let tile = self.tile(coord, &self.edge.tiles()).await?;
        Ok(tile.hashes().to_vec())
    }

    /// Appends the leaves of one bundle that come next.
    pub async fn append(&mut self, leaves: &[Leaf]) -> Result<(), StoreError> {
        // Whoever is interrupted here finds everything as it was, and writes the same again.
        let mut edge = self.edge.clone();
        let grown = edge.integrate(leaves).expect("as many as a signed tree has");
        let full = grown.objects.into_iter().filter(|object| is_full(&object.path));
        let (last, first): (Vec<_>, Vec<_>) = full.partition(|object| is_of_leaves(&object.path));
        self.write(first).await?;
        self.write(last).await?;
        self.edge = edge;
        Ok(())
    }

    /// Writes what a checkpoint of this tree implies and is not there yet, which are parts of what
    /// there is. If there is another tree of its size, returns `false` and writes nothing.
    pub async fn complete(&self, head: TreeHead) -> Result<bool, TreeError> {
        let size = head.size;
        let (held, mut tiles, mut objects) = (self.edge.tiles(), TileMap::new(), Vec::new());
        for coord in edge_tiles(size) {
            let tile = self.tile(coord, &held).await?;
            objects.push(NewObject { path: coord.into(), bytes: tile.encode().into() });
            tiles.insert(coord, tile);
        }
        if root_of(size, &tiles) != Some(head.root) {
            return Ok(false);
        }
        if let Some(coord) = edge_bundle(size) {
            let held = edge_bundle(self.size()).filter(|held| held.index == coord.index);
            let bytes = match held {
                Some(held) => cut(self.edge.bundle(), held.width, coord.width, size)?,
                None => tree::unfinished_bundle(&*self.objects, head).await?,
            };
            objects.push(NewObject { path: coord.into(), bytes: bytes.into() });
        }
        self.write(objects).await?;
        Ok(true)
    }

    /// A tile as narrow as it was when the tree ended with it.
    async fn tile(&self, coord: TileCoord, held: &TileMap) -> Result<HashTile, TreeError> {
        let hashes = held.tile(coord.level, coord.index, coord.width);
        let tile = match hashes {
            Some(hashes) => Some(HashTile::new(hashes.to_vec()).expect("1 to 256 hashes")),
            None => tree::tile(&*self.objects, coord).await?,
        };
        let missing = || TreeError::Missing { path: coord.into() };
        tile.and_then(|tile| tile.truncate(coord.width).ok()).ok_or_else(missing)
    }

    async fn write(&self, objects: Vec<NewObject>) -> Result<(), StoreError> {
        let write = objects
            .iter()
            .map(|NewObject { path, bytes }| write_once(&*self.objects, &*self.clock, path, bytes));
        try_join_all(write).await.map(drop)
    }
}

/// How many entries there are: those of the checkpoint that was cosigned last, and full bundles
/// beyond it.
async fn size(
    objects: &dyn Store,
    clock: &dyn Clock,
    cosigned: TreeSize,
) -> Result<TreeSize, TreeError> {
    let coord = |index| TileCoord {
        level: Level::ZERO,
        index: TileIndex::new(index),
        width: TileWidth::FULL,
    };
    let is_there = async |index: u64| {
        Ok::<_, StoreError>(objects.length(&coord(index).into()).await?.is_some())
    };
    // Ever larger steps up to one that is missing, then halves.
    let known = bundle_indices(cosigned, TreeSize::MAX).start.get();
    let (mut there, mut step) = (known, 1);
    while is_there(there + step - 1).await? {
        (there, step) = (there + step, step * 2);
    }
    let mut missing = there + step - 1;
    while there < missing {
        let middle = there + (missing - there) / 2;
        if is_there(middle).await? { there = middle + 1 } else { missing = middle }
    }
    let Some(last) = there.checked_sub(1).filter(|_| there > known).map(coord) else {
        return Ok(cosigned);
    };
    // It may be there without being safe on the disk.
    let path = ObjectPath::from(last);
    if let Some(tile) = objects.get(&path).await? {
        write_once(objects, clock, &path, &tile.bytes).await?;
    }
    Ok(last.bundle().and_then(|bundle| bundle.end()).unwrap_or(cosigned))
}

/// Reads an unfinished tile, or computes it from the tiles below.
async fn unfinished(
    objects: &dyn Store,
    coord: TileCoord,
) -> Result<(TileCoord, HashTile), TreeError> {
    let missing = |coord: TileCoord| TreeError::Missing { path: coord.into() };
    if let Some(tile) = tree::tile(objects, coord).await? {
        let tile = tile.truncate(coord.width).map_err(|_| missing(coord))?;
        return Ok((coord, tile));
    }
    let below = (0..coord.width.as_usize()).map(|slot| coord.child(slot));
    let below: Option<Vec<_>> = below.collect();
    let roots = stream::iter(below.ok_or_else(|| missing(coord))?).map(async |child| {
        let tile = tree::tile(objects, child).await?.ok_or_else(|| missing(child))?;
        Ok::<_, TreeError>(tile.root())
    });
    let roots: Vec<Hash> = roots.buffered(READS_MAX).try_collect().await?;
    Ok((coord, HashTile::new(roots).map_err(|_| missing(coord))?))
}

/// The first entries of a bundle.
fn cut(
    bundle: &[u8],
    from: TileWidth,
    to: TileWidth,
    size: TreeSize,
) -> Result<Vec<u8>, EdgeError> {
    let bundle = EntryBundle::decode(bundle, from)
        .map_err(|_| EdgeError { path: "the unfinished bundle".to_owned(), size })?;
    let mut cut = Vec::new();
    for entry in bundle.entries().take(to.as_usize()) {
        append_entry(&mut cut, entry).expect("an entry of a bundle is in bounds");
    }
    Ok(cut)
}

fn is_full(path: &ObjectPath) -> bool {
    match path.as_str().parse() {
        Ok(ResourcePath::Tile(tile)) => tile.width.is_full(),
        Ok(ResourcePath::Bundle(bundle)) => bundle.width.is_full(),
        Ok(ResourcePath::Checkpoint) | Err(_) => false,
    }
}

fn is_of_leaves(path: &ObjectPath) -> bool {
    let tile = path.as_str().parse();
    matches!(tile, Ok(ResourcePath::Tile(tile)) if tile.level == Level::ZERO)
}

/// A leaf whose hash was computed before.
pub(super) fn leaf(bundle: &Bytes, entry: &[u8], hash: Hash) -> Leaf {
    Leaf { entry: bundle.slice_ref(entry), hash }
}
