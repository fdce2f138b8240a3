//! Signers of every admitted algorithm, for the tests of this crate.

use std::ops::Deref;
use std::sync::OnceLock;

pub use fasti_kit::certificates::{ARTIFACT, fulcio, utf8};

use super::algorithm::SigningAlgorithm;
use super::digest::ArtifactDigest;

/// A key pair of an admitted kind.
pub struct Signer {
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    signer: fasti_kit::certificates::Signer,
}

impl Deref for Signer {
    type Target = fasti_kit::certificates::Signer;

    fn deref(&self) -> &Self::Target {
        &self.signer
    }
}

impl Signer {
    /// Makes a new one.
    pub fn generate(algorithm: SigningAlgorithm) -> Self {
        let kind = algorithm.key_details().name();
        Self { algorithm, signer: fasti_kit::certificates::Signer::generate(kind) }
    }

    /// One signer per algorithm, created once because RSA keys are slow to generate.
    pub fn of(algorithm: SigningAlgorithm) -> &'static Self {
        static SIGNERS: [OnceLock<Signer>; 7] = [const { OnceLock::new() }; 7];
        SIGNERS[algorithm as usize].get_or_init(|| Self::generate(algorithm))
    }

    /// The digest of a message that it would sign.
    pub fn digest(&self, message: &[u8]) -> ArtifactDigest {
        ArtifactDigest::of(self.algorithm.hash(), message)
    }
}
