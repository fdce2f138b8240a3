//! The body of `add-checkpoint`: the size that the witness knows, a consistency proof from there,
//! and the new checkpoint.
//!
//! Invariant: what was parsed prints as the bytes it was parsed from.

use std::str::Split;

use thiserror::Error;

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, CheckpointError, SignedCheckpoint};
use crate::hash::{Hash, HashError};
use crate::proof::PROOF_HASHES_MAX;
use crate::proof::subtree::SubtreeError;
use crate::size::{NumberError, TreeSize};

/// Maximum size of the body in bytes: a checkpoint, and enough for the lines above it.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = CHECKPOINT_BYTES_MAX + 4096;

/// A request to cosign a checkpoint. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the tree that the witness cosigned last, or 0.
    pub old: TreeSize,
    /// The consistency proof between the two trees, as in RFC 6962.
    pub proof: Vec<Hash>,
    /// The checkpoint to cosign.
    pub checkpoint: SignedCheckpoint,
}

/// Why a request is malformed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Larger than the maximum size; holds its size.
    #[error("the request has {0} bytes, more than {ADD_CHECKPOINT_BYTES_MAX}")]
    TooLarge(usize),
    /// Not UTF-8, or without a blank line above the checkpoint.
    #[error("the request is not lines of text, a blank line, and a checkpoint")]
    Text,
    /// The first line does not state the old size.
    #[error("the request does not begin with \"old \"")]
    NoOld,
    /// The old size is malformed.
    #[error("malformed old size")]
    Old(#[source] NumberError),
    /// The first line does not state a subtree, or the second its hash.
    #[error("the request does not begin with \"subtree \", two numbers and a line with a hash")]
    NoSubtree,
    /// A bound of the subtree is malformed.
    #[error("malformed bound of the subtree")]
    Bound(#[source] NumberError),
    /// The bounds are not of a subtree.
    #[error(transparent)]
    Subtree(#[from] SubtreeError),
    /// The subtree is not inside the checkpoint's tree.
    #[error("the subtree ends at {end}, beyond the checkpoint's size {size}")]
    Beyond {
        /// Where the subtree ends.
        end: TreeSize,
        /// The size of the checkpoint.
        size: TreeSize,
    },
    /// A hash of the proof is malformed.
    #[error("malformed hash in the consistency proof")]
    Hash(#[source] HashError),
    /// More hashes than any consistency proof has.
    #[error("the consistency proof has more than {PROOF_HASHES_MAX} hashes")]
    TooManyHashes,
    /// The checkpoint is malformed.
    #[error("malformed checkpoint")]
    Checkpoint(#[source] CheckpointError),
}

impl AddCheckpoint {
    /// Parses a body.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let mut body = Body::open(bytes)?;
        let old = body.lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.ok_or(RequestError::NoOld)?.parse().map_err(RequestError::Old)?;
        let (proof, checkpoint) = body.proof_and_checkpoint()?;
        Ok(Self { old, proof, checkpoint })
    }

    /// Encodes the body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let hashes = self.proof.iter().map(|hash| hash.to_base64() + "\n");
        let head = format!("old {}\n{}\n", self.old, hashes.collect::<String>());
        [head.into_bytes(), self.checkpoint.to_bytes()].concat()
    }
}

/// A body: lines, and a checkpoint below them.
pub(super) struct Body<'a> {
    /// The lines above the checkpoint, those of a proof last.
    pub lines: Split<'a, char>,
    checkpoint: &'a str,
}

impl<'a> Body<'a> {
    /// Splits a body of at most [`ADD_CHECKPOINT_BYTES_MAX`] bytes.
    pub fn open(bytes: &'a [u8]) -> Result<Self, RequestError> {
        if bytes.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(RequestError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RequestError::Text)?;
        // The first blank line, because a checkpoint has one of its own.
        let (head, checkpoint) = text.split_once("\n\n").ok_or(RequestError::Text)?;
        Ok(Self { lines: head.split('\n'), checkpoint })
    }

    /// Parses the rest of the lines, and the checkpoint.
    pub fn proof_and_checkpoint(self) -> Result<(Vec<Hash>, SignedCheckpoint), RequestError> {
        let mut proof = Vec::new();
        for line in self.lines {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(RequestError::TooManyHashes);
            }
            proof.push(Hash::from_base64(line).map_err(RequestError::Hash)?);
        }
        let checkpoint = SignedCheckpoint::parse(self.checkpoint.as_bytes());
        Ok((proof, checkpoint.map_err(RequestError::Checkpoint)?))
    }
}
