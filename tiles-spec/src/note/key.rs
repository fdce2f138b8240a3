//! Names and IDs of note signers, and the keys that verify their signatures.
//!
//! C2SP signed-note "Signatures", "Verifier keys"; tlog-cosignature "Format". A key is identified
//! by its name and a 32-bit ID; the text form, `name+id+base64(type || key)`, carries both.
//!
//! Invariants: the ID of a [`VerifierKey`] follows from its name and public key, and its public key
//! is valid for its type and not weak. A vkey has one spelling.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use thiserror::Error;

use super::NoteSignature;
use super::public_key::{PublicKey, Verifier};

/// Maximum length in bytes of a name that is signed with the text, as its length is stored in one
/// byte.
const SIGNED_NAME_BYTES_MAX: usize = 255;

/// Name of a key, by convention a URL without its scheme: not empty, no Unicode spaces, no `+`, no
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The 32 bits that distinguish keys of one name. Prints as 8 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

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

/// Why a key or its name was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Empty, or with spaces, control characters or `+`.
    #[error("key name is empty or has spaces, control characters or '+'")]
    Name,
    /// Too long for a signature that covers the name.
    #[error("key name has more than {SIGNED_NAME_BYTES_MAX} bytes")]
    LongName,
    /// Not of the form `name+id+base64`, or for a private key `PRIVATE+KEY+name+id+base64`.
    #[error("key is not of the form name+id+base64")]
    Form,
    /// The key ID is not 8 lower-case hexadecimal digits.
    #[error("key id is not 8 lower-case hexadecimal digits")]
    IdForm,
    /// The key material is not canonical base64, or empty.
    #[error("key material is not canonical base64")]
    Base64,
    /// A signature type that is not supported here.
    #[error("unsupported signature type {0:#04x}")]
    Type(u8),
    /// The key material is not a valid key of its type.
    #[error("key material is not a public key of its type")]
    Material,
    /// The key ID does not belong to the name and key.
    #[error("key id is {stated}, but name and key give {computed}")]
    IdMismatch {
        /// The ID in the text.
        stated: KeyId,
        /// The ID computed from name and key.
        computed: KeyId,
    },
}

impl KeyName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        let is_bad = |c: char| c.is_whitespace() || c == '+' || c < ' ';
        if name.is_empty() || name.contains(is_bad) {
            return Err(KeyError::Name);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyId {
    /// The four bytes with which a signature begins.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl From<[u8; 4]> for KeyId {
    fn from(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 8 || !text.bytes().all(digit) {
            return Err(KeyError::IdForm);
        }
        let id = u32::from_str_radix(text, 16).map_err(|_| KeyError::IdForm)?;
        Ok(Self(id.to_be_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
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
        KeyId([a, b, c, d])
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

pub(super) fn expect_id(stated: KeyId, computed: KeyId) -> Result<(), KeyError> {
    if stated == computed { Ok(()) } else { Err(KeyError::IdMismatch { stated, computed }) }
}

/// Decodes standard base64 with padding and zero trailing bits.
pub(super) fn decode_base64(text: &str) -> Result<Vec<u8>, KeyError> {
    BASE64_STANDARD.decode(text).map_err(|_| KeyError::Base64)
}

/// Encodes as standard base64 with padding.
pub(super) fn encode_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests;
