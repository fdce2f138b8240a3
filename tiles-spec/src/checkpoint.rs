//! Checkpoints (C2SP tlog-checkpoint): a signed note whose text is a log's origin, tree size and
//! root hash.

use std::fmt;
use std::str::FromStr;

use crate::hash::Hash;
use crate::note::{Note, NoteError, VerifierKey};
use crate::size::TreeSize;
use crate::tree::TreeHead;

/// Most bytes of a checkpoint that is read.
pub const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of an origin: what fits where cosignatures hold its length in one byte.
pub const ORIGIN_BYTES_MAX: usize = 255;

/// A checkpoint is malformed, of another log, or does not verify.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It has more than [`CHECKPOINT_BYTES_MAX`] bytes.
    #[error("a checkpoint has at most {CHECKPOINT_BYTES_MAX} bytes")]
    TooLong,
    /// The text is not origin, size and root, each on its line.
    #[error("the {0} line of the checkpoint is missing or malformed")]
    Line(&'static str),
    /// It is of another log.
    #[error("the checkpoint is of {found:?}, not of {expected:?}")]
    Origin {
        /// The origin in it.
        found: String,
        /// The origin that was asked for.
        expected: String,
    },
    /// The note is malformed or does not verify.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// A log's name: 1 to 255 bytes, without white space and without `+`, so that it can also be the
/// name of its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// The text cannot be an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be an origin: 1 to 255 bytes, without white space and without +")]
pub struct InvalidOrigin(pub String);

impl Origin {
    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.len() > ORIGIN_BYTES_MAX || text.contains(refused) {
            return Err(InvalidOrigin(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a checkpoint says, unsigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log, as its own text has it.
    pub origin: String,
    /// The tree.
    pub head: TreeHead,
    /// Further lines. A log of ours never has any.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads a note's text.
    pub fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Line("last"))?;
        let mut lines = text.split('\n');
        let mut line = |name| match lines.next() {
            Some(line) if !line.is_empty() => Ok(line),
            _ => Err(CheckpointError::Line(name)),
        };
        let (origin, size, root) = (line("origin")?, line("size")?, line("root")?);
        let head = TreeHead {
            size: size.parse::<TreeSize>().map_err(|_| CheckpointError::Line("size"))?,
            root: Hash::from_base64(root).map_err(|_| CheckpointError::Line("root"))?,
        };
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if origin.len() > ORIGIN_BYTES_MAX || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Line("origin or extension"));
        }
        Ok(Self { origin: origin.to_owned(), head, extensions })
    }

    /// The text that is signed.
    pub fn to_text(&self) -> String {
        let Self { origin, head, extensions } = self;
        let mut text = format!("{origin}\n{}\n{}\n", head.size, head.root.to_base64());
        for line in extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// A checkpoint with its signature lines; well-formed, but not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a signed checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        if bytes.len() > CHECKPOINT_BYTES_MAX {
            return Err(CheckpointError::TooLong);
        }
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse_text(note.text())?, note })
    }

    /// What it says, whoever says it.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Verifies the lines by `keys`, as [`Note::verify`] does.
    pub fn verify<'a>(&self, keys: &'a [VerifierKey]) -> Result<Vec<&'a VerifierKey>, NoteError> {
        self.note.verify(keys)
    }
}

/// Reads the checkpoint of the log `origin` and verifies that at least one of its `keys` has signed.
pub fn open_checkpoint(
    bytes: &[u8],
    origin: &str,
    keys: &[VerifierKey],
) -> Result<Checkpoint, CheckpointError> {
    let signed = SignedCheckpoint::parse(bytes)?;
    if signed.checkpoint.origin != origin {
        let found = signed.checkpoint.origin;
        return Err(CheckpointError::Origin { found, expected: origin.to_owned() });
    }
    signed.note.verify(keys)?;
    Ok(signed.checkpoint)
}
