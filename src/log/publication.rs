//! A published tree, as those who wait for it get it.

use bytes::Bytes;
use tiles_spec::{LeafIndex, TileMap, TreeHead};

/// A published tree: its head, its checkpoint, and the hash tiles that its last batch touched.
#[derive(Debug)]
pub struct Publication {
    /// The tree.
    pub head: TreeHead,
    /// The signed checkpoint as it is served.
    pub checkpoint: Bytes,
    /// Enough tiles to prove each leaf of the batch that led here.
    pub tiles: TileMap,
}

impl Publication {
    /// Whether the leaf is in the published tree.
    pub fn contains(&self, index: LeafIndex) -> bool {
        self.head.size.contains(index)
    }
}
