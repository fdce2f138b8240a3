//! The answer to a submission: the leaf's index with its proof, or why it was not accepted.

use std::sync::Arc;

use tiles_spec::{Hash, LeafIndex};

use crate::inclusion::{ProveError, prove_from_memory};
use crate::publication::Publication;

/// The answer to a submission.
pub type SubmitResult = Result<Acknowledged, SubmitError>;

/// A leaf that is in the published tree, forever (I4).
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Its index.
    pub index: LeafIndex,
    /// Its leaf hash, which was proved to be at that index.
    pub leaf: Hash,
    /// Whether the log held it before this submission.
    pub duplicate: bool,
    /// A published tree that contains it.
    pub publication: Arc<Publication>,
    /// Its inclusion proof in that tree, verified. A new leaf's is built only when it is asked for.
    pub(super) proof: Option<Vec<Hash>>,
}

impl Acknowledged {
    /// The verified inclusion proof of the leaf in the published tree.
    pub fn proof(&self) -> Result<Vec<Hash>, ProveError> {
        match &self.proof {
            Some(proof) => Ok(proof.clone()),
            None => prove_from_memory(&self.publication, &self.leaf, self.index),
        }
    }
}

/// A submission was not accepted, or not answered. Exhaustive, so that everything that passes it on
/// has to decide on each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The entry is too long.
    #[error("the entry has {0} bytes; a log takes at most 65535")]
    TooLarge(usize),
    /// Too much is waiting. Nothing was accepted; try again later.
    #[error("the log is busy; try again")]
    Pushback,
    /// The writer is shutting down. Nothing was accepted; try another writer, or try later.
    #[error("the writer is shutting down; try again")]
    ShuttingDown,
    /// The log has stopped. It is not known whether the entry is in it; submitting it again is
    /// safe.
    #[error("the log has stopped: {0}")]
    Halted(String),
    /// No writer published the entry in time. It is not known whether it is in the log, or will be;
    /// submitting it again is safe.
    #[error("the entry was not published in time; it may still be. Submit it again")]
    Unanswered,
    /// It could not be determined whether the log holds the entry already. Nothing was accepted.
    #[error("cannot look up whether the entry is in the log: {0}")]
    Dedup(String),
    /// No indices are left.
    #[error("the log is full")]
    LogIsFull,
    /// The log is frozen (I17). Nothing was accepted, and nothing ever will be.
    #[error("This log has been frozen, please switch to the latest log.")]
    Frozen,
}

impl SubmitError {
    /// Whether trying again, here or elsewhere, would not help the submitter.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Self::Halted(_) | Self::ShuttingDown | Self::Unanswered)
    }
}
