//! Stand-in for `tiles_spec::lookup::LookupKey`, until that is there.

#![expect(missing_docs)]

use std::fmt;

use sha2::{Digest as _, Sha256};
use tiles_spec::Hash;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LookupKey([u8; 16]);

impl LookupKey {
    fn of(kind: u8, values: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new_with_prefix(b"fasti/lookup-key/v1\n");
        hasher.update([kind]);
        for value in values {
            hasher.update((value.len() as u64).to_be_bytes());
            hasher.update(value);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.finalize()[..16]);
        Self(key)
    }

    pub fn leaf(hash: &Hash) -> Self {
        Self::of(1, &[hash.as_bytes()])
    }

    pub fn digest(digest: &[u8]) -> Self {
        Self::of(2, &[digest])
    }

    pub fn public_key(spki_sha256: &Hash) -> Self {
        Self::of(3, &[spki_sha256.as_bytes()])
    }

    pub fn identity(identity: &str) -> Self {
        Self::of(4, &[identity.to_ascii_lowercase().as_bytes()])
    }

    pub fn identity_of_issuer(identity: &str, issuer: &str) -> Self {
        let (identity, issuer) = (identity.to_ascii_lowercase(), issuer.to_ascii_lowercase());
        Self::of(5, &[identity.as_bytes(), issuer.as_bytes()])
    }
}

impl fmt::Display for LookupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
