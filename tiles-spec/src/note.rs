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
pub(crate) mod ed25519;
pub(crate) mod error;
mod key;
pub(crate) mod name;
mod public_key;
mod signature;
mod signer;
mod verify;

pub use ecdsa::EcdsaSigningKey;
pub use error::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, NoteError};
pub use key::VerifierKey;
pub use name::{KeyError, KeyId, KeyName};
pub use public_key::{ML_DSA_44_KEY_BYTES, PublicKey};
pub use signature::{NoteSignature, parse_signatures};
pub use signer::NoteSigningKey;
pub(crate) use signer::{NamedSecret, PrivateText, write_private};

use std::fmt;

/// A text with its signature lines, none of them verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
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
        if signature.bytes().is_empty() {
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
                name: signature.name().clone(),
                key_id: signature.key_id(),
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

fn check_text(text: &str) -> Result<(), NoteError> {
    signed_note::Note::new(text.as_bytes(), &[]).map(drop).map_err(|_| NoteError::Text)
}

#[cfg(test)]
mod tests;
