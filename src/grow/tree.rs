//! Tree: parts of a published tree, read back from its stored tiles, many at once.
//!
//! Invariant: corrupt bytes are an error with a path, and are never hashed into a root (I14).

use std::collections::BTreeSet;

use fasti_store::{ObjectPath, Store, StoreError};
use futures::future::{try_join, try_join_all};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tiles_spec::{
    EntryBundle, Frontier, Hash, HashTile, LeafIndex, ProofError, TileCoord, TileMap, TileWidth,
    TreeHead, TreeSize, append_entry, plan_consistency, plan_root,
    tile::{edge_bundle, edge_tiles, tiles_of_leaves},
    verify_consistency,
};

use crate::integrate::EdgeError;

/// Most tiles that are read at once.
const READS_MAX: usize = 32;

/// Why a part of a tree could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A tile or bundle is missing.
    #[error("{path} is missing; restore it from a mirror or a backup")]
    Missing {
        /// The object.
        path: ObjectPath,
    },
    /// A tile or bundle is damaged (I14).
    #[error("{0}; restore it from a mirror or a backup (`fasti fsck` lists every damaged file)")]
    Damaged(#[from] EdgeError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl TreeError {
    /// Whether the store may recover.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }
}

/// Reads a hash tile; if a partial tile is gone because its full tile exists, reads that one.
pub async fn tile(objects: &dyn Store, coord: TileCoord) -> Result<Option<HashTile>, StoreError> {
    for coord in [coord, coord.full()] {
        let path = ObjectPath::from(coord);
        if let Some(object) = objects.get(&path).await? {
            return match HashTile::decode(&object.bytes, coord.width) {
                Ok(tile) => Ok(Some(tile)),
                Err(error) => {
                    Err(StoreError::Corrupt { path: path.to_string(), reason: error.to_string() })
                }
            };
        }
    }
    Ok(None)
}

/// Reads the unfinished tiles and bundle of a tree.
pub async fn edge(objects: &dyn Store, head: TreeHead) -> Result<(TileMap, Vec<u8>), TreeError> {
    let tiles = tiles_of(objects, edge_tiles(head.size), head);
    try_join(tiles, unfinished_bundle(objects, head)).await
}

/// Reads the unfinished bundle of a tree.
pub async fn unfinished_bundle(objects: &dyn Store, head: TreeHead) -> Result<Vec<u8>, TreeError> {
    let Some(coord) = edge_bundle(head.size) else { return Ok(Vec::new()) };
    let path = ObjectPath::from(coord);
    if let Some(object) = objects.get(&path).await? {
        return Ok(object.bytes.into());
    }
    // The partial bundle was superseded by the full one.
    let full = coord.full();
    let object = objects.get(&full.into()).await?;
    let bytes = object.ok_or(TreeError::Missing { path: path.clone() })?.bytes;
    let bundle = EntryBundle::decode(bytes, TileWidth::FULL)
        .map_err(|_| EdgeError { path: full.to_string(), size: head.size })?;
    let mut cut = Vec::new();
    for entry in bundle.entries().take(coord.width.as_usize()) {
        append_entry(&mut cut, entry).expect("an entry of a bundle is in bounds");
    }
    Ok(cut)
}

async fn edge_tile(
    objects: &dyn Store,
    coord: TileCoord,
    head: TreeHead,
) -> Result<HashTile, TreeError> {
    match tile(objects, coord).await {
        Ok(Some(tile)) => Ok(tile),
        Ok(None) => Err(TreeError::Missing { path: coord.into() }),
        Err(StoreError::Corrupt { path, .. }) => {
            Err(TreeError::Damaged(EdgeError { path, size: head.size }))
        }
        Err(error) => Err(error.into()),
    }
}

/// The frontier of the tree at an earlier size, from the tiles; `None` if they are missing.
pub async fn frontier_at(
    objects: &dyn Store,
    size: TreeSize,
) -> Result<Option<Frontier>, TreeError> {
    let plan = plan_root(size);
    let read = plan.tiles().iter().map(async |coord| {
        let tile = tile(objects, *coord).await?;
        Ok::<_, StoreError>((*coord, tile))
    });
    let mut tiles = TileMap::default();
    for (coord, tile) in try_join_all(read).await? {
        let Some(tile) = tile else { return Ok(None) };
        tiles.insert(coord, tile);
    }
    let nodes = plan.build(&tiles).ok();
    Ok(nodes.and_then(|nodes| Frontier::from_nodes(size, nodes).ok()))
}

