//! Artifacts with signatures of each format.

use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use fasti_kit::certificates::{ARTIFACT, P256, Signer, pem};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use crate::pki::{pem as armor, ssh_wire::string};
use crate::testing::{b64, judge, public_pem, refusal, spec, with};

fn proposal(format: &str, signature: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Value {
    json!({
        "data": { "content": b64(ARTIFACT), "hash": null },
        "signature": {
            "content": b64(signature),
            "format": format,
            "publicKey": { "content": b64(key) },
        },
    })
}

fn x509() -> Value {
    let signer = Signer::of(P256);
    proposal("x509", signer.sign(ARTIFACT), public_pem(signer))
}

fn refused(spec: &Value) -> String {
    refusal("rekord", "0.0.1", spec)
}

#[test]
fn each_format() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key();
    let spki = public.to_public_key_der().expect("it has a DER form");
    let plain = key.sign(ARTIFACT).to_bytes();
    let minisign = |algorithm: &[u8; 2], bytes: &[u8]| {
        format!("a comment\n{}\n", b64([&algorithm[..], &[0; 8], bytes].concat()))
    };
    let ssh_key = [string(b"ssh-ed25519"), string(public.as_bytes())].concat();
    let digest = Sha512::digest(ARTIFACT);
    let fields = [b"file", &b""[..], b"sha512", &digest].map(string).concat();
    let signed = key.sign(&[b"SSHSIG", &fields[..]].concat()).to_bytes();
    let raw = [string(b"ssh-ed25519"), string(&signed)].concat();
    let fields = [&ssh_key[..], b"file", b"", b"sha512", &raw].map(string).concat();
    let sshsig = armor::encode("SSH SIGNATURE", &[b"SSHSIG", &[0, 0, 0, 1][..], &fields].concat());
    let hash = json!({ "algorithm": "sha256", "value": hex::encode(Sha256::digest(ARTIFACT)) });
    for proposal in [
        x509(),
        proposal("x509", plain, pem("PUBLIC KEY", spki.as_bytes())),
        proposal("minisign", minisign(b"Ed", &plain), minisign(b"Ed", public.as_bytes())),
        proposal("ssh", sshsig, format!("ssh-ed25519 {}", b64(ssh_key))),
    ] {
        let accepted = judge("rekord", "0.0.1", &proposal).expect("it is good");
        assert_eq!(spec(&accepted)["data"], json!({ "hash": hash }));
        assert_eq!(spec(&accepted)["signature"]["format"], proposal["signature"]["format"]);
        let stated = judge("rekord", "0.0.1", &with(&proposal, "/data/hash", hash.clone()));
        assert_eq!(stated.expect("it is good").body(), accepted.body());
        let other = with(&proposal, "/data/content", b64("another").into());
        assert!(judge("rekord", "0.0.1", &other).is_err());
        // Posted again as it is.
        let again = refused(&spec(&accepted));
        assert_eq!(again, "entry not insertable into log: missing data content");
    }
}

#[test]
fn refusals() {
    let hash = |value: &str| json!({ "algorithm": "sha256", "value": value });
    let signature = "signature.signature";
    for (path, member, why) in [
        ("/data", Value::Null, "data in body is required".to_owned()),
        ("/data/content", Value::Null, "'content' must be specified for data".to_owned()),
        ("/data/hash", hash("00"), "invalid value for hash".to_owned()),
        (
            "/data/hash",
            hash(&"0".repeat(64)),
            format!(
                "SHA mismatch: {} != {}",
                hex::encode(Sha256::digest(ARTIFACT)),
                "0".repeat(64)
            ),
        ),
        ("/signature", json!([]), "signature in body is required".to_owned()),
        ("/signature/content", json!(""), format!("{signature}.content in body is required")),
        ("/signature/format", json!(1), format!("{signature}.format in body is required")),
        (
            "/signature/format",
            json!("pkcs7"),
            format!("{signature}.format in body should be one of [pgp minisign x509 ssh]"),
        ),
        ("/signature/publicKey", json!(1), format!("{signature}.publicKey in body is required")),
        (
            "/signature/publicKey/content",
            json!(1),
            format!("{signature}.publicKey.signature.publicKey.content in body is required"),
        ),
        (
            "/data/content",
            json!("A"),
            "failed parsing base64 data for data content: illegal base64 data at input byte 0"
                .to_owned(),
        ),
    ] {
        assert_eq!(refused(&with(&x509(), path, member)), why, "{path}");
    }
}

#[cfg(not(feature = "pgp"))]
#[test]
fn openpgp_can_be_left_out() {
    let why = refused(&with(&x509(), "/signature/format", "pgp".into()));
    assert!(why.starts_with("the format pgp is not supported by this log"), "{why}");
}

#[test]
fn artifacts_can_be_large() {
    let artifact = vec![0x5a; 1 << 20];
    let signer = Signer::of(P256);
    let good = proposal("x509", signer.sign(&artifact), public_pem(signer));
    let good = with(&good, "/data/content", b64(&artifact).into());
    judge("rekord", "0.0.1", &good).expect("it is good");
}
