//! Signatures over a payload inside an envelope: `dsse` 0.0.1, `intoto` 0.0.1 and 0.0.2, and `cose`
//! 0.0.1. The payload is not in the entry; a log may keep it beside
//! it, or for `cose` the whole message.

use crate::facts::{AttestedAs, Facts, elements};
use crate::json::Value;

pub(super) fn dsse(spec: &Value<'_>, facts: &mut Facts) {
    facts.attested(|facts| facts.hex_hash(spec, &["payloadHash"]));
    facts.hex_hash(spec, &["envelopeHash"]);
    for signature in elements(spec, &["signatures"]) {
        facts.pem(signature, &["verifier"]);
    }
}

pub(super) fn intoto_text(spec: &Value<'_>, facts: &mut Facts) {
    intoto_hashes(spec, facts);
    facts.pem(spec, &["publicKey"]);
}

pub(super) fn intoto_object(spec: &Value<'_>, facts: &mut Facts) {
    intoto_hashes(spec, facts);
    for signature in elements(spec, &["content", "envelope", "signatures"]) {
        facts.pem(signature, &["publicKey"]);
    }
}

fn intoto_hashes(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &["content", "hash"]);
    facts.attested(|facts| facts.hex_hash(spec, &["content", "payloadHash"]));
}

pub(super) fn cose(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &["data", "payloadHash"]);
    facts.attested(|facts| facts.hex_hash(spec, &["data", "envelopeHash"]));
    facts.attested_as = AttestedAs::CoseMessage;
    facts.pem(spec, &["publicKey"]);
}
