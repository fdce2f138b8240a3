//! Inclusion proofs of leaves in published trees. Each is verified before anyone gets it.

use fasti_grow::tree;
use fasti_store::{ObjectPath, Store, StoreError};
use tiles_spec::{Hash, LeafIndex, ProofPlan, TileMap, TreeSize, plan_inclusion, verify_inclusion};

use crate::publication::Publication;

/// A proof could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The leaf is not in that tree.
    #[error("leaf {index} is not in the tree of size {size}")]
    OutOfTree {
        /// The leaf.
        index: LeafIndex,
        /// The tree.
        size: TreeSize,
    },
    /// A tile is missing (I3).
    #[error("the tile {0} is missing")]
    MissingTile(ObjectPath),
    /// The tiles do not prove that this leaf is at this index.
    #[error("the tiles do not prove that the leaf is at index {index}")]
    NotProved {
        /// The index.
        index: LeafIndex,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Proves a leaf of the batch that led to this publication.
pub(super) fn prove_from_memory(
    publication: &Publication,
    leaf: &Hash,
    index: LeafIndex,
) -> Result<Vec<Hash>, ProveError> {
    let plan = plan(publication, index)?;
    let proof = plan.build(&*publication.tiles).map_err(|_| ProveError::NotProved { index })?;
    verified(publication, leaf, index, proof)
}

/// Proves any leaf of a published tree, if need be from the tiles in the store.
pub(super) async fn prove(
    objects: &dyn Store,
    publication: &Publication,
    leaf: &Hash,
    index: LeafIndex,
) -> Result<Vec<Hash>, ProveError> {
    let plan = plan(publication, index)?;
    let proof = match plan.build(&*publication.tiles) {
        Ok(proof) => proof,
        Err(_) => build_from_store(objects, &plan, index).await?,
    };
    verified(publication, leaf, index, proof)
}

fn plan(publication: &Publication, index: LeafIndex) -> Result<ProofPlan, ProveError> {
    let size = publication.head.size;
    plan_inclusion(index, size).map_err(|_| ProveError::OutOfTree { index, size })
}

async fn build_from_store(
    objects: &dyn Store,
    plan: &ProofPlan,
    index: LeafIndex,
) -> Result<Vec<Hash>, ProveError> {
    let mut tiles = TileMap::default();
    for &coord in plan.tiles() {
        let tile = tree::tile(objects, coord).await?;
        tiles.insert(coord, tile.ok_or_else(|| ProveError::MissingTile(coord.into()))?);
    }
    plan.build(&tiles).map_err(|_| ProveError::NotProved { index })
}

fn verified(
    publication: &Publication,
    leaf: &Hash,
    index: LeafIndex,
    proof: Vec<Hash>,
) -> Result<Vec<Hash>, ProveError> {
    match verify_inclusion(leaf, index, &publication.head, &proof) {
        Ok(()) => Ok(proof),
        Err(_) => Err(ProveError::NotProved { index }),
    }
}
