//! SHA-256 hashes in a Merkle tree: of leaves, of inner nodes, and of the empty tree.
//!
//! RFC 6962 section 2.1. Leaves and nodes are hashed with different prefixes, so that no entry can
//! pass for a node. The text forms (hex, base64) are canonical: one spelling for each hash.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::size::HASH_BYTES;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// Root hash of the tree without leaves: the SHA-256 of the empty string.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// Why bytes or text are not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HashError {
    /// Not 32 bytes; holds the length found.
    #[error("hash of {0} bytes, not 32")]
    Length(usize),
    /// Not 64 lower-case hexadecimal digits.
    #[error("hash is not 64 lower-case hexadecimal digits")]
    Hex,
    /// Not base64 in the standard alphabet, padded, with zero trailing bits.
    #[error("hash is not canonical base64")]
    Base64,
}

/// The hash of a leaf: SHA-256 of 0x00 and the entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new_with_prefix([0x00]).chain_update(entry).finalize().into())
}

/// The hash of an inner node: SHA-256 of 0x01, the left child and the right child.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // The message is contiguous, so that the hasher takes a whole block from it without buffering.
    let mut message = [0x01; 1 + 2 * HASH_BYTES];
    message[1..=HASH_BYTES].copy_from_slice(&left.0);
    message[1 + HASH_BYTES..].copy_from_slice(&right.0);
    Hash(Sha256::digest(message).into())
}

impl Hash {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// Standard base64 with padding, 44 characters, as in checkpoints and proofs.
    pub fn to_base64(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// Parses the output of [`Hash::to_base64`], and no other spelling.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        // The longest text worth decoding; also bounds the allocation.
        const TEXT_BYTES: usize = HASH_BYTES.div_ceil(3) * 4;
        if text.len() > TEXT_BYTES {
            return Err(HashError::Base64);
        }
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| HashError::Base64)?;
        Self::try_from(bytes.as_slice())
    }
}

impl From<[u8; HASH_BYTES]> for Hash {
    fn from(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = HashError;

    fn try_from(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Self).map_err(|_| HashError::Length(bytes.len()))
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * HASH_BYTES {
            return Err(HashError::Hex);
        }
        let mut bytes = [0; HASH_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// The value of one lower-case hexadecimal digit.
fn hex_value(digit: u8) -> Result<u8, HashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(HashError::Hex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6962_hashes() {
        assert_eq!(Hash::from(<[u8; 32]>::from(Sha256::digest(b""))), EMPTY_ROOT);
        assert_eq!(EMPTY_ROOT.to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        // Values in transparency-dev/merkle, rfc6962/rfc6962_test.go.
        assert_eq!(
            leaf_hash(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            leaf_hash(b"L123456").to_string(),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
        );
    }

    #[test]
    fn text_forms_are_canonical() {
        let hash = leaf_hash(b"entry");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
        assert_eq!(hash.to_string().to_uppercase().parse::<Hash>(), Err(HashError::Hex));
        assert_eq!("00".parse::<Hash>(), Err(HashError::Hex));

        let base64 = EMPTY_ROOT.to_base64();
        // The last character before the padding carries two bits that must be zero.
        assert_eq!(Hash::from_base64(&base64.replace("FU=", "FV=")), Err(HashError::Base64));
        assert_eq!(Hash::from_base64(base64.trim_end_matches('=')), Err(HashError::Base64));
        assert_eq!(Hash::from_base64(&format!("{base64}\n")), Err(HashError::Base64));
        assert_eq!(Hash::from_base64("AAAA"), Err(HashError::Length(3)));
        assert_eq!(Hash::try_from([0; 33].as_slice()), Err(HashError::Length(33)));
    }
}
