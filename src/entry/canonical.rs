//! The leaf: an entry as the log stores and hashes it, in the RFC 8785 (JCS) form of
//! `dev.sigstore.rekor.v2.Entry` in protobuf JSON.
//!
//! All names and values are ASCII and there are no numbers. RFC 8785 therefore comes down to sorted
//! names and no spaces, and the encoder writes its output directly.
//!
//! Invariants: a [`CanonicalEntry`] is verified and fits in an entry bundle; a [`RekorEntry`]
//! parsed from leaf bytes encodes to exactly those bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_x509::ArtifactDigest;

use super::error::EntryError;
use super::json;
use super::json::Value;
use super::kind::{Definition, Kind, RekorEntry};
use super::pki::VerifiableSignature;
use super::protojson::{Unknown, fields, required};

/// Maximum length of a leaf in bytes: an entry bundle stores the length in 16 bits (C2SP
/// tlog-tiles).
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// A verified entry, ready to enter the log. Only [`Submission::verify`](super::Submission::verify)
/// makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalEntry {
    kind: Kind,
    bytes: Vec<u8>,
}

impl CanonicalEntry {
    /// Only for the verifying code.
    pub(super) fn of_verified(kind: Kind, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }

    /// The kind of entry.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The leaf, at most [`ENTRY_BYTES_MAX`] bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the leaf by value.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl RekorEntry {
    /// Parses leaf bytes; rejects any encoding of an entry but the canonical one.
    pub fn parse(leaf: &[u8]) -> Result<Self, EntryError> {
        check_size(leaf)?;
        let [version, kind, spec] =
            fields(json::parse(leaf)?, ["apiVersion", "kind", "spec"], Unknown::Refuse)?;
        let version = required(version, "apiVersion", "a version", Value::string)?;
        let kind = required(kind, "kind", "a kind", Value::string)?;
        let kind = Kind::find(&kind, &version)?;
        let entry = required(spec, "spec", "the entry itself", |spec| {
            let Some(name) = kind.row().spec else { return kind.parse_entry(spec) };
            let [entry] = fields(spec, [name], Unknown::Refuse)?;
            required(entry, name, "the entry itself", |entry| kind.parse_entry(entry))
        })?;
        if entry.to_leaf()? != leaf {
            return Err(EntryError::NotCanonical);
        }
        Ok(entry)
    }
}

/// The leaf of an entry.
pub(super) fn leaf<K: Definition>(entry: &K::Entry) -> Result<Vec<u8>, EntryError> {
    let mut json = String::with_capacity(4096);
    json.push_str(r#"{"apiVersion":""#);
    json.push_str(K::VERSION);
    json.push_str(r#"","kind":""#);
    json.push_str(K::NAME);
    json.push_str(r#"","spec":{"#);
    if let Some(name) = K::SPEC {
        json.push('"');
        json.push_str(name);
        json.push_str(r#"":{"#);
    }
    K::push_entry(entry, &mut json);
    json.push_str(if K::SPEC.is_some() { "}}}" } else { "}}" });
    check_size(json.as_bytes())?;
    Ok(json.into_bytes())
}

pub(super) fn push_hash(json: &mut String, digest: &ArtifactDigest) {
    json.push_str(r#"{"algorithm":""#);
    json.push_str(digest.algorithm().name());
    json.push_str(r#"","digest":""#);
    STANDARD.encode_string(digest.as_bytes(), json);
    json.push_str(r#""}"#);
}

pub(super) fn push_signature(json: &mut String, signature: &VerifiableSignature) {
    json.push_str(r#"{"content":""#);
    STANDARD.encode_string(&signature.content, json);
    json.push_str(r#"","verifier":{"keyDetails":""#);
    json.push_str(signature.verifier.key_details.name());
    // "keyDetails" sorts before "publicKey" and before "x509Certificate".
    json.push_str(r#"",""#);
    json.push_str(signature.verifier.material.field());
    json.push_str(r#"":{"rawBytes":""#);
    STANDARD.encode_string(signature.verifier.material.der(), json);
    json.push_str(r#""}}}"#);
}

fn check_size(leaf: &[u8]) -> Result<(), EntryError> {
    if leaf.len() > ENTRY_BYTES_MAX {
        return Err(EntryError::TooLarge { bytes: leaf.len(), limit: ENTRY_BYTES_MAX });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
