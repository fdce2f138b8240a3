//! Why a proof does not hold, or cannot be built.

use thiserror::Error;

use crate::hash::Hash;
use crate::size::{LeafIndex, TreeSize};
use crate::tile::TileCoord;

/// Why a proof does not hold, or cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The tree does not have the leaf.
    #[error("leaf {index} is not in a tree of size {size}")]
    NotInTree {
        /// The requested leaf.
        index: LeafIndex,
        /// Size of the tree.
        size: TreeSize,
    },
    /// A tree is never consistent with a smaller one.
    #[error("tree of size {new} is smaller than the earlier one of size {old}")]
    Shrunk {
        /// Size of the earlier tree.
        old: TreeSize,
        /// Size of the later tree.
        new: TreeSize,
    },
    /// The proof has too many or too few hashes.
    #[error("proof of {actual} hashes, expected {expected}")]
    Length {
        /// The expected number of hashes.
        expected: usize,
        /// The number of hashes found.
        actual: usize,
    },
    /// The proof leads to another root hash than that of the tree head.
    #[error("proof leads to root {computed}, but the tree of size {size} has {claimed}")]
    RootMismatch {
        /// Size of the tree.
        size: TreeSize,
        /// Root hash computed from the proof.
        computed: Hash,
        /// Root hash in the tree head.
        claimed: Hash,
    },
    /// A tile needed for the proof is not available, or is narrower than the tree's size implies.
    #[error("missing {0}")]
    MissingTile(TileCoord),
}
