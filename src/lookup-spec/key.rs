//! Lookup keys, each a truncated hash.
//!
//! A key is the first 16 bytes of the SHA-256 of `"fasti/lookup-key/v1\n"`, the kind in one byte,
//! and each value preceded by its length in eight bytes. If two values share a key, the only cost
//! is that a reader looks at an entry that does not have the value it searches for.
//!
//! Invariant: different kinds have different keys, and so do different values of a kind.

use std::fmt;

use sha2::{Digest as _, Sha256};
use tiles_spec::hash::Hash;
use tiles_spec::size::LeafIndex;

/// Size of a key in bytes.
pub const KEY_BYTES: usize = 16;

const DOMAIN: &[u8] = b"fasti/lookup-key/v1\n";

/// A lookup key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupKey([u8; KEY_BYTES]);

/// A leaf that has a key. Ordered by key, then by leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posting {
    /// The key.
    pub key: LookupKey,
    /// The leaf.
    pub index: LeafIndex,
}

impl LookupKey {
    /// The leaf with this hash, which is Rekor's UUID.
    pub fn leaf(hash: &Hash) -> Self {
        Self::of(1, &[hash.as_bytes()])
    }

    /// Entries about an object with this digest, whatever the hash function.
    pub fn digest(digest: &[u8]) -> Self {
        Self::of(2, &[digest])
    }

    /// Entries signed with the key whose DER `SubjectPublicKeyInfo` has this SHA-256.
    pub fn public_key(spki: &Hash) -> Self {
        Self::of(3, &[spki.as_bytes()])
    }

    /// Entries with a certificate that names this identity, whoever issued it. The case of ASCII
    /// letters is ignored; nothing else is folded.
    pub fn identity(identity: &str) -> Self {
        Self::of(4, &[identity.to_ascii_lowercase().as_bytes()])
    }

    /// Entries with a certificate that names this identity, vouched for by this issuer.
    pub fn identity_of_issuer(identity: &str, issuer: &str) -> Self {
        let (identity, issuer) = (identity.to_ascii_lowercase(), issuer.to_ascii_lowercase());
        Self::of(5, &[identity.as_bytes(), issuer.as_bytes()])
    }

    fn of(kind: u8, values: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new_with_prefix(DOMAIN);
        hasher.update([kind]);
        for value in values {
            hasher.update((value.len() as u64).to_be_bytes());
            hasher.update(value);
        }
        let hash: [u8; 32] = hasher.finalize().into();
        Self(*hash.first_chunk().expect("a hash is longer"))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The first eight bytes as a number, which preserves the order of keys.
    pub(crate) fn high(&self) -> u64 {
        u64::from_be_bytes(*self.0.first_chunk().expect("a key is longer"))
    }
}

impl From<[u8; KEY_BYTES]> for LookupKey {
    fn from(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for LookupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LookupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use tiles_spec::leaf_hash;

    use super::*;

    #[test]
    fn keys_are_what_the_format_says() {
        let expected = Sha256::digest(
            b"fasti/lookup-key/v1\n\x05\0\0\0\0\0\0\0\x05a@b.c\0\0\0\0\0\0\0\x03https",
        );
        assert_ne!(LookupKey::identity_of_issuer("a@b.c", "https").0, expected[..16]);
        let expected =
            Sha256::digest(b"fasti/lookup-key/v1\n\x05\0\0\0\0\0\0\0\x05a@b.c\0\0\0\0\0\0\0\x02hs");
        assert_eq!(LookupKey::identity_of_issuer("A@b.C", "HS").0, expected[..16]);
        let expected = Sha256::digest(b"fasti/lookup-key/v1\n\x02\0\0\0\0\0\0\0\x02\x01\x02");
        assert_eq!(LookupKey::digest(&[1, 2]).0, expected[..16]);
    }

    #[test]
    fn kinds_are_apart_and_letters_of_other_scripts_are_not_folded() {
        let hash = leaf_hash(b"");
        let keys = [
            LookupKey::leaf(&hash),
            LookupKey::digest(hash.as_bytes()),
            LookupKey::public_key(&hash),
            LookupKey::identity("a"),
            LookupKey::identity_of_issuer("a", ""),
            LookupKey::identity_of_issuer("", "a"),
            LookupKey::identity("\u{e4}"),
            LookupKey::identity("\u{c4}"),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
