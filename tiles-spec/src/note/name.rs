//! Names and IDs of note signers.
//!
//! C2SP signed-note "Signatures". A key is identified by its name and a 32-bit ID.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use thiserror::Error;

/// Maximum length in bytes of a name that is signed with the text, as its length is stored in one
/// byte.
pub(super) const SIGNED_NAME_BYTES_MAX: usize = 255;

/// Name of a key, by convention a URL without its scheme: not empty, no Unicode spaces, no `+`, no
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The 32 bits that distinguish keys of one name. Prints as 8 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

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
    pub(super) const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

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
