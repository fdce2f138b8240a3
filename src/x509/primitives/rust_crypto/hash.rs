//! SHA-2 (FIPS 180-4).

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::super::super::algorithm::HashAlgorithm;
use super::super::contract::Hashing;

/// A hash in the making.
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hashing for Hasher {
    fn new(hash: HashAlgorithm) -> Self {
        match hash {
            HashAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            HashAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            HashAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(piece),
            Self::Sha384(hasher) => hasher.update(piece),
            Self::Sha512(hasher) => hasher.update(piece),
        }
    }

    fn finish(self, digest: &mut [u8]) {
        match self {
            Self::Sha256(hasher) => digest.copy_from_slice(&hasher.finalize()),
            Self::Sha384(hasher) => digest.copy_from_slice(&hasher.finalize()),
            Self::Sha512(hasher) => digest.copy_from_slice(&hasher.finalize()),
        }
    }
}

/// The digest of a whole message.
pub(super) fn digest_of(hash: HashAlgorithm, message: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(hash);
    hasher.update(message);
    let mut digest = vec![0; hash.digest_len()];
    hasher.finish(&mut digest);
    digest
}
