//! Inclusion and consistency proofs: verified here, built from tiles in [`plan`].
//!
//! RFC 6962 sections 2.1.1 and 2.1.2; the hashes run from the leaf side to the root side.
//! [`subtree`] has the proofs that a part of a tree belongs to it.
//!
//! Invariant: for given sizes and index exactly one proof length is accepted, and every hash in it
//! affects the root that is compared. No hash can be added, dropped or changed.

mod error;
pub mod plan;
pub mod subtree;

pub use error::ProofError;
pub use plan::{
    ProofPlan, TileMap, TileSource, plan_consistency, plan_inclusion, plan_root,
    plan_subtree_consistency,
};

use crate::hash::{Hash, node_hash};
use crate::size::{LeafIndex, TreeSize};
use crate::tree::{Frontier, TreeHead};

/// Maximum number of hashes in an inclusion proof, and in a consistency proof of a tree of up to
/// 2^62 leaves; also the C2SP limit for proofs on the wire.
pub const PROOF_HASHES_MAX: usize = 63;

/// Verifies that the tree has the leaf at this index.
pub fn verify_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    head: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    expect_root(head, root_from_inclusion(leaf, index, head.size, proof)?)
}

/// The root hash of the tree of `size` that has the leaf at this index, if the proof is right.
pub fn root_from_inclusion(
    leaf: &Hash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
) -> Result<Hash, ProofError> {
    let path = Path::new(index, size)?;
    expect_length(path.inner + path.border, proof.len())?;
    let (inner, border) = proof.split_at(path.inner);
    Ok(climb_border(climb(*leaf, inner, index.get()), border))
}

/// The tree before the leaf at this index, as its inclusion proof shows it: the siblings on the
/// left are the roots of its perfect subtrees. It is that of the tree of `size` if the proof is
/// right.
pub fn frontier_from_inclusion(
    index: LeafIndex,
    size: TreeSize,
    proof: &[Hash],
) -> Result<Frontier, ProofError> {
    let path = Path::new(index, size)?;
    expect_length(path.inner + path.border, proof.len())?;
    let (inner, border) = proof.split_at(path.inner);
    let is_left = |height: &usize| index.get() >> height & 1 == 1;
    let left = (0..path.inner).filter(is_left).map(|height| inner[height]);
    let mut nodes: Vec<Hash> = left.chain(border.iter().copied()).collect();
    nodes.reverse();
    let size = TreeSize::new(index.get()).expect("an index is less than a size");
    Ok(Frontier::from_nodes(size, nodes).expect("a sibling on the left for each 1 bit"))
}

/// The number of hashes in the inclusion proof of a leaf.
pub fn inclusion_proof_len(index: LeafIndex, size: TreeSize) -> Result<usize, ProofError> {
    let path = Path::new(index, size)?;
    Ok(path.inner + path.border)
}

/// Verifies that the leaves of the old tree are the first leaves of the new one.
///
/// From size 0, and between equal sizes, the proof is empty; an empty tree must have the empty
/// root.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old.size > new.size {
        return Err(ProofError::Shrunk { old: old.size, new: new.size });
    }
    let Some(last) = old.size.last_leaf() else {
        expect_length(0, proof.len())?;
        expect_root(old, TreeHead::EMPTY.root)?;
        return if new.size.is_zero() { expect_root(new, old.root) } else { Ok(()) };
    };
    if old.size == new.size {
        expect_length(0, proof.len())?;
        return expect_root(new, old.root);
    }

    // The last leaf of the old tree is the corner of a perfect subtree of both trees. From its root
    // the proof climbs to both roots at once: to the new one with all hashes, to the old one with
    // those on the left.
    let corner_height = old.size.get().trailing_zeros();
    let path = Path::new(last, new.size)?;
    let inner = path.inner - corner_height as usize;
    let old_is_corner = old.size.get().is_power_of_two();
    expect_length(usize::from(!old_is_corner) + inner + path.border, proof.len())?;
    let (corner, rest) = match proof.split_first() {
        Some((first, rest)) if !old_is_corner => (*first, rest),
        _ => (old.root, proof),
    };

    let position = last.get() >> corner_height;
    let (inner, border) = rest.split_at(inner);
    expect_root(old, climb_border(climb_left(corner, inner, position), border))?;
    expect_root(new, climb_border(climb(corner, inner, position), border))
}

/// The shape of the path from a leaf to the root.
struct Path {
    /// Levels on which the sibling can be on either side: up to where the path meets the right
    /// edge.
    inner: usize,
    /// Siblings above that; all of them are on the left.
    border: usize,
}

impl Path {
    fn new(index: LeafIndex, size: TreeSize) -> Result<Self, ProofError> {
        if !size.contains(index) {
            return Err(ProofError::NotInTree { index, size });
        }
        // The paths of the leaf and of the last leaf meet where their indices agree.
        let inner = u64::BITS - (index.get() ^ (size.get() - 1)).leading_zeros();
        let border = (index.get() >> inner).count_ones();
        Ok(Self { inner: inner as usize, border: border as usize })
    }
}

/// Climbs past siblings, each on the side given by a bit of the position.
fn climb(from: Hash, siblings: &[Hash], position: u64) -> Hash {
    siblings.iter().enumerate().fold(from, |node, (height, sibling)| {
        if position >> height & 1 == 0 {
            node_hash(&node, sibling)
        } else {
            node_hash(sibling, &node)
        }
    })
}

/// Climbs past only the siblings on the left: the tree as it was before it grew to the right.
fn climb_left(from: Hash, siblings: &[Hash], position: u64) -> Hash {
    siblings.iter().enumerate().fold(from, |node, (height, sibling)| {
        if position >> height & 1 == 0 { node } else { node_hash(sibling, &node) }
    })
}

/// Climbs along the right edge, where every sibling is on the left.
fn climb_border(from: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(from, |node, sibling| node_hash(sibling, &node))
}

fn expect_length(expected: usize, actual: usize) -> Result<(), ProofError> {
    if expected == actual { Ok(()) } else { Err(ProofError::Length { expected, actual }) }
}

fn expect_root(head: &TreeHead, computed: Hash) -> Result<(), ProofError> {
    if head.root == computed {
        Ok(())
    } else {
        Err(ProofError::RootMismatch { size: head.size, computed, claimed: head.root })
    }
}

#[cfg(test)]
mod tests;
