//! A log at one signed checkpoint (C2SP tlog-tiles, tlog-checkpoint).
//!
//! Invariants: no hash in a tile is used before it was verified against the root of the checkpoint.
//! The partial tiles of the right edge together must hash to that root, and every full tile to its
//! hash in the tile above. No entry is returned before its hash matches the one in its tile. The
//! number of tiles held is bounded.
//!
//! If a partial tile or bundle is gone, it is cut from the full one, since a log may replace the
//! partial one by the full one.

mod bundles;
mod entries;
mod tiles;

use std::sync::Arc;

use fasti_seams::offload::Workers;
use tiles_spec::{
    BundleCoord, Frontier, Hash, LeafIndex, ProofError, ResourcePath, TileMap, TreeHead, TreeSize,
    leaf_hash, plan_consistency, plan_inclusion, plan_root, verify_consistency, verify_inclusion,
};

pub use bundles::{Bundles, VerifiedBundle};
use bundles::{fetch_bundle, not_its_leaf};

use super::description::Description;
use super::fetch::{Fetch, FetchError};
use super::proven::ProvenEntry;
use super::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};

/// A log at one verified tree head.
pub struct View {
    fetch: Arc<dyn Fetch>,
    checkpoint: OpenedCheckpoint,
    /// Verified tiles.
    tiles: TileMap,
    /// Where bundles are verified.
    workers: Workers,
}

/// The proof that a later tree extends an earlier one.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// The earlier tree.
    pub old: TreeHead,
    /// The later tree.
    pub new: TreeHead,
    /// RFC 6962 section 2.1.2.
    pub proof: Vec<Hash>,
}

/// Why a log could not be read, or is not trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// An object is out of reach or malformed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// There is no checkpoint, so there is no log.
    #[error("there is no log: nothing at {place}")]
    NoLog {
        /// Where it should be.
        place: String,
    },
    /// The checkpoint is not trusted.
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointRefusal),
    /// An object that the checkpoint implies is missing.
    #[error("{place} is missing, but the signed checkpoint implies it")]
    Missing {
        /// The object.
        place: String,
    },
    /// An object does not contain what the checkpoint implies.
    #[error("{place} does not belong to the signed tree: {reason}")]
    Damaged {
        /// The object.
        place: String,
        /// Why not.
        reason: String,
    },
    /// The tree does not contain what was requested, or a proof is wrong.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl ReadError {
    /// Whether the log itself is at fault, rather than the connection to it.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_damage(),
            Self::NoLog { .. } => false,
            _ => true,
        }
    }
}

impl View {
    /// Reads the checkpoint and the right edge of the tree, and verifies both.
    pub async fn open(fetch: Arc<dyn Fetch>, trust: &Trust) -> Result<Self, ReadError> {
        let path = ResourcePath::Checkpoint;
        let bytes = fetch.fetch(&path).await?;
        let bytes = bytes.ok_or_else(|| ReadError::NoLog { place: fetch.place(&path) })?;
        Self::at(fetch, trust.open(&bytes)?).await
    }

    /// The log at a checkpoint that is already known.
    pub async fn at(
        fetch: Arc<dyn Fetch>,
        checkpoint: OpenedCheckpoint,
    ) -> Result<Self, ReadError> {
        let (tiles, workers) = (TileMap::new(), Workers::processors());
        let mut view = Self { fetch, checkpoint, tiles, workers };
        view.load_edge().await?;
        Ok(view)
    }

    /// Verifies bundles on these workers, rather than on all processors.
    #[must_use]
    pub fn on(mut self, workers: Workers) -> Self {
        self.workers = workers;
        self
    }

    /// The checkpoint.
    pub const fn checkpoint(&self) -> &OpenedCheckpoint {
        &self.checkpoint
    }

    /// Whether the log says that it was frozen with exactly this tree.
    pub async fn is_last(&self) -> Result<bool, FetchError> {
        let json = self.fetch.description().await?.unwrap_or_default();
        Ok(Description::parse(&json).last_tree() == Some(self.head()))
    }

    /// The size and root hash of the tree.
    pub const fn head(&self) -> TreeHead {
        self.checkpoint.head()
    }

    /// Reads an entry, verified against the tree, with its inclusion proof.
    pub async fn entry(&mut self, index: LeafIndex) -> Result<ProvenEntry, ReadError> {
        let size = self.head().size;
        let bundle =
            BundleCoord::holding(index, size).ok_or(ProofError::NotInTree { index, size })?;
        self.load([bundle.tile()]).await?;
        let proof = self.build(&plan_inclusion(index, size)?).await?;
        let expected = self.hashes(bundle.tile())?[index.slot()];
        let (place, entries) = fetch_bundle(&*self.fetch, bundle).await?;
        let bytes = entries.entry(index.slot()).expect("the slot is below the width").to_vec();
        let leaf = leaf_hash(&bytes);
        if leaf != expected {
            return Err(ReadError::Damaged { place, reason: not_its_leaf(index) });
        }
        verify_inclusion(&leaf, index, &self.head(), &proof)?;
        Ok(ProvenEntry { index, bytes, leaf, proof })
    }

    /// The consistency proof between two trees of this log, neither larger than the view's.
    pub async fn consistency(
        &mut self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Consistency, ReadError> {
        if new > self.head().size {
            return Err(ProofError::Shrunk { old: new, new: self.head().size }.into());
        }
        let plan = plan_consistency(old, new)?;
        let (old, new) = (self.head_at(old).await?, self.head_at(new).await?);
        let proof = self.build(&plan).await?;
        verify_consistency(&old, &new, &proof)?;
        Ok(Consistency { old, new, proof })
    }

    /// The head that the log's tree had at an earlier size.
    pub async fn head_at(&mut self, size: TreeSize) -> Result<TreeHead, ReadError> {
        if size > self.head().size {
            return Err(ProofError::Shrunk { old: size, new: self.head().size }.into());
        }
        let nodes = self.build(&plan_root(size)).await?;
        let frontier = Frontier::from_nodes(size, nodes);
        Ok(frontier.expect("a plan yields the frontier of its size").head())
    }
}

#[cfg(test)]
mod tests;
