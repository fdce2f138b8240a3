//! A published tree, as those who wait for it get it.

use std::sync::Arc;

use bytes::Bytes;
use fasti_objects::IntegratedTime;
use tiles_spec::{LeafIndex, TileMap, TreeHead, TreeSize};

/// A published tree: its head, its checkpoint, and the hash tiles that its last batch touched.
#[derive(Debug)]
pub struct Publication {
    /// The tree.
    pub head: TreeHead,
    /// The signed checkpoint as it is served.
    pub checkpoint: Bytes,
    /// Enough tiles to prove each leaf of the batch that led here.
    pub tiles: Arc<TileMap>,
    /// The batch that led here, if this writer has made it just now.
    pub batch: Option<Batch>,
}

/// When a batch entered the log.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// The size of the tree before it.
    pub from: TreeSize,
    /// Its time.
    pub time: IntegratedTime,
}

impl Publication {
    /// A tree that another writer has published.
    pub fn of(head: TreeHead, checkpoint: Bytes) -> Self {
        Self { head, checkpoint, tiles: Arc::default(), batch: None }
    }

    /// Whether the leaf is in the published tree.
    pub fn contains(&self, index: LeafIndex) -> bool {
        self.head.size.contains(index)
    }

    /// When the leaf entered the log, if it is of this batch.
    pub fn time(&self, index: LeafIndex) -> Option<IntegratedTime> {
        let batch = self.batch.filter(|batch| !batch.from.contains(index))?;
        self.contains(index).then_some(batch.time)
    }
}
