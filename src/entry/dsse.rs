//! The entry of kind `dsse` 0.0.2: a signed envelope (github.com/secure-systems-lab/dsse).
//!
//! Rekor v2 has since retired it in favour of a hashedrekord over the digest of the envelope's
//! pre-authentication encoding (PAE), but logs hold such entries and clients send such requests.
//!
//! The rules are stricter than those of the log that introduced the kind:
//! - Every signature must be verified by one of the verifiers. It is stored with the first one, in
//!   the request's order, that verifies it. Key IDs are hints and decide nothing.
//! - Every verifier must verify a signature, and none can be given twice.
//! - Each verifier hashes the PAE with its own hash. An Ed25519 key verifies Ed25519ph over the
//!   PAE's SHA-512 digest, as its keyDetails says. Pure Ed25519 is refused here as everywhere, so
//!   that one name means one algorithm.
//! - A signature given twice counts as one signature. Signatures are stored in the order of their
//!   bytes.

use super::algorithm::HashAlgorithm;
use super::artifact::{ArtifactDigest, pae_digest};
use super::error::EntryError;
use super::hashedrekord::{VerifiableSignature, hash_output};
use super::json::Value;
use super::key::PublicKey;
use super::protojson::{Unknown, fields, optional, repeated, required};
use super::signature;
use super::verifier::Verifier;

const SIGNATURES_MAX: usize = 10;
const VERIFIERS_MAX: usize = 10;

/// A signature in an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsseSignature {
    /// The raw signature.
    pub sig: Vec<u8>,
    /// The signer's hint about which key to use; often empty.
    pub keyid: String,
}

/// `io.intoto.Envelope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsseEnvelope {
    /// The signed content, e.g. an in-toto statement; can be empty.
    pub payload: Vec<u8>,
    /// The payload's media type, signed along with it; empty if the signer gave none.
    pub payload_type: String,
    /// At least one and at most ten.
    pub signatures: Vec<DsseSignature>,
}

/// A request to log an envelope (`DSSERequestV002`), not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsseRequest {
    /// The envelope; only its payload's digest and its signatures will be stored.
    pub envelope: DsseEnvelope,
    /// At least one and at most ten, all different.
    pub verifiers: Vec<Verifier>,
}

/// What the log stores about an envelope (`DSSELogEntryV002`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DsseEntry {
    /// Digest of the payload alone, not of the PAE: it serves to find the entry, not to verify
    /// anything.
    pub payload_hash: ArtifactDigest,
    /// Ascending by their bytes, without duplicates.
    pub signatures: Vec<VerifiableSignature>,
}

impl DsseRequest {
    /// Verifies all signatures and pairs each with its verifier.
    pub fn verify(&self) -> Result<DsseEntry, EntryError> {
        let keys = self.keys()?;
        let digests: Vec<_> = HashAlgorithm::ALL
            .into_iter()
            .filter(|hash| keys.iter().any(|key| key.algorithm().hash() == *hash))
            .map(|hash| self.envelope.pae_digest(hash))
            .collect();

        let mut idle = vec![true; keys.len()];
        let mut signatures: Vec<VerifiableSignature> = Vec::new();
        for (index, DsseSignature { sig, .. }) in self.envelope.signatures.iter().enumerate() {
            if signatures.iter().any(|earlier| earlier.content == *sig) {
                continue;
            }
            let by = keys.iter().position(|key| verifies(key, &digests, sig)).ok_or_else(|| {
                let error = EntryError::Unverified.within("sig").within_index(index);
                error.within("signatures").within("envelope")
            })?;
            idle[by] = false;
            signatures.push(VerifiableSignature {
                content: sig.clone(),
                verifier: self.verifiers[by].clone(),
            });
        }
        if let Some(index) = idle.iter().position(|idle| *idle) {
            return Err(EntryError::IdleVerifier.within_index(index).within("verifiers"));
        }
        Ok(DsseEntry::new(&self.envelope.payload, signatures))
    }

    /// The verifiers' keys, in the order of the verifiers.
    pub(super) fn keys(&self) -> Result<Vec<PublicKey>, EntryError> {
        let keys = self.verifiers.iter().enumerate().map(|(index, verifier)| {
            verifier.public_key().map_err(|e| e.within_index(index).within("verifiers"))
        });
        keys.collect()
    }

