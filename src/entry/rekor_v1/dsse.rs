//! `dsse` 0.0.1: `payloadHash`, `signatures[].{signature, verifier}`, `envelopeHash`.
//!
//! The last is the hash of the envelope's text as the client sent it. It is not compared: there
//! are as many texts of one envelope as there are ways to write JSON. Nothing is missing without
//! it, as the signature covers the envelope's type and payload.

use super::verified::{Verified, base64, expect_payload_hash, hash};
use crate::envelope::SIGNATURES_MAX;
use crate::error::EntryError;
use crate::json::Value;
use crate::protojson::{Unknown, fields, repeated, required};

pub(super) fn expect(spec: Value<'_>, verified: &Verified<'_>) -> Result<(), EntryError> {
    let (envelope, _) = verified.envelope()?;
    let names = ["envelopeHash", "payloadHash", "signatures"];
    let [envelope_hash, payload_hash, signatures] = fields(spec, names, Unknown::Refuse)?;
    required(envelope_hash, "envelopeHash", "a hash", hash)?;
    required(payload_hash, "payloadHash", "a hash", |stated| {
        expect_payload_hash(stated, envelope)
    })?;
    let signatures = repeated(signatures, "signatures", SIGNATURES_MAX, |value| {
        let [signature, verifier] = fields(value, ["signature", "verifier"], Unknown::Refuse)?;
        required(signature, "signature", "the signature in base64", |signature| {
            verified.expect_signature(&base64(signature)?)
        })?;
        required(verifier, "verifier", "a key", |verifier| verified.expect_key(verifier))
    })?;
    // Others would have signed the entry, but not the envelope in the bundle.
    match signatures.len() {
        1 => Ok(()),
        _ => Err(EntryError::OtherEntry { part: "number of signatures" }.within("signatures")),
    }
}
