//! Proposals to log what a signer has signed, in Rekor v1's JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use crate::certificates::{ARTIFACT, P256, Signer, pem};
use crate::made_pgp::MadePgp;
use crate::made_tsa::MadeTsa;
use crate::requests::pae;

/// The type of payload that is a statement of in-toto.
const STATEMENT: &str = "application/vnd.in-toto+json";
const PAYLOAD: &[u8] = br#"{"subject":[{"digest":{"sha256":"ab"},"name":"a"}]}"#;

/// When the metadata of [`tuf`] expires.
const EXPIRY: &str = "2100-01-01T00:00:00Z";

/// One of each kind and format that needs no package, with a name that begins with its kind.
pub fn each() -> Vec<(&'static str, Value)> {
    let signer = Signer::of(P256);
    vec![
        ("hashedrekord", hashedrekord(signer, ARTIFACT, None)),
        ("rekord-x509", rekord(signer, ARTIFACT)),
        ("rekord-minisign", minisign()),
        ("rekord-ssh", ssh()),
        ("rekord-pgp", pgp()),
        ("dsse", dsse(signer, STATEMENT, PAYLOAD)),
        ("intoto-text", intoto_text(signer, PAYLOAD)),
        ("intoto-object", intoto_object(signer, PAYLOAD)),
        ("cose", cose(signer, None, ARTIFACT)),
        ("rfc3161", rfc3161()),
        ("tuf", tuf()),
    ]
}

/// The verifier in PEM: the signer's own key, or a certificate for it.
fn verifier(signer: &Signer, certificate: Option<&[u8]>) -> String {
    STANDARD.encode(match certificate {
        None => pem("PUBLIC KEY", &signer.spki),
        Some(der) => pem("CERTIFICATE", der),
    })
}

/// A signature over the SHA-256 of an artifact.
pub fn hashedrekord(signer: &Signer, artifact: &[u8], certificate: Option<&[u8]>) -> Value {
    proposal(
        "hashedrekord",
        "0.0.1",
        &json!({
            "data": {"hash": sha256(artifact)},
            "signature": {
                "content": STANDARD.encode(signer.sign(artifact)),
                "publicKey": {"content": verifier(signer, certificate)},
            },
        }),
    )
}

/// An artifact with its signature.
pub fn rekord(signer: &Signer, artifact: &[u8]) -> Value {
    signed("x509", artifact, &signer.sign(artifact), &pem("PUBLIC KEY", &signer.spki))
}

/// An artifact with a signature of any format.
fn signed(format: &str, artifact: &[u8], signature: &[u8], key: &str) -> Value {
    proposal(
        "rekord",
        "0.0.1",
        &json!({
            "data": {"content": STANDARD.encode(artifact)},
            "signature": {
                "content": STANDARD.encode(signature),
                "format": format,
                "publicKey": {"content": STANDARD.encode(key)},
            },
        }),
    )
}

fn minisign() -> Value {
    let key = ed25519(1);
    let file = |bytes: &[u8]| {
        format!("untrusted comment:\n{}\n", STANDARD.encode([&b"Ed"[..], &[0; 8], bytes].concat()))
    };
    let signature = file(&key.sign(ARTIFACT).to_bytes());
    signed("minisign", ARTIFACT, signature.as_bytes(), &file(key.verifying_key().as_bytes()))
}

/// A signature of `ssh-keygen -Y sign` (PROTOCOL.sshsig of OpenSSH).
fn ssh() -> Value {
    let key = ed25519(2);
    let string = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).expect("it is short");
        [&length.to_be_bytes(), bytes].concat()
    };
    let fields = |fields: &[&[u8]]| fields.iter().flat_map(|field| string(field)).collect();
    let public: Vec<u8> = fields(&[b"ssh-ed25519", key.verifying_key().as_bytes()]);
    let digest = Sha512::digest(ARTIFACT);
    let message: Vec<u8> = fields(&[b"file", b"", b"sha512", &digest]);
    let signature = key.sign(&[&b"SSHSIG"[..], &message].concat()).to_bytes();
    let signature: Vec<u8> = fields(&[b"ssh-ed25519", &signature]);
    let blob: Vec<u8> = fields(&[&public, b"file", b"", b"sha512", &signature]);
    let blob = [&b"SSHSIG\0\0\0\x01"[..], &blob].concat();
    let line = format!("ssh-ed25519 {} me@example.com\n", STANDARD.encode(&public));
    signed("ssh", ARTIFACT, pem("SSH SIGNATURE", &blob).as_bytes(), &line)
}

fn pgp() -> Value {
    let key = MadePgp::new(5, "Dev <dev@example.com>");
    signed("pgp", ARTIFACT, key.sign(ARTIFACT).as_bytes(), &key.public_key())
}

/// An envelope around `payload`.
pub fn dsse(signer: &Signer, kind: &str, payload: &[u8]) -> Value {
    let content = json!({
        "envelope": envelope(signer, kind, payload),
        "verifiers": [verifier(signer, None)],
    });
    proposal("dsse", "0.0.1", &json!({"proposedContent": content}))
}

