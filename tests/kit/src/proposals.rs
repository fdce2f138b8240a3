//! Proposals to log what a signer has signed, in Rekor v1's JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::certificates::{Signer, pem};
use crate::requests::pae;

/// The verifier in PEM: the signer's own key, or a certificate for it.
fn verifier(signer: &Signer, certificate: Option<&[u8]>) -> String {
    STANDARD.encode(match certificate {
        None => pem("PUBLIC KEY", &signer.spki),
        Some(der) => pem("CERTIFICATE", der),
    })
}

/// A signature over the SHA-256 of an artifact.
pub fn hashedrekord(signer: &Signer, artifact: &[u8], certificate: Option<&[u8]>) -> Value {
    let digest = Sha256::digest(artifact);
    let digits = digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": digits}},
            "signature": {
                "content": STANDARD.encode(signer.sign(artifact)),
                "publicKey": {"content": verifier(signer, certificate)},
            },
        },
    })
}

/// An artifact with its signature.
pub fn rekord(signer: &Signer, artifact: &[u8]) -> Value {
    json!({
        "apiVersion": "0.0.1",
        "kind": "rekord",
        "spec": {
            "data": {"content": STANDARD.encode(artifact)},
            "signature": {
                "format": "x509",
                "content": STANDARD.encode(signer.sign(artifact)),
                "publicKey": {"content": verifier(signer, None)},
            },
        },
    })
}

/// An envelope around `payload`.
pub fn dsse(signer: &Signer, kind: &str, payload: &[u8]) -> Value {
    let envelope = json!({
        "payload": STANDARD.encode(payload),
        "payloadType": kind,
        "signatures": [{"sig": STANDARD.encode(signer.sign(&pae(kind, payload)))}],
    });
    json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {"proposedContent": {
            "envelope": envelope.to_string(),
            "verifiers": [verifier(signer, None)],
        }},
    })
}
