//! The kinds of Rekor v1, as an index lists their entries. The crate `fasti-rekor-v1` takes them;
//! reading them needs none of it.
//!
//! One file for each form that entries have. What each finds is a published format: see "Lookup
//! keys" in `src/docs/formats.md`.

mod artifact;
mod envelope;
mod package;
mod rfc3161;
mod tuf;

use crate::facts::Facts;
use crate::json::Value;

/// The function that collects the facts of entries of this kind.
pub(super) fn facts_of(kind: &str, version: &str) -> Option<fn(&Value<'_>, &mut Facts)> {
    match (kind, version) {
        ("hashedrekord", "0.0.1") => Some(artifact::hashedrekord),
        ("rekord", "0.0.1") => Some(artifact::rekord),
        ("dsse", "0.0.1") => Some(envelope::dsse),
        ("intoto", "0.0.1") => Some(envelope::intoto_text),
        ("intoto", "0.0.2") => Some(envelope::intoto_object),
        ("cose", "0.0.1") => Some(envelope::cose),
        ("alpine", "0.0.1") => Some(package::alpine),
        ("helm", "0.0.1") => Some(package::helm),
        ("jar", "0.0.1") => Some(package::jar),
        ("rpm", "0.0.1") => Some(package::rpm),
        ("rfc3161", "0.0.1") => Some(rfc3161::timestamp),
        ("tuf", "0.0.1") => Some(tuf::metadata),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
