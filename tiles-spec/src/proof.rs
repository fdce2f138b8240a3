//! Proofs: inclusion of a leaf and consistency of two trees (RFC 6962 section 2.1, verified as in
//! RFC 9162 sections 2.1.3 and 2.1.4).
//!
//! Verification needs nothing but the proof. How a proof is built from tiles is in [`plan`].

mod plan;

pub use plan::{ProofPlan, TileMap, TileSource, plan_consistency, plan_inclusion, plan_root};

use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::size::{LeafIndex, TreeSize};
use crate::tile::TileCoord;
use crate::tree::TreeHead;

/// Most hashes in a proof.
pub const PROOF_HASHES_MAX: usize = 63;

/// A proof is wrong, or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf is not in the tree.
    #[error("leaf {index} is not in a tree of size {size}")]
    OutOfTree {
        /// The leaf.
        index: LeafIndex,
        /// The tree.
        size: TreeSize,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of size {new} cannot extend one of size {old}")]
    Shrunk {
        /// The older size.
        old: TreeSize,
        /// The newer size.
        new: TreeSize,
    },
    /// The proof has too few or too many hashes.
    #[error("the proof has {found} hashes where it must have {expected}")]
    WrongLength {
        /// How many it must have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// The hashes do not lead to the root.
    #[error("the proof leads to another root")]
    WrongRoot,
    /// A tile that the proof needs is not held.
    #[error("the tile {0} is needed")]
    MissingTile(TileCoord),
}

/// How many hashes the inclusion proof of a leaf has.
pub fn inclusion_proof_len(index: LeafIndex, size: TreeSize) -> Result<usize, ProofError> {
    if !size.contains(index) {
        return Err(ProofError::OutOfTree { index, size });
    }
    // Up to where the paths of this leaf and of the last one meet there is a sibling on each
    // level; above, one for each set bit, as the last leaf's path goes up without siblings.
    let last = size.get() - 1;
    let inner = u64::BITS - (index.get() ^ last).leading_zeros();
    let border = index.get().checked_shr(inner).unwrap_or(0).count_ones();
    Ok((inner + border) as usize)
}

/// The root that an inclusion proof leads to.
pub fn root_from_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
) -> Result<Hash, ProofError> {
    let expected = inclusion_proof_len(index, size)?;
    if proof.len() != expected {
        return Err(ProofError::WrongLength { expected, found: proof.len() });
    }
    let (mut node, mut last) = (index.get(), size.get() - 1);
    let mut hash = *leaf;
    for sibling in proof {
        // A right child, or the last node of its level: move up to where it has a left sibling.
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    Ok(hash)
}

/// Checks that the tree `head` has `leaf` at `index`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    head: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let root = root_from_inclusion(leaf, index, head.size, proof)?;
    if root == head.root { Ok(()) } else { Err(ProofError::WrongRoot) }
}

/// Checks that the tree `new` begins with all leaves of the tree `old`.
///
/// Equal sizes need equal roots and no proof; the empty tree is the beginning of every tree and
/// needs none either.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old.size > new.size {
        return Err(ProofError::Shrunk { old: old.size, new: new.size });
    }
    if old.size.is_zero() || old.size == new.size {
        let expected_root = if old.size.is_zero() { EMPTY_ROOT } else { new.root };
        return match proof.len() {
            0 if old.root == expected_root => Ok(()),
            0 => Err(ProofError::WrongRoot),
            found => Err(ProofError::WrongLength { expected: 0, found }),
        };
    }
    let expected = plan_consistency(old.size, new.size)?.len();
    if proof.len() != expected {
        return Err(ProofError::WrongLength { expected, found: proof.len() });
    }
    // The proof starts at the largest perfect subtree that ends the old tree; where that is the
    // whole old tree, its hash is the old root and is left out.
    let steps = old.size.get().trailing_zeros();
    let (mut node, mut last) = ((old.size.get() - 1) >> steps, (new.size.get() - 1) >> steps);
    let (first, rest) = if old.size.get().is_power_of_two() {
        (old.root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::WrongRoot)?;
        (*first, rest)
    };
    let (mut old_root, mut new_root) = (first, first);
    for sibling in rest {
        if node & 1 == 1 || node == last {
            old_root = node_hash(sibling, &old_root);
            new_root = node_hash(sibling, &new_root);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new_root = node_hash(&new_root, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if old_root == old.root && new_root == new.root { Ok(()) } else { Err(ProofError::WrongRoot) }
}
