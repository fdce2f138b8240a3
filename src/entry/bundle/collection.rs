//! Files with bundles in them, and other forms of what a bundle holds.
//!
//! | form | who writes it |
//! |---|---|
//! | a bundle | Sigstore's clients |
//! | bundles in the lines of a file | `gh attestation download` |
//! | `{"attestations": [{"bundle": ..}]}` | the APIs of GitHub and npm |
//! | an attestation of PEP 740, alone or in a provenance document | PyPI |
//! | `{"base64Signature": .., "cert": .., "rekorBundle": ..}` | cosign before bundles |
//!
//! All are turned into [`Bundle`]s, which say the same. Nothing is lost or made up: cosign's old
//! files have a signed promise of the log and no proof, as bundles of version 0.1 can, and an
//! attestation of PEP 740 is a bundle of version 0.3 under other names. Files that are often taken
//! for bundles are refused by name.

use hex::FromHex as _;

use super::wire::{dsse_envelope, tlog_entries};
use super::{
    Bundle, BundleContent, BundleVersion, DsseEnvelope, MessageSignature, TransparencyLogEntry,
    VerificationMaterial,
};
use crate::envelope::DsseSignature;
use crate::error::EntryError;
use crate::json::{self, Value};
use crate::pki::KeyMaterial;
use crate::protojson::{Unknown, fields, optional, repeated, required, spells};

/// The maximum number of bundles in a file.
pub const BUNDLES_MAX: usize = 256;

/// The type of the payload of every attestation of PEP 740.
const IN_TOTO: &str = "application/vnd.in-toto+json";

impl Bundle {
    /// Parses the bundles in a file: at least one, at most [`BUNDLES_MAX`]. The caller bounds its
    /// length.
    pub fn parse_all(file: &[u8]) -> Result<Vec<Self>, EntryError> {
        let mut found = Vec::new();
        match json::parse(file) {
            Ok(document) => collect(document, &mut found)?,
            Err(error) => {
                if let Some(other) = other_text(file) {
                    return Err(other);
                }
                let mut lines = lines(file).peekable();
                // The error of the whole is better unless the first line is a document.
                if lines.peek().is_none_or(|(_, line)| json::parse(line).is_err()) {
                    return Err(error);
                }
                for (number, line) in lines {
                    let within = |error: EntryError| error.within(&format!("line {number}"));
                    let document = json::parse(line).map_err(within)?;
                    collect(document, &mut found).map_err(within)?;
                }
            }
        }
        if found.is_empty() {
            return Err(EntryError::Missing { expected: "a bundle" });
        }
        Ok(found)
    }
}

/// The lines that are not empty, with their numbers from 1.
fn lines(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = file.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.is_empty())
}

/// Adds the bundles in a document.
fn collect(document: Value<'_>, found: &mut Vec<Bundle>) -> Result<(), EntryError> {
    if found.len() == BUNDLES_MAX {
        return Err(EntryError::TooMany { found: BUNDLES_MAX + 1, limit: BUNDLES_MAX });
    }
    let has = |name: &str| match &document {
        Value::Object(members) => members.iter().any(|(key, _)| spells(key, name)),
        _ => false,
    };
    if has("attestationBundles") {
        let [bundles] = fields(document, ["attestationBundles"], Unknown::Ignore)?;
        return each(bundles, "attestation_bundles", found);
    }
    if has("attestations") {
        let [attestations] = fields(document, ["attestations"], Unknown::Ignore)?;
        return each(attestations, "attestations", found);
    }
    if has("bundle") && !has("verificationMaterial") {
        let [bundle] = fields(document, ["bundle"], Unknown::Ignore)?;
        return required(bundle, "bundle", "the bundle itself, not its address,", |bundle| {
            collect(bundle, found)
        });
    }
    found.push(if has("base64Signature") {
        from_cosign(document)?
    } else if has("verificationMaterial") && has("envelope") && !has("mediaType") {
        from_pep_740(document)?
    } else if let Some(other) = other_file(has) {
        return Err(other);
    } else {
        Bundle::from_value(document)?
    });
    Ok(())
}

