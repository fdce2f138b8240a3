//! The text of a checkpoint: what a log states about its tree.
//!
//! C2SP tlog-checkpoint. Three lines (origin, decimal size, base64 root hash), then extension lines
//! if any.
//!
//! Invariant: [`Checkpoint::parse_text`] accepts only the text that [`Checkpoint::to_text`] would
//! write.

use thiserror::Error;

use crate::hash::{Hash, HashError};
use crate::note::error::NoteError;
use crate::size::NumberError;
use crate::tree::TreeHead;

/// Maximum size of a signed checkpoint in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;

/// A log's statement about its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The first line, as found: any line that is not empty. For logs of this project it is an
    /// [`Origin`](super::Origin).
    pub origin: String,
    /// Size and root hash.
    pub head: TreeHead,
    /// Further lines, all non-empty. Logs of this project write none.
    pub extensions: Vec<String>,
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
