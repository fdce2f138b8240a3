//! Verifies signatures over digests.
//!
//! Every admitted algorithm signs a digest, so the artifact is never needed. Only for that reason
//! is it safe to accept a digest that someone else computed: the digest itself is verified, logged
//! and later compared with the artifact.
//!
//! Strictness: ECDSA signatures are DER `Ecdsa-Sig-Value` in the shortest encoding, RSA signatures
//! are exactly as long as the modulus, and Ed25519 has `S < L` and no small order points. With
//! ECDSA, anyone can turn a signature `(r, s)` into `(r, n - s)`. Both verify, and they give two
//! leaves.
//!
//! Logs of Rekor v1 sign messages, and let signers sign them, in other ways than the admitted ones;
//! [`PublicKey::verify_v1`] is for what they signed.

use ed25519_dalek::Signature as Ed25519Signature;
use sha2::digest::consts::U64;
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Update};

use super::algorithm::HashAlgorithm;
use super::digest::ArtifactDigest;
use super::error::X509Error;
use super::key::{PublicKey, VerifyingHalf};
use super::primitives::HeldKey as _;

impl PublicKey {
    /// Verifies that `signature` is a signature by this key over `digest`.
    pub fn verify(&self, digest: &ArtifactDigest, signature: &[u8]) -> Result<(), X509Error> {
        let algorithm = self.algorithm();
        if digest.algorithm() != algorithm.hash() {
            return Err(X509Error::DigestAlgorithm { algorithm, found: digest.algorithm() });
        }
        let valid = match self.verifying_half() {
            VerifyingHalf::EcdsaOrRsa(key) => key.made(signature, digest.as_bytes()),
            VerifyingHalf::Ed25519(key) => Ed25519Signature::from_slice(signature)
                .and_then(|signature| {
                    key.verify_prehashed_strict(Prehashed::of(digest), None, &signature)
                })
                .is_ok(),
        };
        if valid { Ok(()) } else { Err(X509Error::BadSignature { algorithm }) }
    }

    /// Verifies a signature over a message as Rekor v1 makes and checks them: ECDSA and RSA with
    /// SHA-256, however large the key, and Ed25519 over the message itself.
    pub fn verify_v1(&self, message: &[u8], signature: &[u8]) -> Result<(), X509Error> {
        let VerifyingHalf::Ed25519(key) = self.verifying_half() else {
            let digest = ArtifactDigest::of(HashAlgorithm::Sha256, message);
            return self.verify_v1_digest(&digest, signature);
        };
        Ed25519Signature::from_slice(signature)
            .and_then(|signature| key.verify_strict(message, &signature))
            .map_err(|_| X509Error::BadSignature { algorithm: self.algorithm() })
    }

    /// Like [`verify_v1`](Self::verify_v1), over a SHA-256 digest. Ed25519 has no such form.
    pub fn verify_v1_digest(
        &self,
        digest: &ArtifactDigest,
        signature: &[u8],
    ) -> Result<(), X509Error> {
        let algorithm = self.algorithm();
        match self.verifying_half() {
            VerifyingHalf::EcdsaOrRsa(key)
                if digest.algorithm() == HashAlgorithm::Sha256
                    && key.made_over_sha256(signature, digest.as_bytes()) =>
            {
                Ok(())
            }
            _ => Err(X509Error::BadSignature { algorithm }),
        }
    }
}

/// A SHA-512 digest in the guise of a hasher that is about to return it: `ed25519-dalek` expects a
/// hasher, but only ever calls `finish` on it.
///
/// The other methods of the `Digest` trait are never called: a fresh hasher has no digest to
/// return, and a hasher that is given data would have to change it. In both cases the output is all
/// zeros, which no one has signed.
#[derive(Clone, Default)]
struct Prehashed(Output<Self>);

impl Prehashed {
    fn of(digest: &ArtifactDigest) -> Self {
        let mut output = Output::<Self>::default();
        // The caller has checked that this is SHA-512.
        output.copy_from_slice(digest.as_bytes());
        Self(output)
    }
}

impl OutputSizeUser for Prehashed {
    type OutputSize = U64;
}

impl FixedOutput for Prehashed {
    fn finalize_into(self, out: &mut Output<Self>) {
        *out = self.0;
    }
}

impl Update for Prehashed {
    fn update(&mut self, _: &[u8]) {
        *self = Self::default();
    }
}

impl HashMarker for Prehashed {}

#[cfg(test)]
mod tests;
