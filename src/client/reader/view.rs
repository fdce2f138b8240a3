//! A log at one signed checkpoint: its entries and heads, proved to belong to it.

use std::sync::Arc;

use fasti_read::{Consistency, Inclusion, Tree};
use fasti_seams::offload::Workers;
use tiles_spec::{
    Frontier, Hash, HashTile, LeafIndex, ResourcePath, Subtree, TileCoord, TreeHead, TreeSize,
};

use super::error::{ReadError, read};
use crate::description::Description;
use crate::fetch::{Fetch, FetchError};
use crate::proven::ProvenEntry;
use crate::trust::{OpenedCheckpoint, Trust};

/// A log at one verified tree head.
pub struct View {
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) checkpoint: OpenedCheckpoint,
    pub(super) tree: Tree,
    /// Where bundles are verified.
    pub(super) workers: Workers,
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

    /// Where the log is read.
    pub const fn fetch(&self) -> &Arc<dyn Fetch> {
        &self.fetch
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

    /// Reads an entry, verified against an earlier tree of this log, with its inclusion proof in
    /// that tree and the tree's head.
    pub async fn entry_at(
        &mut self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(ProvenEntry, TreeHead), ReadError> {
        let entry = self.entry(index).await?;
        let Inclusion { head, proof } =
            read(&*self.fetch, self.tree.inclusion(index, size)).await?;
        Ok((ProvenEntry { proof, ..entry }, head))
    }

    /// The consistency proof between two trees of this log, neither larger than the view's.
    pub async fn consistency(
        &mut self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Consistency, ReadError> {
        read(&*self.fetch, self.tree.consistency(old, new)).await
    }

    /// The proof that the tree has a subtree (C2SP tlog-mirror).
    pub async fn subtree_proof(&mut self, part: Subtree) -> Result<Vec<Hash>, ReadError> {
        read(&*self.fetch, self.tree.subtree_proof(part)).await
    }

    /// Reads a tile of the tree, verified. Its width is that in this tree.
    pub async fn tile(&mut self, tile: TileCoord) -> Result<HashTile, ReadError> {
        read(&*self.fetch, self.tree.load(tile)).await?;
        let hashes = self.tree.hashes(tile)?.to_vec();
        Ok(HashTile::new(hashes).expect("a tile has 1 to 256 hashes"))
    }

    /// The right edge that the log's tree had at an earlier size.
    pub async fn frontier_at(&mut self, size: TreeSize) -> Result<Frontier, ReadError> {
        read(&*self.fetch, self.tree.frontier_at(size)).await
    }

    /// The head that the log's tree had at an earlier size.
    pub async fn head_at(&mut self, size: TreeSize) -> Result<TreeHead, ReadError> {
        read(&*self.fetch, self.tree.head_at(size)).await
    }
}
