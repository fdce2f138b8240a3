//! What was verified, and how the parts of a body are read and compared with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_x509::{ArtifactDigest, HashAlgorithm, pem};

use crate::bundle::BundleContent;
use crate::envelope::{DsseEnvelope, DsseSignature};
use crate::error::EntryError;
use crate::json::Value;
use crate::pki::KeyMaterial;
use crate::protojson::{Unknown, fields, optional, required};
use crate::quote::quote;
use crate::signed_digest::SignedDigest;

/// What a verifier has verified, and a body must state.
pub(super) struct Verified<'a> {
    pub(super) content: &'a BundleContent,
    pub(super) signed: &'a SignedDigest,
}

impl Verified<'_> {
    /// The envelope and its signature.
    pub(super) fn envelope(&self) -> Result<(&DsseEnvelope, &DsseSignature), EntryError> {
        match self.content {
            BundleContent::DsseEnvelope(envelope) => match envelope.signatures.as_slice() {
                [signature] => Ok((envelope, signature)),
                more => Err(EntryError::TooMany { found: more.len(), limit: 1 }),
            },
            BundleContent::MessageSignature(_) => {
                Err(EntryError::Missing { expected: "an envelope" }.within("dsseEnvelope"))
            }
        }
    }

    pub(super) fn expect_signature(&self, stated: &[u8]) -> Result<(), EntryError> {
        same(stated, &self.signed.signature.content[..], "signature")
    }

    /// Checks that `value` is the base64 of PEM with the signer's key or certificate in its first
    /// block. Rekor stores the signer's whole chain, but the first block alone is the signer.
    pub(super) fn expect_key(&self, value: Value<'_>) -> Result<(), EntryError> {
        const EXPECTED: &str = "a public key or certificate in PEM";
        let stated = key_material(&base64(value)?);
        let stated = stated.ok_or(EntryError::Missing { expected: EXPECTED })?;
        same(&stated, &self.signed.signature.verifier.material, "key or certificate")
    }
}

/// The public key or certificate in the first block of PEM.
fn key_material(text: &[u8]) -> Option<KeyMaterial> {
    let block = pem::blocks(text).next()?;
    match block.label()? {
        "PUBLIC KEY" => block.der().ok().map(KeyMaterial::PublicKey),
        "CERTIFICATE" => block.der().ok().map(KeyMaterial::Certificate),
        _ => None,
    }
}

/// Checks that two values are equal.
pub(super) fn same<T: PartialEq + ?Sized>(
    stated: &T,
    verified: &T,
    part: &'static str,
) -> Result<(), EntryError> {
    if stated == verified { Ok(()) } else { Err(EntryError::OtherEntry { part }) }
}

/// A hash with its name, in hexadecimal of either case.
pub(super) fn hash(value: Value<'_>) -> Result<ArtifactDigest, EntryError> {
    let [algorithm, digits] = fields(value, ["algorithm", "value"], Unknown::Refuse)?;
    let algorithm = required(algorithm, "algorithm", "the name of the hash", |value| {
        let name = value.string()?;
        match name.as_str() {
            "sha256" => Ok(HashAlgorithm::Sha256),
            "sha384" => Ok(HashAlgorithm::Sha384),
            "sha512" => Ok(HashAlgorithm::Sha512),
            _ => Err(EntryError::UnknownValue {
                value: quote(&name),
                expected: "sha256, sha384 or sha512".to_owned(),
            }),
        }
    })?;
    required(digits, "value", "the digest in hexadecimal", |value| {
        let bytes = hex::decode(value.string()?);
        let bytes = bytes.map_err(|_| EntryError::Missing { expected: "hexadecimal" })?;
        Ok(ArtifactDigest::new(algorithm, &bytes)?)
    })
}

/// Checks the hash of an envelope's payload, which is always SHA-256.
pub(super) fn expect_payload_hash(
    value: Value<'_>,
    envelope: &DsseEnvelope,
) -> Result<(), EntryError> {
    let payload = ArtifactDigest::of(HashAlgorithm::Sha256, &envelope.payload);
    same(&hash(value)?, &payload, "payload")
}

/// Base64 as Rekor writes it: of the standard alphabet, with padding, in one line.
pub(super) fn base64(value: Value<'_>) -> Result<Vec<u8>, EntryError> {
    STANDARD.decode(value.string()?).map_err(EntryError::Base64)
}

/// A text, unset if it is empty.
pub(super) fn text(value: Option<Value<'_>>, name: &'static str) -> Result<String, EntryError> {
    Ok(optional(value, name, Value::string)?.unwrap_or_default())
}
