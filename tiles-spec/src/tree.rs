//! Trees: the head of one, and the frontier that grows one leaf by leaf.

use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::size::TreeSize;

/// A tree's size and root, unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves.
    pub size: TreeSize,
    /// The root hash.
    pub root: Hash,
}

/// The roots of the perfect subtrees that a tree consists of, largest first: one for each bit that
/// is set in its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: TreeSize,
    nodes: Vec<Hash>,
}

/// A frontier cannot be made or grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontierError {
    /// A tree of a size has one subtree for each bit that is set in it.
    #[error("a tree of size {size} has another number of subtrees than {nodes}")]
    WrongCount {
        /// The size.
        size: TreeSize,
        /// The number given.
        nodes: usize,
    },
    /// The tree has as many leaves as a tree can have.
    #[error("the tree is full")]
    Full,
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The frontier of the empty tree.
    pub const fn new() -> Self {
        Self { size: TreeSize::ZERO, nodes: Vec::new() }
    }

    /// The frontier of a tree whose perfect subtrees have these roots, largest first.
    pub fn from_nodes(size: TreeSize, nodes: Vec<Hash>) -> Result<Self, FrontierError> {
        if nodes.len() == size.get().count_ones() as usize {
            Ok(Self { size, nodes })
        } else {
            Err(FrontierError::WrongCount { size, nodes: nodes.len() })
        }
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) -> Result<(), FrontierError> {
        let size = self.size.checked_add(1).ok_or(FrontierError::Full)?;
        let mut node = leaf;
        // Each trailing one bit of the old size is a subtree as large as the one being added.
        for _ in 0..self.size.get().trailing_ones() {
            let left = self.nodes.pop().expect("one subtree for each set bit");
            node = node_hash(&left, &node);
        }
        self.nodes.push(node);
        self.size = size;
        Ok(())
    }

    /// How many leaves.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The roots of the perfect subtrees, largest first.
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// The root hash.
    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        let Some(last) = nodes.next() else { return EMPTY_ROOT };
        nodes.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }
}
