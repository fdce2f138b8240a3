//! Rekor submissions that verify: hashedrekord requests, signed in advance.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What a Rekor client keeps of an answer.
pub struct Logged {
    /// The canonical entry: the leaf.
    pub entry: Vec<u8>,
    pub index: u64,
    /// The checkpoint in the inclusion proof.
    pub checkpoint: Vec<u8>,
}

/// Bodies of `count` requests, each for another artifact.
pub fn requests(count: usize) -> Vec<Vec<u8>> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let key: PublicKeyX509Der = pair.public_key().as_der().expect("encodes");
    let key = STANDARD.encode(&*key);
    let request = |n: usize| {
        let artifact = format!("artifact {n}");
        let signature = pair.sign(&SystemRandom::new(), artifact.as_bytes()).expect("signs");
        let body = json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(digest(&SHA256, artifact.as_bytes())),
            "signature": {
                "content": STANDARD.encode(signature),
                "verifier": {
                    "publicKey": {"rawBytes": key},
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                },
            },
        }});
        body.to_string().into_bytes()
    };
    (0..count).map(request).collect()
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
