//! Signatures over artifacts: `hashedrekord` 0.0.1 and `rekord` 0.0.1.

use crate::facts::{Facts, text};
use crate::json::Value;

const HASH: [&str; 2] = ["data", "hash"];
const KEY: [&str; 3] = ["signature", "publicKey", "content"];

pub(super) fn hashedrekord(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &HASH);
    facts.pem(spec, &KEY);
}

pub(super) fn rekord(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &HASH);
    match text(spec, &["signature", "format"]) {
        Some("pgp") => facts.open_pgp(spec, &KEY),
        Some("minisign" | "ssh") => facts.other_key(spec, &KEY),
        _ => facts.pem(spec, &KEY),
    }
}
