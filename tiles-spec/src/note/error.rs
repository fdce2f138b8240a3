//! Why a note is malformed or untrusted, and the bounds of one.

use thiserror::Error;

use super::name::{KeyId, KeyName};

/// Maximum number of signature lines in a note.
pub const NOTE_SIGNATURES_MAX: usize = 100;

/// Maximum size of a note in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// Why a note is malformed or untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Larger than the maximum size; holds its size.
    #[error("note of {0} bytes, more than {NOTE_BYTES_MAX}")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("note is not utf-8")]
    Utf8,
    /// No blank line followed by signature lines.
    #[error("note has no signatures below a blank line")]
    Unsigned,
    /// The text is empty, does not end in a newline, or has control characters.
    #[error("note text is empty, unterminated, or has control characters")]
    Text,
    /// A line below the last blank line is not a signature line; holds its number, counted from 0.
    #[error("signature line {0} of the note is malformed")]
    SignatureLine(usize),
    /// More signature lines than the maximum.
    #[error("note has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A signature by a known key does not verify.
    #[error("bad signature by the known key {name}+{key_id}")]
    BadSignature {
        /// Name of the key.
        name: KeyName,
        /// ID of the key.
        key_id: KeyId,
    },
    /// None of the known keys signed.
    #[error("note is not signed by any known key")]
    NoKnownSignature,
}
