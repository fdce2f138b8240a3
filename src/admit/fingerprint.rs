//! The name of a key in lists and messages.

use std::fmt;

use fasti_entry::PublicKey;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a key's DER `SubjectPublicKeyInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Returns the fingerprint of this key.
    pub fn of(key: &PublicKey) -> Self {
        Self(Sha256::digest(key.spki_der()).into())
    }

    /// Reads 64 hexadecimal digits, with or without colons, with or without a `sha256:` prefix.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let digits = text.strip_prefix("sha256:").unwrap_or(&text).replace(':', "");
        Some(Self(hex::decode(digits).ok()?.try_into().ok()?))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}
