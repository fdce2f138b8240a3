//! What a witness decides about a checkpoint, given what it knows of the log.
//!
//! The checks are in the order of the specification, which decides the status of the answer. That
//! the origin is known (404) is the caller's check, since the caller looks up keys and state by it.

use thiserror::Error;

use super::request::AddCheckpoint;
use crate::checkpoint::Checkpoint;
use crate::hash::EMPTY_ROOT;
use crate::note::{Note, NoteError, VerifierKey};
use crate::proof::{ProofError, verify_consistency};
use crate::size::TreeSize;
use crate::tree::TreeHead;

/// A checkpoint that a witness may cosign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// What it states.
    pub checkpoint: Checkpoint,
    /// Its text, with those signature lines of the log that verified.
    pub note: Note,
}

/// Why a checkpoint is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WitnessRefusal {
    /// No key of the log signed it, or a line that claims to be of such a key does not verify.
    #[error("the checkpoint is not properly signed by a known key of the log")]
    Signature(#[source] NoteError),
    /// The old size is beyond the checkpoint's.
    #[error("the old size {old} is larger than the checkpoint's size {size}")]
    Backwards {
        /// The stated old size.
        old: TreeSize,
        /// The size of the checkpoint.
        size: TreeSize,
    },
    /// An empty tree with a root hash other than that of no leaves.
    #[error("the checkpoint is of an empty tree, but has another root hash")]
    EmptyRoot,
    /// The old size is not that of the tree that was cosigned last, which has this one.
    #[error("the last cosigned tree has the size {0}")]
    Size(TreeSize),
    /// The tree does not extend the one that was cosigned last.
    #[error("the checkpoint is not proved to extend the last cosigned tree")]
    Inconsistent(#[source] ProofError),
}

impl WitnessRefusal {
    /// The HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Signature(_) => 403,
            Self::Backwards { .. } => 400,
            Self::EmptyRoot | Self::Inconsistent(_) => 422,
            Self::Size(_) => 409,
        }
    }

    /// Whether it can be evidence that the log has misbehaved: the log signed the checkpoint, which
    /// is not consistent with another that it signed, or with itself.
    pub const fn is_suspicious(&self) -> bool {
        matches!(self, Self::EmptyRoot | Self::Inconsistent(_))
    }
}

/// Judges a checkpoint of a log with these keys. `last` is the tree of the log that was cosigned
/// last, [`TreeHead::EMPTY`] if none was.
pub fn judge(
    request: &AddCheckpoint,
    keys: &[VerifierKey],
    last: &TreeHead,
) -> Result<Witnessed, WitnessRefusal> {
    let signed = request.checkpoint.note();
    let signers = signed.verify(keys).map_err(WitnessRefusal::Signature)?;
    let (old, new) = (request.old, request.checkpoint.checkpoint().head);
    if old > new.size {
        return Err(WitnessRefusal::Backwards { old, size: new.size });
    }
    if new.size.is_zero() && new.root != EMPTY_ROOT {
        return Err(WitnessRefusal::EmptyRoot);
    }
    if old != last.size {
        return Err(WitnessRefusal::Size(last.size));
    }
    verify_consistency(last, &new, &request.proof).map_err(WitnessRefusal::Inconsistent)?;
    let mut note = Note::unsigned(signed.text()).map_err(WitnessRefusal::Signature)?;
    let verified = |line: &&_| signers.iter().any(|key| key.made(line));
    for line in signed.signatures().iter().filter(verified) {
        note.append(line.clone()).map_err(WitnessRefusal::Signature)?;
    }
    Ok(Witnessed { checkpoint: request.checkpoint.checkpoint().clone(), note })
}
