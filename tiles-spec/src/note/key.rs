//! The keys that verify signatures of notes.
//!
//! C2SP signed-note "Verifier keys"; tlog-cosignature "Format". The text form of a key,
//! `name+id+base64(type || key)`, carries its name and its ID.
//!
//! Invariants: the ID of a [`VerifierKey`] follows from its name and public key, and its public key
//! is valid for its type and not weak. A vkey has one spelling.

use std::fmt;
use std::str::FromStr;

use super::name::{
    KeyError, KeyId, KeyName, SIGNED_NAME_BYTES_MAX, decode_base64, encode_base64, expect_id,
};
use super::public_key::{PublicKey, Verifier};
use super::signature::NoteSignature;
use crate::cosignature::verify::SignedSubtree;

/// A named public key. Parses from and prints as a vkey.
///
/// ```
/// use tiles_spec::{NoteSigningKey, VerifierKey};
///
/// let key = NoteSigningKey::from_seed("log.example".parse()?, &[7; 32]);
/// let vkey: VerifierKey = key.verifier_key().to_string().parse()?;
/// assert_eq!(vkey.name().as_str(), "log.example");
/// let line = key.sign("text\n");
/// assert!(vkey.made(&line) && vkey.verify("text\n", line.bytes()));
/// # Ok::<(), tiles_spec::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifierKey {
    name: KeyName,
    public_key: PublicKey,
    /// The key ID is the start of this hash.
    log_id: [u8; 32],
    verifier: Verifier,
}

impl VerifierKey {
    /// Makes a key with this name; rejects material that is not a valid key.
    pub fn new(name: KeyName, public_key: PublicKey) -> Result<Self, KeyError> {
        if matches!(public_key, PublicKey::MlDsa44Cosignature(_))
            && name.as_str().len() > SIGNED_NAME_BYTES_MAX
        {
            return Err(KeyError::LongName);
        }
        let verifier = Verifier::new(&public_key)?;
        let log_id = public_key.log_id(&name);
        Ok(Self { name, public_key, log_id, verifier })
    }

    /// Parses a vkey: `name+id+base64(type || key)`.
    pub fn parse(vkey: &str) -> Result<Self, KeyError> {
        // The base64 can contain pluses.
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        let stated: KeyId = id.parse()?;
        let key = decode_base64(key)?;
        let (signature_type, material) = key.split_first().ok_or(KeyError::Base64)?;
        let public_key = PublicKey::from_material(*signature_type, material)?;
        let key = Self::new(name.parse()?, public_key)?;
        expect_id(stated, key.key_id())?;
        Ok(key)
    }

    /// The name.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The ID.
    pub const fn key_id(&self) -> KeyId {
        let [a, b, c, d, ..] = self.log_id;
        KeyId::from_bytes([a, b, c, d])
    }

    /// The public key.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The whole SHA-256 of which the ID is the start; Sigstore uses it to name a log
    /// (`logId.keyId`).
    pub const fn log_id(&self) -> [u8; 32] {
        self.log_id
    }

    /// Whether a line claims to be signed by this key.
    pub fn made(&self, signature: &NoteSignature) -> bool {
        *signature.name() == self.name && signature.key_id() == self.key_id()
    }

    /// Whether the bytes of a signature line, without the key ID, are this key's signature over the
    /// text.
    pub fn verify(&self, text: &str, signature: &[u8]) -> bool {
        self.verifier.verify(&self.name, text, signature)
    }

    /// Whether the bytes of a signature line, without the key ID, are this key's cosignature of a
    /// part of a log's tree. Only keys of type 0x06 make such.
    pub fn verify_subtree(&self, signed: &SignedSubtree<'_>, signature: &[u8]) -> bool {
        self.verifier.verify_subtree(&self.name, signed, signature)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, KeyError> {
        Self::parse(vkey)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.public_key.signature_type()], self.public_key.material()].concat();
        write!(f, "{}+{}+{}", self.name, self.key_id(), encode_base64(&key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl PartialEq for VerifierKey {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.public_key == other.public_key
    }
}

impl Eq for VerifierKey {}

#[cfg(test)]
mod tests;
