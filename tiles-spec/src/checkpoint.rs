//! Checkpoints: the tree head of a log as a note that the log signs.
//!
//! C2SP tlog-checkpoint. The text is in [`text`], the name of the log in [`origin`].
//!
//! Invariants: the result of [`open_checkpoint`] was signed by one of the given keys and has the
//! given origin. The result of [`SignedCheckpoint::parse`] is not verified at all.

mod new_origin;
mod origin;
pub(crate) mod text;

pub use new_origin::{NewOriginError, OriginFault};
pub use origin::{Origin, OriginError};
pub use text::{CHECKPOINT_BYTES_MAX, Checkpoint, CheckpointError};

use crate::hash::EMPTY_ROOT;
use crate::note::{Note, NoteError, VerifierKey};

/// A note whose text is a checkpoint. Its signatures have not been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

/// Opens a checkpoint of the log with this origin, signed by one of its keys.
///
/// `keys` are the keys trusted to sign for the log itself. To check cosignatures, use the note.
pub fn open_checkpoint(
    bytes: &[u8],
    origin: &str,
    keys: &[VerifierKey],
) -> Result<Checkpoint, CheckpointError> {
    let signed = SignedCheckpoint::parse(bytes)?;
    signed.verify(keys)?;
    let checkpoint = signed.checkpoint;
    if checkpoint.origin != origin {
        return Err(CheckpointError::Origin {
            expected: origin.to_owned(),
            found: checkpoint.origin,
        });
    }
    if checkpoint.head.size.is_zero() && checkpoint.head.root != EMPTY_ROOT {
        return Err(CheckpointError::EmptyRoot(checkpoint.head.root));
    }
    Ok(checkpoint)
}

impl SignedCheckpoint {
    /// Parses a signed checkpoint without verifying any signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        if bytes.len() > CHECKPOINT_BYTES_MAX {
            return Err(CheckpointError::TooLarge(bytes.len()));
        }
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse_text(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// The keys that signed; see [`Note::verify`].
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        self.note.verify(keys)
    }

    /// The parsed text.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Text and signature lines.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The bytes it was parsed from.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }
}

#[cfg(test)]
mod tests;
