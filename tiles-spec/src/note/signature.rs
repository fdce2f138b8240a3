//! Signature lines: who signed, and the bytes of the signature.
//!
//! C2SP signed-note "Signatures". Nothing here is verified.

use std::fmt;

use super::error::{NOTE_SIGNATURES_MAX, NoteError};
use super::name::{KeyId, KeyName, encode_base64};

/// One signature line. Prints as `— <name> <base64>` and a newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    key_id: KeyId,
    bytes: Vec<u8>,
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
        let base64 = encode_base64(&[&self.key_id.as_bytes()[..], &self.bytes].concat());
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