fn each(
    list: Option<Value<'_>>,
    name: &'static str,
    found: &mut Vec<Bundle>,
) -> Result<(), EntryError> {
    let documents = repeated(list, name, BUNDLES_MAX, Ok)?;
    for (index, document) in documents.into_iter().enumerate() {
        collect(document, found).map_err(|error| error.within_index(index).within(name))?;
    }
    Ok(())
}

/// The error for a file that is no JSON, by how it begins.
fn other_text(file: &[u8]) -> Option<EntryError> {
    let text = file.trim_ascii_start();
    let (found, advice) = if text.starts_with(b"-----BEGIN SIGNED MESSAGE-----") {
        ("a signature of Git (CMS, as gitsign makes it)", "verify it with gitsign")
    } else if text.starts_with(b"-----BEGIN ") {
        ("PEM", "give the bundle that holds signature and log entry")
    } else {
        return None;
    };
    Some(EntryError::OtherFile { found, advice })
}

/// The error for a file that is something else, by its fields.
fn other_file(has: impl Fn(&str) -> bool) -> Option<EntryError> {
    let (found, advice) = if has("payload") && has("payloadType") && has("signatures") {
        ("a bare DSSE envelope", "nothing in it says where it is logged")
    } else if has("_type") && has("predicateType") {
        ("an in-toto statement without a signature", "give the attestation it came in")
    } else if has("trustedRoot") && has("signingConfig") {
        ("a trust configuration", "give the trustedRoot in it with --trusted-root")
    } else if has("tlogs") || has("certificateAuthorities") {
        ("a trusted root", "give it with --trusted-root")
    } else if has("logIndex") && has("kindVersion") {
        ("a log entry", "give the bundle that it was put in")
    } else if has("Base64Signature") && has("Payload") {
        ("a container image's signature", "give the bundle of the image")
    } else if has("SignedEntryTimestamp") && has("Payload") {
        ("the log's part of a cosign bundle", "give the file with base64Signature in it")
    } else {
        return None;
    };
    Some(EntryError::OtherFile { found, advice })
}

/// An attestation of PEP 740 (packaging.python.org/specifications/index-hosted-attestations).
fn from_pep_740(document: Value<'_>) -> Result<Bundle, EntryError> {
    let names = ["version", "verificationMaterial", "envelope"];
    let [version, material, envelope] = fields(document, names, Unknown::Ignore)?;
    required(version, "version", "1", |version| match version.integer()? {
        1 => Ok(()),
        other => Err(EntryError::UnknownValue {
            value: format!("{other} of an attestation of PEP 740"),
            expected: "1".to_owned(),
        }),
    })?;
    let version = BundleVersion::V0_3;
    let names = ["certificate", "transparencyEntries"];
    let (certificate, tlog_entries) =
        required(material, "verification_material", "a certificate and log entries", |material| {
            let [certificate, entries] = fields(material, names, Unknown::Ignore)?;
            let certificate =
                required(certificate, "certificate", "base64 of DER", Value::nonempty_bytes)?;
            Ok((certificate, tlog_entries(entries, "transparency_entries", version)?))
        })?;
    let envelope = required(envelope, "envelope", "a statement and its signature", |envelope| {
        let [statement, signature] = fields(envelope, ["statement", "signature"], Unknown::Ignore)?;
        let signature = required(signature, "signature", "base64 of it", Value::nonempty_bytes)?;
        Ok(DsseEnvelope {
            payload: required(statement, "statement", "base64 of it", Value::nonempty_bytes)?,
            payload_type: IN_TOTO.to_owned(),
            signatures: vec![DsseSignature { sig: signature, keyid: String::new() }],
        })
    })?;
    Ok(Bundle {
        version,
        material: VerificationMaterial::Certificate(certificate),
        tlog_entries,
        timestamps: Vec::new(),
        content: BundleContent::DsseEnvelope(envelope),
    })
}

