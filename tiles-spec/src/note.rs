//! Signed notes: a text and the signature lines below it.
//!
//! C2SP signed-note. The rules for text and signature lines are those of the `signed_note` crate.
//! The rest is done here, stricter than the specification requires where that protects someone:
//! - a second line of a known key is verified like the first;
//! - a verifier key has its ID in lower case, so that each key has one text;
//! - Ed25519 verification is strict, because a log and a witness that disagree about a signature
//!   would block each other.
//!
//! Besides Ed25519 (0x01), logs sign with ECDSA (0x02), and witnesses with timestamps (0x04, 0x06).
//! Tests compare whole notes with those of the crate.
//!
//! Invariants: a [`Note`] prints as the bytes it was parsed from. A text must not be trusted until
//! [`Note::verify`] has returned a key.

mod ecdsa;
mod key;
mod public_key;
mod signer;

pub use ecdsa::EcdsaSigningKey;
pub use key::{KeyError, KeyId, KeyName, VerifierKey};
pub(crate) use public_key::verify_ed25519;
pub use public_key::{ML_DSA_44_KEY_BYTES, PublicKey};
pub use signer::NoteSigningKey;
pub(crate) use signer::{NamedSecret, PrivateText, write_private};

use std::fmt;

use thiserror::Error;

/// Maximum number of signature lines in a note.
pub const NOTE_SIGNATURES_MAX: usize = 100;

/// Maximum size of a note in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// A text with its signature lines, none of them verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line. Prints as `— <name> <base64>` and a newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    key_id: KeyId,
    bytes: Vec<u8>,
}

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

impl Note {
    /// Makes a note without signatures.
    pub fn unsigned(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        if text.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge(text.len()));
        }
        check_text(&text)?;
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Parses a note with at least one signature line.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Utf8)?;
        // The text can have blank lines of its own; the last one ends it.
        let separator = note.rfind("\n\n").ok_or(NoteError::Unsigned)?;
        let (text, signatures) = (&note[..=separator], &note[separator + 2..]);
        check_text(text)?;
        Ok(Self { text: text.to_owned(), signatures: parse_signatures(signatures)? })
    }

    /// The signed text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order, not verified.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line at the end. On error nothing is added.
    pub fn append(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        let position = self.signatures.len();
        if position >= NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        if signature.bytes.is_empty() {
            return Err(NoteError::SignatureLine(position));
        }
        let bytes = self.to_bytes().len() + signature.to_string().len();
        if bytes > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge(bytes));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Returns the keys that signed, in the order of their first lines. Never empty.
    ///
    /// Lines by unknown keys are ignored. A line with the name and ID of a known key must verify.
    /// Otherwise the whole note is refused, because something is wrong with it or with the key.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let mut named = keys.iter().filter(|key| key.made(signature)).peekable();
            if named.peek().is_none() {
                continue;
            }
            // Two keys of one name can share an ID, as it has only 32 bits: either may have signed.
            let signer = named.find(|key| key.verify(&self.text, signature.bytes()));
            let signer = signer.ok_or_else(|| NoteError::BadSignature {
                name: signature.name.clone(),
                key_id: signature.key_id,
            })?;
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        if signers.is_empty() { Err(NoteError::NoKnownSignature) } else { Ok(signers) }
    }

    /// The note as it is stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

impl NoteSignature {
    /// A signature by the key with this name and ID; `bytes`, at least one, is what follows the ID.
    pub fn new(name: KeyName, key_id: KeyId, bytes: Vec<u8>) -> Self {
        Self { name, key_id, bytes }
    }

    /// The name of the key that the line claims.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The ID of the key that the line claims.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The signature itself, without the key ID; its form depends on the type of the key.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base64 = key::encode_base64(&[&self.key_id.as_bytes()[..], &self.bytes].concat());
        writeln!(f, "— {} {base64}", self.name)
    }
}

/// Parses one or more signature lines, each ended by a newline; `lines` is all that follows the
/// blank line.
///
/// This is also the form in which a witness answers.
pub fn parse_signatures(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    let lines = lines.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
    let mut signatures = Vec::new();
    for (position, line) in lines.split('\n').enumerate() {
        if position == NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(parse_signature(line).ok_or(NoteError::SignatureLine(position))?);
    }
    Ok(signatures)
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let signature = signed_note::Signature::from_bytes(line.as_bytes()).ok()?;
    let name = signature.name().parse().ok()?;
    let key_id = KeyId::from(signature.id().to_be_bytes());
    Some(NoteSignature::new(name, key_id, signature.signature().to_vec()))
}

fn check_text(text: &str) -> Result<(), NoteError> {
    signed_note::Note::new(text.as_bytes(), &[]).map(drop).map_err(|_| NoteError::Text)
}

#[cfg(test)]
mod tests;
