//! What v1's clients propose.

use fasti::entry::{ArtifactDigest, HashAlgorithm};
use fasti_kit::certificates::pem;
use serde_json::{Value, json};
use tiles_spec::Hash;

use crate::submitter::{P256, Submitter, base64};

/// A signature over an artifact, by the key or the certificate.
pub fn hashedrekord(submitter: &Submitter, artifact: &str, certificate: Option<&[u8]>) -> Value {
    let verifier = certificate.map_or_else(
        || pem("PUBLIC KEY", &submitter.spki()),
        |certificate| pem("CERTIFICATE", certificate),
    );
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": sha256(artifact)}},
            "signature": {
                "content": base64(submitter.sign(artifact.as_bytes())),
                "publicKey": {"content": base64(verifier)},
            },
        },
    })
}

/// A new proposal.
pub fn fresh() -> Value {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let artifact = format!("a proposed artifact {}", NEXT.fetch_add(1, Ordering::Relaxed));
    hashedrekord(&Submitter::of(P256), &artifact, None)
}

/// An artifact with its signature.
pub fn rekord(submitter: &Submitter, artifact: &str) -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "rekord",
        "spec": {
            "data": {"content": base64(artifact)},
            "signature": {
                "format": "x509",
                "content": base64(submitter.sign(artifact.as_bytes())),
                "publicKey": {"content": base64(pem("PUBLIC KEY", &submitter.spki()))},
            },
        },
    })
}

/// An envelope of DSSE.
pub fn dsse(submitter: &Submitter, payload: &str) -> Value {
    let (kind, length) = ("text/plain", payload.len());
    let signed = format!("DSSEv1 {} {kind} {length} {payload}", kind.len());
    let envelope = json!({
        "payload": base64(payload),
        "payloadType": kind,
        "signatures": [{"sig": base64(submitter.sign(signed.as_bytes()))}],
    });
    json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {"proposedContent": {
            "envelope": envelope.to_string(),
            "verifiers": [base64(pem("PUBLIC KEY", &submitter.spki()))],
        }},
    })
}

/// The SHA-256 of an artifact.
pub fn sha256(artifact: &str) -> String {
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, artifact.as_bytes());
    Hash::try_from(digest.as_bytes()).expect("32 bytes").to_string()
}
