//! Packages and archives that carry their own signature: `alpine`, `helm`, `jar` and `rpm` 0.0.1.

use crate::facts::Facts;
use crate::json::Value;

const KEY: [&str; 2] = ["publicKey", "content"];
const PACKAGE: [&str; 2] = ["package", "hash"];

pub(super) fn alpine(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &PACKAGE);
    facts.pem(spec, &KEY);
}

pub(super) fn helm(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &["chart", "hash"]);
    facts.open_pgp(spec, &KEY);
}

/// By the hash of the signature too, as in Rekor. Not by the key: the entry has the first of the
/// certificates that came with the signature, which can be anybody's.
pub(super) fn jar(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &["archive", "hash"]);
    facts.content(spec, &["signature", "content"]);
}

pub(super) fn rpm(spec: &Value<'_>, facts: &mut Facts) {
    facts.hex_hash(spec, &PACKAGE);
    facts.open_pgp(spec, &KEY);
}
