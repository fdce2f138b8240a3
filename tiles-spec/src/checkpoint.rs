//! Checkpoints: the tree head of a log as a note that the log signs.
//!
//! C2SP tlog-checkpoint. Three lines (origin, decimal size, base64 root hash), then extension lines
//! if any.
//!
//! Invariants: [`Checkpoint::parse_text`] accepts only the text that [`Checkpoint::to_text`] would
//! write. The result of [`open_checkpoint`] was signed by one of the given keys and has the given
//! origin. The result of [`SignedCheckpoint::parse`] is not verified at all.

mod new_origin;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::hash::{EMPTY_ROOT, Hash, HashError};
use crate::note::{KeyName, Note, NoteError, VerifierKey};
use crate::size::NumberError;
use crate::tree::TreeHead;

pub use new_origin::{NewOriginError, OriginFault};

/// Maximum size of a signed checkpoint in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;

/// Maximum length of an origin in bytes: signatures that cover it store its length in one byte.
const ORIGIN_BYTES_MAX: usize = 255;

/// Identity of a log, by convention its URL without the scheme: 1 to 255 bytes, no Unicode spaces,
/// no `+`, no control characters. Every origin is a valid key name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// A log's statement about its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The first line, as found: any line that is not empty. For logs of this project it is an
    /// [`Origin`].
    pub origin: String,
    /// Size and root hash.
    pub head: TreeHead,
    /// Further lines, all non-empty. Logs of this project write none.
    pub extensions: Vec<String>,
}

/// A note whose text is a checkpoint. Its signatures have not been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

/// Why a checkpoint is malformed or untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Larger than the maximum size; holds its size.
    #[error("checkpoint of {0} bytes, more than {CHECKPOINT_BYTES_MAX}")]
    TooLarge(usize),
    /// Fewer than three lines, an unterminated line, or an empty one.
    #[error("checkpoint text is not three or more non-empty lines")]
    Lines,
    /// The size line is malformed.
    #[error("malformed checkpoint size")]
    Size(#[source] NumberError),
    /// The root hash line is malformed.
    #[error("malformed checkpoint root hash")]
    Root(#[source] HashError),
    /// An empty tree with a root hash other than that of no leaves.
    #[error("checkpoint of an empty tree has root {0}")]
    EmptyRoot(Hash),
    /// A checkpoint of another log.
    #[error("checkpoint is from {found:?}, not from {expected:?}")]
    Origin {
        /// The expected origin.
        expected: String,
        /// The origin found.
        found: String,
    },
    /// The enclosing note is malformed or untrusted.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Not a valid origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an origin must be 1 to 255 bytes without spaces, control characters and '+'")]
pub struct OriginError;

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

impl Checkpoint {
    /// Parses the text of a note.
    pub fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let mut lines = body.split('\n');
        let mut line =
            || lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Lines);
        let (origin, size, root) = (line()?, line()?, line()?);
        let size = size.parse().map_err(CheckpointError::Size)?;
        let root = Hash::from_base64(root).map_err(CheckpointError::Root)?;
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        Ok(Self { origin: origin.to_owned(), head: TreeHead { size, root }, extensions })
    }

    /// The text to sign.
    pub fn to_text(&self) -> String {
        let mut text =
            format!("{}\n{}\n{}\n", self.origin, self.head.size, self.head.root.to_base64());
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
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

impl Origin {
    /// The origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin as a key name. A log's own key should have this name.
    pub fn key_name(&self) -> KeyName {
        self.0.parse().expect("every origin is a key name")
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.len() > ORIGIN_BYTES_MAX || text.parse::<KeyName>().is_err() {
            return Err(OriginError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
