//! What a witness answers: cosignatures, or the size that it knows.

use thiserror::Error;

use crate::cosignature::cosignature_time;
use crate::note::{Note, NoteError, NoteSignature, VerifierKey, parse_signatures};
use crate::size::{NumberError, TreeSize};

/// The content type of an answer that is the size of the tree that was cosigned last.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";

/// Why the answer of a witness is of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// Not UTF-8.
    #[error("the witness's answer is not text")]
    Text,
    /// Not signature lines, or one that claims to be of a known key and does not verify.
    #[error("the witness's answer is not valid cosignatures")]
    Lines(#[from] NoteError),
    /// No line is by a known key of the witness.
    #[error("the witness's answer has no cosignature by its key")]
    NotCosigned,
    /// A cosignature without a time, which does not say that the tree was the newest.
    #[error("the witness's cosignature states no time")]
    NoTime,
    /// A malformed size.
    #[error("the witness's answer is not a tree size")]
    Size(#[source] NumberError),
}

/// Opens the answer of a witness: the lines by its keys, all verified. Lines by unknown keys are
/// ignored.
pub fn open_cosignatures(
    text: &str,
    answer: &[u8],
    keys: &[VerifierKey],
) -> Result<Vec<NoteSignature>, ReplyError> {
    let answer = std::str::from_utf8(answer).map_err(|_| ReplyError::Text)?;
    let mut note = Note::unsigned(text)?;
    let known = |line: &NoteSignature| keys.iter().any(|key| key.made(line));
    for line in parse_signatures(answer)?.into_iter().filter(known) {
        if cosignature_time(&line) == Some(0) {
            return Err(ReplyError::NoTime);
        }
        note.append(line)?;
    }
    match note.verify(keys) {
        Ok(_) => Ok(note.signatures().to_vec()),
        Err(NoteError::NoKnownSignature) => Err(ReplyError::NotCosigned),
        Err(error) => Err(error.into()),
    }
}

/// The body of an answer that states a size.
pub fn size_body(size: TreeSize) -> String {
    format!("{size}\n")
}

/// Parses that body.
pub fn parse_size(body: &[u8]) -> Result<TreeSize, ReplyError> {
    let text = std::str::from_utf8(body).map_err(|_| ReplyError::Text)?;
    text.strip_suffix('\n').unwrap_or(text).parse().map_err(ReplyError::Size)
}