    pub(super) fn from_request(value: Value<'_>) -> Result<Self, EntryError> {
        let [envelope, verifiers] = fields(value, ["envelope", "verifiers"], Unknown::Refuse)?;
        let envelope = required(envelope, "envelope", "a DSSE envelope", |value| {
            DsseEnvelope::from_json(value, Unknown::Refuse)
        })?;
        let verifiers = repeated(verifiers, "verifiers", VERIFIERS_MAX, Verifier::from_json)?;
        if verifiers.is_empty() {
            return Err(EntryError::Missing { expected: "a verifier" }.within("verifiers"));
        }
        for (index, verifier) in verifiers.iter().enumerate() {
            let same = |earlier: &Verifier| earlier.material.der() == verifier.material.der();
            if let Some(earlier) = verifiers[..index].iter().position(same) {
                let earlier = format!("verifiers[{earlier}]");
                let error = EntryError::DuplicateVerifier { earlier };
                return Err(error.within_index(index).within("verifiers"));
            }
        }
        Ok(Self { envelope, verifiers })
    }
}

fn verifies(key: &PublicKey, digests: &[ArtifactDigest], sig: &[u8]) -> bool {
    let hash = key.algorithm().hash();
    digests
        .iter()
        .filter(|digest| digest.algorithm() == hash)
        .any(|digest| signature::verify(key, digest, sig).is_ok())
}

impl DsseEnvelope {
    /// The digest of the bytes that the signatures cover.
    pub fn pae_digest(&self, algorithm: HashAlgorithm) -> ArtifactDigest {
        pae_digest(algorithm, &self.payload_type, &self.payload)
    }

    pub(super) fn from_json(value: Value<'_>, unknown: Unknown) -> Result<Self, EntryError> {
        let [payload, payload_type, signatures] =
            fields(value, ["payload", "payloadType", "signatures"], unknown)?;
        // Both can be empty, and clients omit empty fields. The signatures cover them as they are.
        let payload = optional(payload, "payload", Value::bytes)?.unwrap_or_default();
        let payload_type =
            optional(payload_type, "payloadType", Value::string)?.unwrap_or_default();
        let signatures = repeated(signatures, "signatures", SIGNATURES_MAX, |value| {
            DsseSignature::from_json(value, unknown)
        })?;
        if signatures.is_empty() {
            return Err(EntryError::Missing { expected: "a signature" }.within("signatures"));
        }
        Ok(Self { payload, payload_type, signatures })
    }
}

impl DsseSignature {
    fn from_json(value: Value<'_>, unknown: Unknown) -> Result<Self, EntryError> {
        let [sig, keyid] = fields(value, ["sig", "keyid"], unknown)?;
        let sig = required(sig, "sig", "the signature in base64", Value::nonempty_bytes)?;
        let keyid = optional(keyid, "keyid", Value::string)?.unwrap_or_default();
        Ok(Self { sig, keyid })
    }
}

impl DsseEntry {
    /// Makes the entry for a payload and its signatures, in canonical order.
    pub(super) fn new(payload: &[u8], mut signatures: Vec<VerifiableSignature>) -> Self {
        signatures.sort_by(|a, b| a.content.cmp(&b.content));
        Self { payload_hash: ArtifactDigest::of(HashAlgorithm::Sha256, payload), signatures }
    }

    pub(super) fn from_entry(value: Value<'_>) -> Result<Self, EntryError> {
        let [payload_hash, signatures] =
            fields(value, ["payloadHash", "signatures"], Unknown::Refuse)?;
        let payload_hash = required(payload_hash, "payloadHash", "a digest", |value| {
            hash_output(value, Unknown::Refuse)
        })?;
        let signatures =
            repeated(signatures, "signatures", SIGNATURES_MAX, VerifiableSignature::from_json)?;
        if signatures.is_empty() {
            return Err(EntryError::Missing { expected: "a signature" }.within("signatures"));
        }
        if !signatures.is_sorted_by(|a, b| a.content < b.content) {
            return Err(EntryError::NotCanonical.within("signatures"));
        }
        Ok(Self { payload_hash, signatures })
    }
}

#[cfg(test)]
mod tests;
