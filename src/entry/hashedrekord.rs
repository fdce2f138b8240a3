//! The entry of kind `hashedrekord` 0.0.2: one signature over the digest of one artifact.
//!
//! The request (`HashedRekordRequestV002`) and the entry (`HashedRekordLogEntryV002`) hold the same
//! data, except that the request leaves the name of the hash to keyDetails.

use serde_json::json;

use super::algorithm::HashAlgorithm;
use super::artifact::ArtifactDigest;
use super::error::EntryError;
use super::json::Value;
use super::protojson::{Base64, Unknown, fields, required};
use super::signature;
use super::verifier::Verifier;

/// A signature with its verifier (`dev.sigstore.rekor.v2.Signature`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifiableSignature {
    /// The raw signature.
    pub content: Vec<u8>,
    /// The key or certificate.
    pub verifier: Verifier,
}

/// A signature over a digest. Nothing is verified before [`HashedRekord::verify`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HashedRekord {
    /// The signed digest.
    pub digest: ArtifactDigest,
    /// The signature over it.
    pub signature: VerifiableSignature,
}

impl HashedRekord {
    /// Verifies the signature. The key must fit keyDetails, and the digest must be of the hash that
    /// keyDetails implies.
    pub fn verify(&self) -> Result<(), EntryError> {
        let VerifiableSignature { content, verifier } = &self.signature;
        verifier
            .public_key()
            .map_err(|e| e.within("verifier"))
            .and_then(|key| {
                signature::verify(&key, &self.digest, content).map_err(|e| e.within("content"))
            })
            .map_err(|e| e.within("signature"))
    }

    /// The body of a request to log it.
    pub fn to_request(&self) -> Vec<u8> {
        let verifier = &self.signature.verifier;
        let request = json!({"hashedRekordRequestV002": {
            "digest": Base64(self.digest.as_bytes()),
            "signature": {
                "content": Base64(&self.signature.content),
                "verifier": {
                    verifier.material.field(): {"rawBytes": Base64(verifier.material.der())},
                    "keyDetails": verifier.key_details.name(),
                },
            },
        }});
        request.to_string().into_bytes()
    }

    pub(super) fn from_request(value: Value<'_>) -> Result<Self, EntryError> {
        let [digest, signature] = fields(value, ["digest", "signature"], Unknown::Refuse)?;
        let signature =
            required(signature, "signature", "a signature", VerifiableSignature::from_json)?;
        let algorithm = signature
            .verifier
            .key_details
            .algorithm()
            .map_err(|e| e.within("keyDetails").within("verifier").within("signature"))?;
        let digest = required(digest, "digest", "the artifact's digest in base64", |value| {
            ArtifactDigest::new(algorithm.hash(), &value.nonempty_bytes()?)
        })?;
        Ok(Self { digest, signature })
    }

    pub(super) fn from_entry(value: Value<'_>) -> Result<Self, EntryError> {
        let [data, signature] = fields(value, ["data", "signature"], Unknown::Refuse)?;
        let digest = required(data, "data", "a digest", |data| hash_output(data, Unknown::Refuse))?;
        let signature =
            required(signature, "signature", "a signature", VerifiableSignature::from_json)?;
        Ok(Self { digest, signature })
    }
}

impl VerifiableSignature {
    pub(super) fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let [content, verifier] = fields(value, ["content", "verifier"], Unknown::Refuse)?;
        let content =
            required(content, "content", "the signature in base64", Value::nonempty_bytes)?;
        let verifier =
            required(verifier, "verifier", "a public key or certificate", Verifier::from_json)?;
        Ok(Self { content, verifier })
    }
}

/// `dev.sigstore.common.v1.HashOutput`.
pub(super) fn hash_output(
    value: Value<'_>,
    unknown: Unknown,
) -> Result<ArtifactDigest, EntryError> {
    let [algorithm, digest] = fields(value, ["algorithm", "digest"], unknown)?;
    let algorithm = required(algorithm, "algorithm", "the name of the hash", |value| {
        value.enumeration(HashAlgorithm::from_wire)
    })?;
    required(digest, "digest", "the digest in base64", |value| {
        ArtifactDigest::new(algorithm, &value.nonempty_bytes()?)
    })
}
