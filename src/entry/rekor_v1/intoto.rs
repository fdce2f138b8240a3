//! `intoto`, the older kinds for envelopes.
//!
//! 0.0.1: `content.{hash, payloadHash}` and `publicKey`. There is no signature in it, so `hash`,
//! that of the envelope's text, is the only link to the signature. The text is not in a bundle; it
//! is rebuilt in each of the spellings in which clients send envelopes. Entries from before 2022
//! have no `payloadHash`.
//!
//! 0.0.2: `content.envelope.{payloadType, signatures[].{sig, publicKey, keyid}}`, `payloadHash`,
//! and `hash`. Payload and signature are the base64 of base64, as is the payload where a log kept
//! it. Rekor takes `hash` from the client without computing it, so it means nothing, and is not
//! compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_x509::{ArtifactDigest, HashAlgorithm};
use serde::Serialize;

use super::verified::{Verified, base64, expect_payload_hash, hash, same, text};
use crate::envelope::{DsseEnvelope, DsseSignature, SIGNATURES_MAX};
use crate::error::EntryError;
use crate::json::Value;
use crate::protojson::{Base64, Unknown, fields, optional, repeated, required};

pub(super) fn expect_text(spec: Value<'_>, verified: &Verified<'_>) -> Result<(), EntryError> {
    let (envelope, signature) = verified.envelope()?;
    let [content, key] = fields(spec, ["content", "publicKey"], Unknown::Refuse)?;
    required(content, "content", "hashes", |content| {
        let names = ["hash", "payloadHash"];
        let [envelope_hash, payload_hash] = fields(content, names, Unknown::Refuse)?;
        optional(payload_hash, "payloadHash", |stated| expect_payload_hash(stated, envelope))?;
        required(envelope_hash, "hash", "a hash", |stated| {
            let stated = hash(stated)?;
            let is_it = |text: Vec<u8>| ArtifactDigest::of(HashAlgorithm::Sha256, &text) == stated;
            same(&spellings(envelope, signature).any(is_it), &true, "envelope, or text of it,")
        })
    })?;
    required(key, "publicKey", "a key", |key| verified.expect_key(key))
}

pub(super) fn expect_object(spec: Value<'_>, verified: &Verified<'_>) -> Result<(), EntryError> {
    let (envelope, _) = verified.envelope()?;
    let [content] = fields(spec, ["content"], Unknown::Refuse)?;
    required(content, "content", "an envelope and its hashes", |content| {
        let names = ["envelope", "hash", "payloadHash"];
        let [stated, envelope_hash, payload_hash] = fields(content, names, Unknown::Refuse)?;
        required(envelope_hash, "hash", "a hash", hash)?;
        required(payload_hash, "payloadHash", "a hash", |stated| {
            expect_payload_hash(stated, envelope)
        })?;
        required(stated, "envelope", "an envelope", |stated| expect_envelope(stated, verified))
    })
}

fn expect_envelope(value: Value<'_>, verified: &Verified<'_>) -> Result<(), EntryError> {
    let (envelope, signature) = verified.envelope()?;
    let names = ["payload", "payloadType", "signatures"];
    let [payload, payload_type, signatures] = fields(value, names, Unknown::Refuse)?;
    let payload_type = text(payload_type, "payloadType")?;
    same(&payload_type, &envelope.payload_type, "type").map_err(|e| e.within("payloadType"))?;
    optional(payload, "payload", |payload| {
        same(&base64_twice(payload)?, &envelope.payload, "payload")
    })?;
    let signatures = repeated(signatures, "signatures", SIGNATURES_MAX, |value| {
        let names = ["keyid", "publicKey", "sig"];
        let [keyid, key, sig] = fields(value, names, Unknown::Refuse)?;
        let keyid = text(keyid, "keyid")?;
        same(&keyid, &signature.keyid, "key ID").map_err(|e| e.within("keyid"))?;
        required(sig, "sig", "the signature in base64", |sig| {
            verified.expect_signature(&base64_twice(sig)?)
        })?;
        required(key, "publicKey", "a key", |key| verified.expect_key(key))
    })?;
    match signatures.len() {
        1 => Ok(()),
        _ => Err(EntryError::OtherEntry { part: "number of signatures" }.within("signatures")),
    }
}

fn base64_twice(value: Value<'_>) -> Result<Vec<u8>, EntryError> {
    STANDARD.decode(base64(value)?).map_err(EntryError::Base64)
}

/// The texts of an envelope that clients send: in the order of Go's library for envelopes, in that
/// of JavaScript's, and sorted; with the key ID or, if it is empty, without it.
fn spellings(envelope: &DsseEnvelope, signature: &DsseSignature) -> impl Iterator<Item = Vec<u8>> {
    let payload = Base64(&envelope.payload);
    let payload_type = envelope.payload_type.as_str();
    let keyids = [Some(signature.keyid.as_str()), None];
    let keyids = keyids.into_iter().filter(|keyid| keyid.is_some() || signature.keyid.is_empty());
    keyids.flat_map(move |keyid| {
        let sig = || Base64(&signature.sig);
        let sorted = [KeyIdFirst { keyid, sig: sig() }];
        let reversed = [SigFirst { sig: sig(), keyid }];
        [
            serde_json::to_vec(&TypeFirst { payload_type, payload: &payload, signatures: sorted }),
            serde_json::to_vec(&PayloadFirst {
                payload: &payload,
                payload_type,
                signatures: reversed,
            }),
            serde_json::to_vec(&PayloadFirst {
                payload: &payload,
                payload_type,
                signatures: [KeyIdFirst { keyid, sig: sig() }],
            }),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TypeFirst<'a, S> {
    payload_type: &'a str,
    payload: &'a Base64<'a>,
    signatures: [S; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PayloadFirst<'a, S> {
    payload: &'a Base64<'a>,
    payload_type: &'a str,
    signatures: [S; 1],
}

#[derive(Serialize)]
struct KeyIdFirst<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    keyid: Option<&'a str>,
    sig: Base64<'a>,
}

#[derive(Serialize)]
struct SigFirst<'a> {
    sig: Base64<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keyid: Option<&'a str>,
}
