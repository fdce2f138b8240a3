//! Requests to log what a signer has signed, in Rekor v2's JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::certificates::{P256, Signer};

/// A verifier: the signer's own key, or a certificate for it.
pub fn verifier(signer: &Signer, certificate: Option<&[u8]>) -> Value {
    let (field, der) = match certificate {
        None => ("publicKey", signer.spki.as_slice()),
        Some(der) => ("x509Certificate", der),
    };
    json!({field: {"rawBytes": STANDARD.encode(der)}, "keyDetails": signer.kind})
}

/// The request to log a signature over an artifact.
pub fn artifact(signer: &Signer, artifact: &[u8], certificate: Option<&[u8]>) -> Value {
    json!({"hashedRekordRequestV002": {
        "digest": STANDARD.encode(signer.digest(artifact)),
        "signature": {
            "content": STANDARD.encode(signer.sign(artifact)),
            "verifier": verifier(signer, certificate),
        },
    }})
}

/// The request to log an envelope around `payload`, signed by each of `signers`, who may have
/// certificates.
pub fn envelope(signers: &[(&Signer, Option<&[u8]>)], kind: &str, payload: &[u8]) -> Value {
    let message = pae(kind, payload);
    let signatures: Vec<_> = signers
        .iter()
        .map(|(signer, _)| json!({"sig": STANDARD.encode(signer.sign(&message)), "keyid": ""}))
        .collect();
    let verifiers: Vec<_> = signers.iter().map(|(signer, der)| verifier(signer, *der)).collect();
    json!({"dsseRequestV002": {
        "envelope": {
            "payload": STANDARD.encode(payload),
            "payloadType": kind,
            "signatures": signatures,
        },
        "verifiers": verifiers,
    }})
}

/// What a signature over an envelope covers (DSSE, protocol v1).
pub fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Bodies of `count` requests by one new signer, each for another artifact.
pub fn artifacts(count: usize) -> Vec<Vec<u8>> {
    let signer = Signer::generate(P256);
    let request = |n: usize| artifact(&signer, format!("artifact {n}").as_bytes(), None);
    (0..count).map(|n| request(n).to_string().into_bytes()).collect()
}

/// What a client keeps of an answer.
pub struct Logged {
    /// The canonical entry: the leaf.
    pub entry: Vec<u8>,
    /// Its index.
    pub index: u64,
    /// The checkpoint in the inclusion proof.
    pub checkpoint: Vec<u8>,
}

/// Reads the answer to a request.
pub fn logged(body: &[u8]) -> Logged {
    let answer: Value = serde_json::from_slice(body).expect("the answer is JSON");
    let text = |pointer: &str| -> &str {
        let value = answer.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("the answer has no {pointer}: {answer}"))
    };
    Logged {
        entry: STANDARD.decode(text("/canonicalizedBody")).expect("base64"),
        index: text("/logIndex").parse().expect("a decimal index"),
        checkpoint: text("/inclusionProof/checkpoint/envelope").as_bytes().to_vec(),
    }
}
