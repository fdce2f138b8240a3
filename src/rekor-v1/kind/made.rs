//! The `spec` of proposals, as Rekor's own client makes them (`CreateFromArtifactProperties` in
//! github.com/sigstore/rekor, `pkg/types`). Nothing is fetched; contents are always sent along.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::envelope::{Envelope, Keys};
use super::hashedrekord::HASHES;
use crate::material::{MakeError, Material};

type Made = Result<Value, MakeError>;

/// An artifact with its signature and key.
pub(super) fn rekord(material: &Material<'_>) -> Made {
    Ok(json!({
        "data": { "content": STANDARD.encode(material.artifact()?) },
        "signature": {
            "format": material.format(),
            "content": STANDARD.encode(material.signature()?),
            "publicKey": key(material)?,
        },
    }))
}

/// The digest of an artifact with its signature and key.
pub(super) fn hashedrekord(material: &Material<'_>) -> Made {
    if material.format() != "x509" {
        return Err(MakeError::Format);
    }
    let digest = material.digest.ok_or(MakeError::Missing("the digest of the artifact"))?;
    let name = HASHES.iter().find(|(_, hash)| *hash == digest.algorithm()).map(|(name, _)| name);
    Ok(json!({
        "data": { "hash": { "algorithm": name, "value": hex::encode(digest.as_bytes()) } },
        "signature": {
            "content": STANDARD.encode(material.signature()?),
            "publicKey": key(material)?,
        },
    }))
}

/// An envelope and the keys of its signers.
pub(super) fn dsse(material: &Material<'_>) -> Made {
    let verifiers: Vec<_> = material.keys.iter().map(|key| STANDARD.encode(key)).collect();
    Ok(json!({ "proposedContent": { "envelope": material.text()?, "verifiers": verifiers } }))
}

/// An envelope as text, and one key.
pub(super) fn intoto_text(material: &Material<'_>) -> Made {
    let envelope = material.text()?;
    Ok(json!({
        "content": { "envelope": envelope, "hash": sha256(envelope.as_bytes()) },
        "publicKey": STANDARD.encode(material.key()?),
    }))
}

/// An envelope as an object, with the key that made it beside each signature. What is base64 in the
/// envelope is encoded once more.
pub(super) fn intoto_object(material: &Material<'_>) -> Made {
    let text = material.text()?;
    let envelope = Envelope::parse(text)?;
    let opened = envelope.open()?;
    let (made, keys) = opened.made_by(material.keys, Keys::All)?;
    let mut signatures = Vec::new();
    for (signature, text) in envelope.signatures.iter().zip(opened.texts()) {
        let Some(made) = made.iter().find(|made| made.text == text) else { continue };
        let mut object = json!({
            "sig": STANDARD.encode(&*signature.sig),
            "publicKey": STANDARD.encode(keys[made.key].canonical()),
        });
        if !signature.keyid.is_empty() {
            object["keyid"] = (*signature.keyid).into();
        }
        signatures.push(object);
    }
    Ok(json!({ "content": {
        "envelope": {
            "payload": STANDARD.encode(&*envelope.payload),
            "payloadType": envelope.payload_type,
            "signatures": signatures,
        },
        "hash": sha256(text.as_bytes()),
    } }))
}

/// A COSE message and its signer's key.
pub(super) fn cose(material: &Material<'_>) -> Made {
    let aad = material.aad.map(|aad| json!({ "aad": STANDARD.encode(aad) }));
    Ok(json!({
        "message": STANDARD.encode(material.artifact()?),
        "publicKey": STANDARD.encode(material.key()?),
        "data": aad.unwrap_or_else(|| json!({})),
    }))
}

/// A package that has its signature inside, and its signer's key.
pub(super) fn package(material: &Material<'_>) -> Made {
    Ok(json!({
        "package": { "content": STANDARD.encode(material.artifact()?) },
        "publicKey": key(material)?,
    }))
}

/// The provenance of a chart, and its signer's key.
pub(super) fn helm(material: &Material<'_>) -> Made {
    Ok(json!({
        "chart": { "provenance": { "content": STANDARD.encode(material.artifact()?) } },
        "publicKey": key(material)?,
    }))
}

/// An archive that has its signature and its signer's certificate inside.
pub(super) fn jar(material: &Material<'_>) -> Made {
    Ok(json!({ "archive": { "content": STANDARD.encode(material.artifact()?) } }))
}

/// A timestamp.
pub(super) fn rfc3161(material: &Material<'_>) -> Made {
    Ok(json!({ "tsr": { "content": STANDARD.encode(material.artifact()?) } }))
}

/// Metadata, and the root that says whose signatures count.
pub(super) fn tuf(material: &Material<'_>) -> Made {
    Ok(json!({
        "metadata": { "content": STANDARD.encode(material.artifact()?) },
        "root": { "content": STANDARD.encode(material.key()?) },
    }))
}

fn key(material: &Material<'_>) -> Made {
    Ok(json!({ "content": STANDARD.encode(material.key()?) }))
}

fn sha256(bytes: &[u8]) -> Value {
    json!({ "algorithm": "sha256", "value": hex::encode(Sha256::digest(bytes)) })
}
