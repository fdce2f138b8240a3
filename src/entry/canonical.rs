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

use super::artifact::ArtifactDigest;
use super::dsse::DsseEntry;
use super::error::EntryError;
use super::hashedrekord::{HashedRekord, VerifiableSignature};
use super::json::{self, Value};
use super::protojson::{Unknown, fields, required};
use super::quote::quote;

/// Maximum length of a leaf in bytes: an entry bundle stores the length in 16 bits (C2SP
/// tlog-tiles).
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The kinds of entry that this module reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// `hashedrekord` 0.0.2
    HashedRekord,
    /// `dsse` 0.0.2
    Dsse,
}

impl EntryKind {
    /// The name in `kind` and `kindVersion.kind`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HashedRekord => "hashedrekord",
            Self::Dsse => "dsse",
        }
    }

    /// The version in `apiVersion` and `kindVersion.version`.
    pub const fn version(self) -> &'static str {
        "0.0.2"
    }

    /// Finds the kind with this name and version.
    pub fn find(kind: &str, version: &str) -> Result<Self, EntryError> {
        [Self::HashedRekord, Self::Dsse]
            .into_iter()
            .find(|known| known.name() == kind && known.version() == version)
            .ok_or_else(|| EntryError::UnsupportedKind {
                kind: quote(kind),
                version: quote(version),
            })
    }

    const fn spec_field(self) -> &'static str {
        match self {
            Self::HashedRekord => "hashedRekordV002",
            Self::Dsse => "dsseV002",
        }
    }
}

/// A verified entry, ready to enter the log. Only [`Submission::verify`](super::Submission::verify)
/// makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalEntry {
    kind: EntryKind,
    bytes: Vec<u8>,
}

impl CanonicalEntry {
    /// Only for the verifying code.
    pub(super) fn of_verified(kind: EntryKind, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }

    /// The kind of entry.
    pub fn kind(&self) -> EntryKind {
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

/// An entry parsed from a leaf. The log that holds it claims to have verified it; use
/// [`HashedRekord::verify`] to verify it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RekorEntry {
    /// `hashedrekord` 0.0.2
    HashedRekord(HashedRekord),
    /// `dsse` 0.0.2
    Dsse(DsseEntry),
}

impl RekorEntry {
    /// Parses leaf bytes; rejects any encoding of an entry but the canonical one.
    pub fn parse(leaf: &[u8]) -> Result<Self, EntryError> {
        check_size(leaf)?;
        let [version, kind, spec] =
            fields(json::parse(leaf)?, ["apiVersion", "kind", "spec"], Unknown::Refuse)?;
        let version = required(version, "apiVersion", "a version", Value::string)?;
        let kind = required(kind, "kind", "a kind", Value::string)?;
        let kind = EntryKind::find(&kind, &version)?;
        let entry = required(spec, "spec", "the entry itself", |spec| {
            let name = kind.spec_field();
            let [entry] = fields(spec, [name], Unknown::Refuse)?;
            required(entry, name, "the entry itself", |entry| match kind {
                EntryKind::HashedRekord => {
                    HashedRekord::from_entry(entry).map(RekorEntry::HashedRekord)
                }
                EntryKind::Dsse => DsseEntry::from_entry(entry).map(RekorEntry::Dsse),
            })
        })?;
        if entry.to_leaf()? != leaf {
            return Err(EntryError::NotCanonical);
        }
        Ok(entry)
    }

    /// Encodes the entry as leaf bytes.
    pub fn to_leaf(&self) -> Result<Vec<u8>, EntryError> {
        match self {
            Self::HashedRekord(entry) => hashedrekord_leaf(entry),
            Self::Dsse(entry) => dsse_leaf(entry),
        }
    }

    /// The kind of entry.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::HashedRekord(_) => EntryKind::HashedRekord,
            Self::Dsse(_) => EntryKind::Dsse,
        }
    }

    /// The digest of the artifact or of the DSSE payload.
    pub fn digest(&self) -> &ArtifactDigest {
        match self {
            Self::HashedRekord(entry) => &entry.digest,
            Self::Dsse(entry) => &entry.payload_hash,
        }
    }

    /// The signatures, at least one, with their keys or certificates.
    pub fn signatures(&self) -> &[VerifiableSignature] {
        match self {
            Self::HashedRekord(entry) => std::slice::from_ref(&entry.signature),
            Self::Dsse(entry) => &entry.signatures,
        }
    }
}

pub(super) fn hashedrekord_leaf(entry: &HashedRekord) -> Result<Vec<u8>, EntryError> {
    leaf(EntryKind::HashedRekord, |json| {
        json.push_str(r#""data":"#);
        push_hash(json, &entry.digest);
        json.push_str(r#","signature":"#);
        push_signature(json, &entry.signature);
    })
}

pub(super) fn dsse_leaf(entry: &DsseEntry) -> Result<Vec<u8>, EntryError> {
    leaf(EntryKind::Dsse, |json| {
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
    })
}

fn leaf(kind: EntryKind, push_spec: impl FnOnce(&mut String)) -> Result<Vec<u8>, EntryError> {
    let mut json = String::with_capacity(4096);
    json.push_str(r#"{"apiVersion":""#);
    json.push_str(kind.version());
    json.push_str(r#"","kind":""#);
    json.push_str(kind.name());
    json.push_str(r#"","spec":{""#);
    json.push_str(kind.spec_field());
    json.push_str(r#"":{"#);
    push_spec(&mut json);
    json.push_str("}}}");
    check_size(json.as_bytes())?;
    Ok(json.into_bytes())
}

fn push_hash(json: &mut String, digest: &ArtifactDigest) {
    json.push_str(r#"{"algorithm":""#);
    json.push_str(digest.algorithm().name());
    json.push_str(r#"","digest":""#);
    STANDARD.encode_string(digest.as_bytes(), json);
    json.push_str(r#""}"#);
}

fn push_signature(json: &mut String, signature: &VerifiableSignature) {
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
