//! Cosigners: witnesses, who sign a log's tree after they have checked that it extends the one they
//! signed before (C2SP tlog-witness).
//!
//! A checkpoint is cosigned after the log has signed it and before anyone can read it. A witness
//! that knows a larger tree than the log is proof that the log has lost something: it was there
//! when the larger tree was signed. Witnesses that need longer than the log waits are heard later.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fasti_store::Store;
use futures::stream::BoxStream;
use tiles_spec::{
    CheckpointError, Hash, NoteSignature, SignedCheckpoint, TileMap, TreeHead, TreeSize,
};

use crate::tree::{self, TreeError};

/// Why a checkpoint was not cosigned as it has to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CosignError {
    /// Too few witnesses cosigned; has what each of the others did instead.
    #[error("too few witnesses cosigned the tree of {size}: {reasons}")]
    TooFew {
        /// The size of the tree.
        size: TreeSize,
        /// What the others did.
        reasons: String,
    },
    /// A witness has cosigned a larger tree.
    #[error("the witness {witness} has cosigned a tree of {seen}, larger than that of {size}")]
    Ahead {
        /// The name of the witness.
        witness: String,
        /// The size that it knows.
        seen: TreeSize,
        /// The size of the tree that was to be cosigned.
        size: TreeSize,
    },
    /// The consistency proofs for the witnesses cannot be made.
    #[error("cannot prove to the witnesses that the tree has grown")]
    Tree(#[from] TreeError),
    /// What the witnesses returned makes no checkpoint.
    #[error("the cosigned checkpoint is malformed")]
    Checkpoint(#[from] CheckpointError),
}

impl CosignError {
    /// Whether the next attempt may succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::TooFew { .. } | Self::Ahead { .. } => true,
            Self::Tree(error) => error.is_passing(),
            Self::Checkpoint(_) => false,
        }
    }
}

/// The lines of witnesses that answer late, as they come; each verifies. It ends within a bounded
/// time. Those who drop it wait for nobody any more.
pub type LateLines = BoxStream<'static, Result<Vec<NoteSignature>, CosignError>>;

/// What witnesses make of a checkpoint.
pub struct Cosigned {
    /// The lines that verified, in the order in which they are published.
    pub lines: Vec<NoteSignature>,
    /// Those of the witnesses that have not answered yet.
    pub late: LateLines,
}

/// The witnesses of a log.
#[async_trait]
pub trait Cosigners: Send + Sync {
    /// Has a checkpoint cosigned. An error if the log must not publish it.
    ///
    /// The checkpoint is the newest of the log, and is asked for again if the log signs the same
    /// tree again. Takes a bounded time. What is late of the checkpoint before must be dropped
    /// first: each witness is asked one thing at a time.
    async fn cosign(
        &self,
        checkpoint: &SignedCheckpoint,
        growth: &Growth,
    ) -> Result<Cosigned, CosignError>;

    /// The lines of these witnesses in a checkpoint that was published, if they verify.
    fn lines_of(&self, published: &SignedCheckpoint) -> Vec<NoteSignature>;
}

/// Proves how a tree has grown.
#[derive(Clone)]
pub struct Growth {
    objects: Arc<dyn Store>,
    /// The tiles of the last step, which are the ones that are usually needed.
    tiles: Arc<TileMap>,
    head: TreeHead,
}

impl Growth {
    /// The growth to the tree `head`, which is in the store.
    pub fn new(objects: Arc<dyn Store>, tiles: Arc<TileMap>, head: TreeHead) -> Self {
        Self { objects, tiles, head }
    }

    /// The tree that it leads to.
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The consistency proof from an earlier size, which is not larger.
    pub async fn since(&self, old: TreeSize) -> Result<Vec<Hash>, TreeError> {
        tree::consistency(&*self.objects, &self.tiles, old, self.head).await
    }
}

/// Adds cosignatures to a signed checkpoint. Returns those that are late, too.
pub async fn with_cosignatures(
    cosigners: &dyn Cosigners,
    checkpoint: &Bytes,
    growth: &Growth,
) -> Result<(Bytes, LateLines), CosignError> {
    let signed = SignedCheckpoint::parse(checkpoint)?;
    let Cosigned { lines, late } = cosigners.cosign(&signed, growth).await?;
    Ok((with_lines(checkpoint, &lines)?, late))
}

/// A checkpoint with further lines, which are for its text: those of keys that have none in it.
pub fn with_lines(checkpoint: &Bytes, lines: &[NoteSignature]) -> Result<Bytes, CheckpointError> {
    let mut note = SignedCheckpoint::parse(checkpoint)?.note().clone();
    for line in lines {
        let is_of_key =
            |there: &NoteSignature| (there.name(), there.key_id()) == (line.name(), line.key_id());
        if !note.signatures().iter().any(is_of_key) {
            note.append(line.clone())?;
        }
    }
    Ok(note.to_bytes().into())
}