/// The text of an envelope with a statement.
pub fn intoto_text(signer: &Signer, payload: &[u8]) -> Value {
    proposal(
        "intoto",
        "0.0.1",
        &json!({
            "content": {"envelope": envelope(signer, STATEMENT, payload)},
            "publicKey": verifier(signer, None),
        }),
    )
}

/// An envelope with a statement, as an object. Payload and signature are in base64 twice.
pub fn intoto_object(signer: &Signer, payload: &[u8]) -> Value {
    let signature = STANDARD.encode(signer.sign(&pae(STATEMENT, payload)));
    proposal(
        "intoto",
        "0.0.2",
        &json!({"content": {
            "envelope": {
                "payload": STANDARD.encode(STANDARD.encode(payload)),
                "payloadType": STATEMENT,
                "signatures": [{
                    "publicKey": verifier(signer, None),
                    "sig": STANDARD.encode(signature),
                }],
            },
            "hash": sha256(payload),
        }}),
    )
}

/// The text of an envelope with one signature.
fn envelope(signer: &Signer, kind: &str, payload: &[u8]) -> String {
    let signature = signer.sign(&pae(kind, payload));
    let signatures = [json!({"sig": STANDARD.encode(signature)})];
    json!({
        "payload": STANDARD.encode(payload),
        "payloadType": kind,
        "signatures": signatures,
    })
    .to_string()
}

/// A message with ES256, whose payload is of this type.
pub fn cose(signer: &Signer, kind: Option<&str>, payload: &[u8]) -> Value {
    let head = |major: u8, length: usize| match u8::try_from(length) {
        Ok(length) if length < 24 => vec![major + length],
        Ok(length) => vec![major + 24, length],
        Err(_) => {
            let length = u16::try_from(length).expect("it is short");
            [&[major + 25][..], &length.to_be_bytes()].concat()
        }
    };
    let string = |bytes: &[u8]| [&head(0x40, bytes.len()), bytes].concat();
    let protected = match kind {
        None => vec![0xa1, 1, 0x26],
        Some(kind) => [&[0xa2, 1, 0x26, 3][..], &head(0x60, kind.len()), kind.as_bytes()].concat(),
    };
    let (header, payload) = (string(&protected), string(payload));
    let signed = [&b"\x84\x6aSignature1"[..], &header, &[0x40], &payload].concat();
    let signature = string(&side_by_side(&signer.sign(&signed)));
    let message = [&[0xd2, 0x84][..], &header, &[0xa0], &payload, &signature].concat();
    proposal(
        "cose",
        "0.0.1",
        &json!({
            "data": {},
            "message": STANDARD.encode(message),
            "publicKey": verifier(signer, None),
        }),
    )
}

/// The two numbers of an ECDSA signature on P-256, of 32 bytes each.
pub fn side_by_side(der: &[u8]) -> Vec<u8> {
    let r = &der[4..4 + usize::from(der[3])];
    let s = &der[4 + r.len() + 2..];
    let padded = |number: &[u8]| {
        let digits = number.strip_prefix(&[0]).unwrap_or(number);
        [&vec![0; 32 - digits.len()][..], digits].concat()
    };
    [padded(r), padded(s)].concat()
}

fn rfc3161() -> Value {
    let response = MadeTsa::default().stamp(ARTIFACT, "20260101000000Z");
    proposal("rfc3161", "0.0.1", &json!({"tsr": {"content": STANDARD.encode(response)}}))
}

/// A timestamp and its root.
fn tuf() -> Value {
    let key = |key: &SigningKey| {
        let public = hex::encode(key.verifying_key().as_bytes());
        json!({"keytype": "ed25519", "keyval": {"public": public}, "scheme": "ed25519"})
    };
    // Without spaces and with its members in order, which is the form that is signed.
    let signed = |signed: Value, id: &str, key: &SigningKey| {
        let signature = hex::encode(key.sign(signed.to_string().as_bytes()).to_bytes());
        json!({"signatures": [{"keyid": id, "sig": signature}], "signed": signed})
    };
    let (of_root, of_timestamp) = (ed25519(3), ed25519(4));
    let role = |id: &str| json!({"keyids": [id], "threshold": 1});
    let root = json!({
        "_type": "root", "expires": EXPIRY, "spec_version": "1.0", "version": 1,
        "keys": {"r": key(&of_root), "t": key(&of_timestamp)},
        "roles": {"root": role("r"), "timestamp": role("t")},
    });
    let timestamp = json!({
        "_type": "timestamp", "expires": EXPIRY, "spec_version": "1.0", "version": 7, "meta": {},
    });
    proposal(
        "tuf",
        "0.0.1",
        &json!({
            "metadata": {"content": signed(timestamp, "t", &of_timestamp)},
            "root": {"content": signed(root, "r", &of_root)},
        }),
    )
}

fn proposal(kind: &str, version: &str, spec: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "spec": spec})
}

fn sha256(bytes: &[u8]) -> Value {
    json!({"algorithm": "sha256", "value": hex::encode(Sha256::digest(bytes))})
}

fn ed25519(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}
