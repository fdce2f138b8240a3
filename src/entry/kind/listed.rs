//! Kinds that this log does not take, but whose entries an index lists: those of Rekor v1 with
//! X.509 keys.
//!
//! A kind leaves this file when it gets its own.

use crate::facts::{Facts, elements};
use crate::json::Value;

/// The function that collects the facts of entries of this kind.
pub(super) fn facts_of(kind: &str, version: &str) -> Option<fn(&Value<'_>, &mut Facts)> {
    match (kind, version) {
        ("hashedrekord" | "rekord", "0.0.1") => Some(hashedrekord_001),
        ("dsse", "0.0.1") => Some(dsse_001),
        ("intoto", "0.0.1") => Some(intoto_001),
        ("intoto", "0.0.2") => Some(intoto_002),
        _ => None,
    }
}

fn hashedrekord_001(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &["data", "hash"]);
    facts.pem(spec, &["signature", "publicKey", "content"]);
}

fn dsse_001(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &["payloadHash"]);
    facts.hex_hash(spec, &["envelopeHash"]);
    for signature in elements(spec, &["signatures"]) {
        facts.pem(signature, &["verifier"]);
    }
}

fn intoto_001(spec: &Value<'_>, facts: &mut Facts) {
    intoto_hashes(spec, facts);
    facts.pem(spec, &["publicKey"]);
}

fn intoto_002(spec: &Value<'_>, facts: &mut Facts) {
    intoto_hashes(spec, facts);
    for signature in elements(spec, &["content", "envelope", "signatures"]) {
        facts.pem(signature, &["publicKey"]);
    }
}

fn intoto_hashes(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &["content", "hash"]);
    facts.hex_hash(spec, &["content", "payloadHash"]);
}
