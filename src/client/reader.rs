//! A log at one signed checkpoint (C2SP tlog-tiles, tlog-checkpoint), fetched from wherever it is.
//!
//! What is fetched is judged by [`fasti_read`]: no hash and no entry is used before it was verified
//! against the root of the checkpoint. This module fetches what it wants, and reads whole bundles
//! ahead ([`Bundles`]).

mod bundles;

use std::sync::Arc;

use fasti_read::{Fault, Reading, Tree};
use fasti_seams::offload::Workers;
use tiles_spec::{LeafIndex, ProofError, ResourcePath, TreeHead, TreeSize};

pub use bundles::Bundles;
pub use fasti_read::{Consistency, VerifiedBundle};

use super::description::Description;
use super::fetch::{Fetch, FetchError};
use super::host::{Failed, host, place_of};
use super::proven::ProvenEntry;
use super::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};

/// A log at one verified tree head.
pub struct View {
    fetch: Arc<dyn Fetch>,
    checkpoint: OpenedCheckpoint,
    tree: Tree,
    /// Where bundles are verified.
    workers: Workers,
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

    /// The error for a fault in what was fetched, with the places of the objects.
    pub(crate) fn of(fault: Fault, fetch: &dyn Fetch) -> Self {
        match fault {
            Fault::Missing { object } => Self::Missing { place: place_of(fetch, &object) },
            Fault::Damaged { objects, reason } => {
                let places: Vec<_> = objects.iter().map(|one| place_of(fetch, one)).collect();
                Self::Damaged { place: places.join(", "), reason }
            }
            Fault::Proof(error) => Self::Proof(error),
        }
    }
}

/// Brings a reading of a tree to its outcome.
pub(crate) async fn read<R: Reading<Fault = Fault>>(
    fetch: &dyn Fetch,
    reading: Result<R, Fault>,
) -> Result<R::Outcome, ReadError> {
    let reading = reading.map_err(|fault| ReadError::of(fault, fetch))?;
    host(fetch, reading).await.map_err(|failed| match failed {
        Failed::Fetch(error) => error.into(),
        Failed::Fault(fault) => ReadError::of(fault, fetch),
    })
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
        let tree = read(&*fetch, Tree::open(checkpoint.head())).await?;
        Ok(Self::of(fetch, checkpoint, tree))
    }

    /// The log at a checkpoint, whose tree was opened.
    pub(crate) fn of(fetch: Arc<dyn Fetch>, checkpoint: OpenedCheckpoint, tree: Tree) -> Self {
        Self { fetch, checkpoint, tree, workers: Workers::processors() }
    }

    /// The tree, with the tiles held.
    pub(crate) fn into_tree(self) -> Tree {
        self.tree
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
        let mut entries = self.entries(&[index]).await?;
        Ok(entries.pop().expect("an entry for each index"))
    }

    /// Reads entries, verified against the tree, with their inclusion proofs, in the order of
    /// `indices`.
    pub async fn entries(&mut self, indices: &[LeafIndex]) -> Result<Vec<ProvenEntry>, ReadError> {
        read(&*self.fetch, self.tree.entries(indices.to_vec())).await
    }

    /// The consistency proof between two trees of this log, neither larger than the view's.
    pub async fn consistency(
        &mut self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Consistency, ReadError> {
        read(&*self.fetch, self.tree.consistency(old, new)).await
    }

    /// The head that the log's tree had at an earlier size.
    pub async fn head_at(&mut self, size: TreeSize) -> Result<TreeHead, ReadError> {
        read(&*self.fetch, self.tree.head_at(size)).await
    }
}

#[cfg(test)]
mod tests;
