//! The digest of an artifact, which is all of it that a log sees.
//!
//! Invariant: an [`ArtifactDigest`] has the length that its algorithm produces.

use std::fmt;

use super::algorithm::HashAlgorithm;
use super::error::X509Error;
use super::primitives::{Hasher, Hashing as _};

/// A digest and the hash algorithm that produced it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArtifactDigest {
    algorithm: HashAlgorithm,
    /// Zero beyond the algorithm's length.
    padded: [u8; 64],
}

impl ArtifactDigest {
    /// Returns an error if `bytes` does not have the length of an `algorithm` digest.
    pub fn new(algorithm: HashAlgorithm, bytes: &[u8]) -> Result<Self, X509Error> {
        if bytes.len() != algorithm.digest_len() {
            return Err(X509Error::DigestLength { algorithm, found: bytes.len() });
        }
        let mut padded = [0; 64];
        padded[..bytes.len()].copy_from_slice(bytes);
        Ok(Self { algorithm, padded })
    }

    /// Computes the digest of bytes in memory.
    pub fn of(algorithm: HashAlgorithm, artifact: &[u8]) -> Self {
        let mut hasher = ArtifactHasher::new(algorithm);
        hasher.update(artifact);
        hasher.finish()
    }

    /// The hash algorithm that produced it.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// 32, 48 or 64 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.padded[..self.algorithm.digest_len()]
    }
}

impl fmt::Debug for ArtifactDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, hex::encode(self.as_bytes()))
    }
}

/// Hashes an artifact piece by piece, so that it never has to be in memory as a whole.
pub struct ArtifactHasher {
    algorithm: HashAlgorithm,
    state: Hasher,
}

impl ArtifactHasher {
    /// Starts with an empty artifact.
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self { algorithm, state: Hasher::new(algorithm) }
    }

    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.state.update(piece);
    }

    /// Returns the digest of all pieces in order.
    pub fn finish(self) -> ArtifactDigest {
        let mut padded = [0; 64];
        self.state.finish(&mut padded[..self.algorithm.digest_len()]);
        ArtifactDigest { algorithm: self.algorithm, padded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_match_fips_180_examples() {
        for (algorithm, expected) in [
            (
                HashAlgorithm::Sha256,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                HashAlgorithm::Sha384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                 8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                HashAlgorithm::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let mut hasher = ArtifactHasher::new(algorithm);
            hasher.update(b"a");
            hasher.update(b"bc");
            let digest = hasher.finish();
            assert_eq!(hex::encode(digest.as_bytes()), expected);
            assert_eq!(digest, ArtifactDigest::of(algorithm, b"abc"));
        }
    }

    #[test]
    fn length_must_fit() {
        for (algorithm, length) in [(HashAlgorithm::Sha256, 31), (HashAlgorithm::Sha384, 64)] {
            assert!(matches!(
                ArtifactDigest::new(algorithm, &vec![0; length]),
                Err(X509Error::DigestLength { found, .. }) if found == length
            ));
        }
    }
}