/// What cosign wrote before it wrote bundles (`cosign.LocalSignedPayload`). For an attestation, the
/// "signature" is the envelope.
fn from_cosign(document: Value<'_>) -> Result<Bundle, EntryError> {
    let names = ["base64Signature", "cert", "rekorBundle"];
    let [signature, cert, logged] = fields(document, names, Unknown::Ignore)?;
    let signature = required(signature, "base64Signature", "base64 of it", Value::nonempty_bytes)?;
    let content = match json::parse(&signature) {
        Ok(envelope @ Value::Object(_)) => {
            let envelope = dsse_envelope(envelope);
            BundleContent::DsseEnvelope(envelope.map_err(|e| e.within("base64Signature"))?)
        }
        _ => BundleContent::MessageSignature(MessageSignature { digest: None, signature }),
    };
    let material = match optional(cert, "cert", pem_in_base64)? {
        Some(KeyMaterial::Certificate(der)) => VerificationMaterial::Certificate(der),
        // A key is for the caller to give; one in the file says nothing.
        Some(KeyMaterial::PublicKey(_)) | None => {
            VerificationMaterial::PublicKeyHint(String::new())
        }
    };
    let entry = required(logged, "rekorBundle", "the log's signed promise", promised)?;
    Ok(Bundle {
        version: BundleVersion::V0_1,
        material,
        tlog_entries: vec![entry],
        timestamps: Vec::new(),
        content,
    })
}

/// PEM, which is itself in base64 in all but the oldest files.
fn pem_in_base64(value: Value<'_>) -> Result<KeyMaterial, EntryError> {
    let text = match &value {
        Value::String(text) if text.trim_start().starts_with("-----") => text.as_bytes().to_vec(),
        _ => value.nonempty_bytes()?,
    };
    let expected = "a public key or certificate in PEM";
    KeyMaterial::first_in_pem(&text).ok_or(EntryError::Missing { expected })
}

/// `bundle.RekorBundle`: what a log of Rekor v1 signed, and its signature.
fn promised(value: Value<'_>) -> Result<TransparencyLogEntry, EntryError> {
    let [promise, payload] = fields(value, ["SignedEntryTimestamp", "Payload"], Unknown::Ignore)?;
    let promise = required(promise, "SignedEntryTimestamp", "a signature", Value::nonempty_bytes)?;
    required(payload, "Payload", "what the log signed", |payload| {
        let names = ["body", "integratedTime", "logIndex", "logID"];
        let [body, time, index, log_id] = fields(payload, names, Unknown::Ignore)?;
        let body = required(body, "body", "the entry in base64", Value::nonempty_bytes)?;
        let (kind, version) = kind_of(&body).map_err(|error| error.within("body"))?;
        Ok(TransparencyLogEntry {
            log_index: required(index, "logIndex", "the entry's index", Value::integer)?,
            log_id: required(log_id, "logID", "the log's ID in hexadecimal", |value| {
                let expected = "64 hexadecimal digits";
                let id = <[u8; 32]>::from_hex(value.string()?);
                id.map(|id| id.to_vec()).map_err(|_| EntryError::Missing { expected })
            })?,
            kind,
            version,
            integrated_time: required(time, "integratedTime", "a time", Value::integer)?,
            inclusion_promise: Some(promise),
            inclusion_proof: None,
            canonicalized_body: body,
        })
    })
}

fn kind_of(body: &[u8]) -> Result<(String, String), EntryError> {
    let [kind, version] = fields(json::parse(body)?, ["kind", "apiVersion"], Unknown::Ignore)?;
    let kind = required(kind, "kind", "the entry's kind", Value::string)?;
    Ok((kind, required(version, "apiVersion", "the kind's version", Value::string)?))
}

#[cfg(test)]
mod tests;
