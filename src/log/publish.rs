//! Publish: from a committed batch to a checkpoint that everyone can read.
//!
//! The order is the safety of the log (I3, I4): tiles and bundles are written, read back by the
//! guard, the checkpoint is signed, remembered beside the key, shown, and only then are the
//! submitters answered. A crash anywhere in between is finished by recovery with the same bytes.

use std::sync::Arc;

use bytes::Bytes;
use tiles_spec::{LeafIndex, TileMap, TreeHead};

use super::guard::{GuardError, SigningGuard};
use super::integrate::Integrated;
use crate::signer::{SignedMemory, SignedMemoryError};
use crate::store::{Attempt, ObjectPath, Replaced, Store, StoreError, Version};

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
    /// The leaf is in the published tree.
    pub fn contains(&self, index: LeafIndex) -> bool {
        self.head.size.contains(index)
    }
}

/// Why a committed batch could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Tiles or bundles could not be written.
    #[error("cannot write tiles and bundles")]
    Apply(#[source] StoreError),
    /// The guard objects.
    #[error("the guard stops the log")]
    Guard(#[from] GuardError),
    /// The key's memory cannot be written.
    #[error(transparent)]
    Memory(#[from] SignedMemoryError),
    /// The checkpoint could not be replaced.
    #[error("cannot replace the checkpoint")]
    Checkpoint(#[source] StoreError),
    /// Someone else has changed the checkpoint (I7).
    #[error("the checkpoint was replaced by another writer; this one is fenced")]
    Fenced,
}

/// Publishes the batches of one leader, in order.
pub struct Publisher {
    pub(super) objects: Arc<dyn Store>,
    pub(super) guard: SigningGuard,
    pub(super) memory: Option<SignedMemory>,
    /// The version of `checkpoint` that is to be replaced.
    pub(super) version: Version,
}

impl Publisher {
    /// Writes what a growth step implies and checks it as readers will get it.
    pub async fn apply(
        &mut self,
        grown: &Integrated,
        attempt: Attempt,
    ) -> Result<(), PublishError> {
        let put = self.objects.put_immutable(&grown.objects, attempt);
        put.await.map_err(PublishError::Apply)?;
        Ok(self.guard.check(grown)?)
    }

    /// Signs the tree that was applied last and shows it.
    pub async fn publish(&mut self, tiles: TileMap) -> Result<Publication, PublishError> {
        let checkpoint = self.guard.sign().await?;
        if let Some(memory) = &self.memory {
            memory.remember(&checkpoint)?;
        }
        let path = ObjectPath::checkpoint();
        let replaced = self.objects.replace(&path, checkpoint.clone(), &self.version).await;
        self.version = match replaced.map_err(PublishError::Checkpoint)? {
            Replaced::Now(version) => version,
            Replaced::Conflict => return Err(PublishError::Fenced),
        };
        Ok(Publication { head: self.guard.signed(), checkpoint, tiles })
    }
}
