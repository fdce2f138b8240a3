//! Attestations: what was signed, which a log may keep beside an entry that has only its hash
//! (`src/docs/formats.md`, "Attestations").
//!
//! Invariant: the digest is the SHA-256 of the bytes.

use sha2::{Digest as _, Sha256};
use tiles_spec::Hash;

use super::facts::Facts;

/// What was signed: the payload of an envelope, or a whole COSE message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    digest: Hash,
    bytes: Vec<u8>,
}

impl Attestation {
    /// These bytes, which are hashed.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { digest: sha256(&bytes), bytes }
    }

    /// The SHA-256 of the bytes, which the entry has.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes by value.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The SHA-256 of the attestation that a log may keep beside this entry; `None` if entries of its
/// kind have none.
pub fn attestation_hash(entry: &[u8]) -> Option<Hash> {
    Facts::of(entry).attestation
}

/// Whether these bytes are the attestation of this entry.
pub fn is_attestation_of(entry: &[u8], bytes: &[u8]) -> bool {
    attestation_hash(entry) == Some(sha256(bytes))
}

fn sha256(bytes: &[u8]) -> Hash {
    Hash::from(<[u8; 32]>::from(Sha256::digest(bytes)))
}
