//! Signatures as Rekor v1 verifies them. Some are of kinds that Rekor v2 does not admit: ECDSA with
//! SHA-256 on a larger curve, and over an envelope also Ed25519 without a digest.

use fasti_x509::{ArtifactDigest, KeyDetails, PublicKey, SigningAlgorithm};

use crate::bundle::{Bundle, BundleContent};
use crate::error::EntryError;
use crate::pae::pae;
use crate::signed_digest::SignedDigest;

impl Bundle {
    /// Like [`Bundle::signed`], for [`verify_as_v1`]: a digest can also be SHA-256.
    pub fn signed_as_v1(
        &self,
        key: Option<&PublicKey>,
        artifact: Option<&ArtifactDigest>,
    ) -> Result<SignedDigest, EntryError> {
        self.claim(key, artifact)
    }
}

/// Verifies a bundle's signature as Rekor v1 verifies it, and returns of which kind it is.
pub fn verify_as_v1(
    content: &BundleContent,
    signed: &SignedDigest,
) -> Result<KeyDetails, EntryError> {
    let Err(error) = signed.verify() else {
        return Ok(signed.signature.verifier.key_details);
    };
    let key = signed.signature.verifier.public_key()?;
    let signature = &signed.signature.content;
    let verified = match content {
        BundleContent::MessageSignature(_) => key.verify_v1_digest(&signed.digest, signature),
        BundleContent::DsseEnvelope(envelope) => {
            key.verify_v1(&pae(&envelope.payload_type, &envelope.payload), signature)
        }
    };
    if verified.is_err() {
        return Err(error);
    }
    let name = match key.algorithm() {
        SigningAlgorithm::EcdsaP384Sha384 => "PKIX_ECDSA_P384_SHA_256",
        SigningAlgorithm::EcdsaP521Sha512 => "PKIX_ECDSA_P521_SHA_256",
        SigningAlgorithm::Ed25519ph => "PKIX_ED25519",
        algorithm => algorithm.key_details().name(),
    };
    Ok(KeyDetails::from_name(name).unwrap_or(signed.signature.verifier.key_details))
}