/// The heads that the tree `head` had at these sizes, none of which is larger. All are proved by
/// tiles that hash to `head`; anything missing or wrong is an error.
pub async fn heads_before(
    objects: &dyn Store,
    sizes: &[TreeSize],
    head: TreeHead,
) -> Result<Vec<TreeHead>, TreeError> {
    let damaged = damaged(head.size);
    let (mut plans, mut coords) = (Vec::new(), BTreeSet::new());
    for &size in sizes {
        let (root, growth) =
            (plan_root(size), plan_consistency(size, head.size).map_err(&damaged)?);
        for coord in root.tiles().iter().chain(growth.tiles()) {
            // As wide as they are in the tree `head`.
            coords.extend(TileCoord::at(head.size, coord.level, coord.index));
        }
        plans.push((size, root, growth));
    }
    let tiles = tiles_of(objects, coords, head).await?;
    let mut heads = Vec::new();
    for (size, root, growth) in plans {
        let (nodes, proof) = (root.build(&tiles), growth.build(&tiles));
        let (nodes, proof) = (nodes.map_err(&damaged)?, proof.map_err(&damaged)?);
        let frontier = Frontier::from_nodes(size, nodes);
        let earlier = frontier.expect("as many nodes as were planned").head();
        verify_consistency(&earlier, &head, &proof).map_err(&damaged)?;
        heads.push(earlier);
    }
    Ok(heads)
}

/// The proof that the tree `head` begins with the tree of size `old`, which is not larger. Reads
/// from the store only what `known` lacks.
pub async fn consistency(
    objects: &dyn Store,
    known: &TileMap,
    old: TreeSize,
    head: TreeHead,
) -> Result<Vec<Hash>, TreeError> {
    let damaged = damaged(head.size);
    let plan = plan_consistency(old, head.size).map_err(&damaged)?;
    if let Ok(proof) = plan.build(known) {
        return Ok(proof);
    }
    // As wide as they are in the tree `head`.
    let coords = plan.tiles().iter();
    let coords = coords.filter_map(|coord| TileCoord::at(head.size, coord.level, coord.index));
    let tiles = tiles_of(objects, coords, head).await?;
    Ok(plan.build(&tiles).map_err(damaged)?)
}

/// The error for tiles that do not fit together.
fn damaged(size: TreeSize) -> impl Fn(ProofError) -> EdgeError {
    move |_| EdgeError { path: "a hash tile".to_owned(), size }
}

async fn tiles_of(
    objects: &dyn Store,
    coords: impl IntoIterator<Item = TileCoord>,
    head: TreeHead,
) -> Result<TileMap, TreeError> {
    let read = coords
        .into_iter()
        .map(async |coord| Ok::<_, TreeError>((coord, edge_tile(objects, coord, head).await?)));
    let mut tiles = TileMap::default();
    for (coord, tile) in try_join_all(read).await? {
        tiles.insert(coord, tile);
    }
    Ok(tiles)
}

/// The leaf hashes of the leaves `from..to`, from the tiles of the tree of `size`. The caller must
/// check that they belong to the tree.
pub async fn leaves(
    objects: &dyn Store,
    from: TreeSize,
    to: TreeSize,
    size: TreeSize,
) -> Result<Vec<(Hash, LeafIndex)>, TreeError> {
    let read = stream::iter(tiles_of_leaves(from, to, size)).map(async |coord| {
        let tile = tile(objects, coord).await?;
        let tile = tile.ok_or(TreeError::Missing { path: coord.into() })?;
        Ok::<_, TreeError>((coord, tile))
    });
    let mut read = std::pin::pin!(read.buffered(READS_MAX));
    let mut leaves = Vec::new();
    while let Some((coord, tile)) = read.try_next().await? {
        let start = coord.start_leaf().map(LeafIndex::tree_size_before);
        let indices = start.into_iter().flat_map(TreeSize::next_leaves);
        let indexed = tile.hashes().iter().copied().zip(indices);
        leaves.extend(indexed.filter(|(_, index)| !from.contains(*index) && to.contains(*index)));
    }
    Ok(leaves)
}
