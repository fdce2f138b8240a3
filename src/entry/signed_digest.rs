//! A signature over the digest of one artifact: what a bundle claims, and all of a hashedrekord.

use fasti_x509::ArtifactDigest;

use super::error::EntryError;
use super::kind::{Kind, RekorEntry, hashedrekord_request};
use super::pki::VerifiableSignature;

/// A signature over a digest. Nothing is verified before [`SignedDigest::verify`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SignedDigest {
    /// The signed digest.
    pub digest: ArtifactDigest,
    /// The signature over it.
    pub signature: VerifiableSignature,
}

impl SignedDigest {
    /// The kind of entry that it is logged as.
    pub const KIND: Kind = Kind::HashedRekord;

    /// Verifies the signature. The key must fit keyDetails, and the digest must be of the hash that
    /// keyDetails implies.
    pub fn verify(&self) -> Result<(), EntryError> {
        let VerifiableSignature { content, verifier } = &self.signature;
        verifier
            .public_key()
            .map_err(|e| e.within("verifier"))
            .and_then(|key| {
                key.verify(&self.digest, content).map_err(|e| EntryError::from(e).within("content"))
            })
            .map_err(|e| e.within("signature"))
    }

    /// The body of a request to log it.
    pub fn to_request(&self) -> Vec<u8> {
        hashedrekord_request(self)
    }

    /// The entry for it.
    pub fn into_entry(self) -> RekorEntry {
        RekorEntry::HashedRekord(self)
    }
}
