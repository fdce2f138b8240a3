//! The Merkle tree of a log, kept as its right edge.
//!
//! RFC 6962 section 2.1: a tree of n leaves splits at the largest power of two below n, so it is a
//! row of perfect subtrees, one for each 1 bit of n, largest first. A log needs only their roots to
//! append leaves and to compute its root hash. That row of roots is the [`Frontier`].
//!
//! Invariant: a frontier holds exactly as many nodes as its size has 1 bits.

use thiserror::Error;

use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::size::TreeSize;

/// A tree head as stated in a checkpoint: the number of leaves and their root hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TreeHead {
    /// Number of leaves.
    pub size: TreeSize,
    /// Merkle tree hash of those leaves.
    pub root: Hash,
}

/// Roots of the perfect subtrees along the right edge, largest first. At most 63.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: TreeSize,
    nodes: Vec<Hash>,
}

/// A tree of 2^63 - 1 leaves is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the tree is at its largest size")]
pub struct SizeOverflow;

/// The given nodes are not a frontier of the given size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a tree of {size} leaves has {} frontier nodes, not {nodes}", size.get().count_ones())]
pub struct FrontierMismatch {
    /// The size given.
    pub size: TreeSize,
    /// The number of nodes given.
    pub nodes: usize,
}

impl TreeHead {
    /// The head of the tree without leaves.
    pub const EMPTY: Self = Self { size: TreeSize::ZERO, root: EMPTY_ROOT };
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontier of a tree of `size` from the roots of its perfect subtrees, largest first.
    pub fn from_nodes(size: TreeSize, nodes: Vec<Hash>) -> Result<Self, FrontierMismatch> {
        if nodes.len() == size.get().count_ones() as usize {
            Ok(Self { size, nodes })
        } else {
            Err(FrontierMismatch { size, nodes: nodes.len() })
        }
    }

    /// Appends a leaf by its leaf hash. On error nothing is changed.
    pub fn push(&mut self, leaf: Hash) -> Result<(), SizeOverflow> {
        let size = self.size.checked_add(1).ok_or(SizeOverflow)?;
        // Each trailing 1 bit is a subtree as large as the one built on its right.
        let mut node = leaf;
        for _ in 0..self.size.get().trailing_ones() {
            let left = self.nodes.pop().expect("one node for each 1 bit of the size");
            node = node_hash(&left, &node);
        }
        self.nodes.push(node);
        self.size = size;
        Ok(())
    }

    /// Number of leaves.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// Merkle tree hash of all leaves.
    pub fn root(&self) -> Hash {
        fold_right(self.nodes.iter().copied()).unwrap_or(EMPTY_ROOT)
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// Roots of the perfect subtrees, largest first.
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }
}

/// Merkle tree hash over leaves, or over equally large perfect subtrees, given their hashes.
pub fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => EMPTY_ROOT,
        [hash] => *hash,
        _ => {
            let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// Combines a row of perfect subtrees, largest first, into one root; `None` for an empty row.
pub(crate) fn fold_right(nodes: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    nodes.rev().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
pub(crate) mod tests;
