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

use fasti_x509::{ArtifactDigest, HashAlgorithm, PublicKey};

use super::{Cost, Definition};
use crate::bundle::BundleContent;
use crate::canonical::{leaf, push_hash, push_signature};
use crate::envelope::{DsseEnvelope, DsseSignature, SIGNATURES_MAX};
use crate::error::EntryError;
use crate::facts::{Facts, elements};
use crate::json::Value;
use crate::pki::{VerifiableSignature, Verifier};
use crate::protobuf::{ENVELOPE, Field, FieldType, Message, VERIFIER};
use crate::protojson::{Unknown, fields, hash_output, repeated, required};
use crate::signed_digest::SignedDigest;

pub(super) struct V002;

const REQUEST: &str = "dsseRequestV002";
const SPEC: &str = "dsseV002";
const VERIFIERS_MAX: usize = 10;

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
    fn keys(&self) -> Result<Vec<PublicKey>, EntryError> {
        let keys = self.verifiers.iter().enumerate().map(|(index, verifier)| {
            verifier.public_key().map_err(|e| V002::at_verifier(e, index))
        });
        keys.collect()
    }
}

fn verifies(key: &PublicKey, digests: &[ArtifactDigest], sig: &[u8]) -> bool {
    let hash = key.algorithm().hash();
    digests
        .iter()
        .filter(|digest| digest.algorithm() == hash)
        .any(|digest| key.verify(digest, sig).is_ok())
}

impl DsseEntry {
    /// Makes the entry for a payload and its signatures, in canonical order.
    fn new(payload: &[u8], mut signatures: Vec<VerifiableSignature>) -> Self {
        signatures.sort_by(|a, b| a.content.cmp(&b.content));
        Self { payload_hash: ArtifactDigest::of(HashAlgorithm::Sha256, payload), signatures }
    }
}

/// `dev.sigstore.rekor.v2.DSSERequestV002`
const MESSAGE: Message = Message {
    fields: &[
        Field::new(1, "envelope", FieldType::One(&ENVELOPE)),
        Field::new(2, "verifiers", FieldType::Many(&VERIFIER)),
    ],
};

impl Definition for V002 {
    const NAME: &'static str = "dsse";
    const VERSION: &'static str = "0.0.2";
    const SPEC: Option<&'static str> = Some(SPEC);
    const REQUEST: Option<Field> = Some(Field::new(2, REQUEST, FieldType::One(&MESSAGE)));
    const WANTED: &'static str = "a dsse request";

    type Request = DsseRequest;
    type Entry = DsseEntry;

    fn parse_request(value: Value<'_>) -> Result<DsseRequest, EntryError> {
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
        Ok(DsseRequest { envelope, verifiers })
    }

    fn verifiers(request: &DsseRequest) -> &[Verifier] {
        &request.verifiers
    }

    fn at_verifier(error: EntryError, index: usize) -> EntryError {
        error.within_index(index).within("verifiers")
    }

    /// Up to a hundred verifications, after hashing a payload of any length.
    fn cost(_: &DsseRequest) -> Cost {
        Cost::Slow
    }

    fn verify(request: &DsseRequest) -> Result<Vec<u8>, EntryError> {
        leaf::<Self>(&request.verify().map_err(|e| e.within(REQUEST))?)
    }

    fn attestation(request: &DsseRequest) -> Option<&[u8]> {
        Some(&request.envelope.payload)
    }

    fn parse_entry(value: Value<'_>) -> Result<DsseEntry, EntryError> {
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
        Ok(DsseEntry { payload_hash, signatures })
    }

    fn push_entry(entry: &DsseEntry, json: &mut String) {
        json.push_str(r#""payloadHash":"#);
        push_hash(json, &entry.payload_hash);
        json.push_str(r#","signatures":["#);
        for (index, signature) in entry.signatures.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            push_signature(json, signature);
        }
        json.push(']');
    }

    fn facts(spec: &Value<'_>, facts: &mut Facts) {
        facts.attested(|facts| facts.hash_output(spec, &[SPEC, "payloadHash"]));
        for signature in elements(spec, &[SPEC, "signatures"]) {
            facts.verifier(signature, &["verifier"]);
        }
    }

    fn of_bundle(content: &BundleContent, signed: SignedDigest) -> Result<DsseEntry, EntryError> {
        match content {
            BundleContent::DsseEnvelope(envelope) => {
                Ok(DsseEntry::new(&envelope.payload, vec![signed.signature]))
            }
            BundleContent::MessageSignature(_) => {
                Err(EntryError::Missing { expected: "an envelope" }.within("dsseEnvelope"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
