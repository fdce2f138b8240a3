//! Roots and metadata that are signed here.

use ed25519_dalek::{Signer as _, SigningKey};
use fasti_kit::certificates::{P256, Signer};
use rsa::pkcs8::EncodePublicKey as _;
use rsa::{Pss, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::canonical::canonical;
use crate::testing::{b64, judge, public_pem, refusal, spec, with};

/// After the time at which proposals are judged.
const LATER: &str = "2002-01-01T00:00:00Z";

fn ed25519(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn ed25519_key(number: u8) -> Value {
    let public = hex::encode(ed25519(number).verifying_key().as_bytes());
    json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public } })
}

fn sign(signed: &Value, number: u8) -> String {
    hex::encode(ed25519(number).sign(&canonical(signed).expect("it has a form")).to_bytes())
}

fn document(signed: &Value, signatures: &[(&str, String)]) -> Value {
    let signatures = signatures.iter().map(|(keyid, sig)| json!({ "keyid": keyid, "sig": sig }));
    json!({ "signed": signed, "signatures": signatures.collect::<Vec<_>>() })
}

/// A root in which key `r` signs roots, and `role` says who signs timestamps.
fn root(keys: &Value, role: &Value) -> Value {
    let mut keys = keys.clone();
    keys["r"] = ed25519_key(1);
    let signed = json!({
        "_type": "root", "spec_version": "1.0", "version": 1, "expires": LATER, "keys": keys,
        "roles": { "root": { "keyids": ["r"], "threshold": 1 }, "timestamp": role },
    });
    document(&signed, &[("r", sign(&signed, 1))])
}

fn one_key() -> Value {
    root(&json!({ "t": ed25519_key(2) }), &json!({ "keyids": ["t"], "threshold": 1 }))
}

fn timestamp() -> Value {
    json!({ "_type": "timestamp", "version": 7, "expires": LATER, "n": [1.0, "\u{e9}\n"] })
}

fn metadata(signed: &Value) -> Value {
    document(signed, &[("t", sign(signed, 2))])
}

fn proposal(metadata: &Value, root: &Value) -> Value {
    json!({ "metadata": { "content": metadata }, "root": { "content": root } })
}

fn refused(metadata: &Value, root: &Value) -> String {
    refusal("tuf", "0.0.1", &proposal(metadata, root))
}

#[test]
fn objects_and_base64_are_the_same() {
    let (metadata, root) = (metadata(&timestamp()), one_key());
    let accepted = judge("tuf", "0.0.1", &proposal(&metadata, &root)).expect("it is good");
    let spaced = serde_json::to_string_pretty(&metadata).unwrap();
    let as_text = proposal(&b64(spaced).into(), &b64(root.to_string()).into());
    assert_eq!(judge("tuf", "0.0.1", &as_text).expect("it is good").body(), accepted.body());
    // A body can be posted again.
    let again = judge("tuf", "0.0.1", &spec(&accepted)).expect("it is good");
    assert_eq!(again.body(), accepted.body());
    assert_eq!(spec(&accepted)["spec_version"], "1.0");
    for key in ["timestamp", "7"] {
        assert!(accepted.index_keys().contains(&key.to_owned()));
    }
    let not_base64 = proposal(&"!".into(), &root);
    let why = "base64 decoding TUF metadata content: illegal base64 data at input byte 0";
    assert_eq!(refusal("tuf", "0.0.1", &not_base64), why);
}

#[test]
fn keys_of_every_kind() {
    let signed = timestamp();
    let message = canonical(&signed).unwrap();
    let private = RsaPrivateKey::new(&mut rand_core::OsRng, 1024).expect("a key");
    let pem = private.to_public_key().to_public_key_pem(rsa::pkcs8::LineEnding::LF).unwrap();
    let key = |kind: &str, public: &str| json!({ "keytype": kind, "keyval": { "public": public } });
    let p256 = Signer::of(P256);
    let point = hex::encode(&p256.spki[26..]);
    let by_p256 = hex::encode(p256.sign(&message));
    let by_rsa = |salt: usize| {
        let padding = Pss::new_with_salt::<Sha256>(salt);
        let digest = Sha256::digest(&message);
        hex::encode(private.sign_with_rng(&mut rand_core::OsRng, padding, &digest).unwrap())
    };
    let role = json!({ "keyids": ["k"], "threshold": 1 });
    for (key, signature, is_good) in [
        (key("ecdsa", &public_pem(p256)), by_p256.clone(), true),
        (key("ecdsa-sha2-nistp256", &public_pem(p256)), by_p256.to_uppercase(), true),
        (key("ecdsa", &point), by_p256.clone(), true),
        (key("rsa", &pem), by_rsa(32), true),
        (key("rsa", &pem), by_rsa(128 - 34), true),
        (key("rsa", &pem), by_rsa(20), false),
        (key("rsa", &pem), by_p256.clone(), false),
        (key("ecdsa", &public_pem(p256)), sign(&signed, 2), false),
        (key("rsa", &public_pem(p256)), by_p256.clone(), false),
        (key("ecdsa", &pem), by_rsa(32), false),
        (key("dsa", &pem), by_rsa(32), false),
        (key("ed25519", &point), sign(&signed, 2), false),
    ] {
        let root = root(&json!({ "k": key }), &role);
        let metadata = document(&signed, &[("k", signature)]);
        let judged = judge("tuf", "0.0.1", &proposal(&metadata, &root));
        assert_eq!(judged.is_ok(), is_good, "{key}: {judged:?}");
    }
}

#[test]
fn thresholds_count_keys() {
    let keys = json!({ "a": ed25519_key(2), "b": ed25519_key(3), "c": ed25519_key(2) });
    let root = root(&keys, &json!({ "keyids": ["a", "b", "c"], "threshold": 2 }));
    let signed = timestamp();
    let [by_2, by_3] = [2, 3].map(|number| sign(&signed, number));
    let few = "tuf: valid signatures did not meet threshold";
    let judged = |signatures: &[(&str, &String)]| {
        let signatures: Vec<_> = signatures.iter().map(|(id, sig)| (*id, (*sig).clone())).collect();
        judge("tuf", "0.0.1", &proposal(&document(&signed, &signatures), &root))
            .map(|accepted| accepted.signers().len())
            .map_err(|error| error.replace("error processing entry: ", ""))
    };
    assert_eq!(judged(&[("a", &by_2), ("b", &by_3)]), Ok(2));
    for signatures in [
        &[("a", &by_2)][..],
        &[("a", &by_2), ("a", &by_2)],
        // One key under two IDs.
        &[("a", &by_2), ("c", &by_2)],
        &[("a", &by_2), ("b", &by_2)],
        &[("a", &by_2), ("r", &by_3)],
    ] {
        assert_eq!(judged(signatures), Err(few.to_owned()));
    }
    assert_eq!(judged(&[]), Err("tuf: data has no signatures".to_owned()));
}

#[test]
fn what_is_wrong_with_metadata_and_roots() {
    let good = metadata(&timestamp());
    let changed = |path: &str, value: Value| metadata(&with(&timestamp(), path, value));
    // It has no form that could be signed.
    let fraction = with(&good, "/signed/n", json!([1.5]));
    for (metadata, why) in [
        (fraction, "tuf: valid signatures did not meet threshold"),
        (changed("/_type", json!("mirrors")), "tuf: unknown role \"mirrors\""),
        (
            changed("/expires", json!("2001-09-09T01:46:40Z")),
            "expired at 2001-09-09 01:46:40 +0000 UTC",
        ),
        (changed("/expires", json!("soon")), "not a time as in RFC 3339: \"soon\""),
        (changed("/version", json!("7")), "not a document of TUF: its version is not an integer"),
        (json!(5), "not a document of TUF: not an object"),
        (
            json!({ "signatures": 5, "signed": {} }),
            "not a document of TUF: its signatures are not a list",
        ),
        (
            json!({ "signatures": [5], "signed": {} }),
            "not a document of TUF: a signature in it is malformed",
        ),
        (json!({}), "not a document of TUF: it has no signed part"),
    ] {
        assert_eq!(refused(&metadata, &one_key()), why);
    }
    let role = json!({ "keyids": ["t"], "threshold": 0 });
    let no_threshold = root(&json!({ "t": ed25519_key(2) }), &role);
    assert_eq!(refused(&good, &no_threshold), "tuf: invalid role threshold");
    assert_eq!(refused(&good, &good), "tuf: unknown role \"root\"");
    let missing = json!({ "metadata": { "content": good } });
    assert_eq!(refusal("tuf", "0.0.1", &missing), "root in body is required");
}

#[test]
fn sizes_and_counts_are_bounded() {
    let good = metadata(&timestamp());
    let signature = good["signatures"][0].clone();
    let most = |count: usize| with(&good, "/signatures", vec![signature.clone(); count].into());
    judge("tuf", "0.0.1", &proposal(&most(100), &one_key())).expect("it is good");
    let why = refused(&most(101), &one_key());
    assert_eq!(why, "the number of signatures exceeds the maximum of 100");
    let keys: serde_json::Map<_, _> =
        (0..101).map(|number| (format!("k{number}"), ed25519_key(number))).collect();
    let many = root(&keys.into(), &json!({ "keyids": [], "threshold": 1 }));
    let why = refused(&good, &many);
    assert_eq!(why, "the number of keys and of roles in a root exceeds the maximum of 100");
    let large = with(&timestamp(), "/n", "x".repeat(1 << 20).into());
    let why = refused(&metadata(&large), &one_key());
    assert_eq!(why, "the size of metadata of TUF exceeds the maximum of 1048576");
    let long = with(&timestamp(), "/n", "x".repeat(1 << 17).into());
    let why = refused(&metadata(&long), &one_key());
    assert!(why.starts_with("the entry takes "), "{why}");
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = good.to_string().replacen("[1.0", &format!("[{deep}"), 1);
    let why = refused(&b64(deep).into(), &one_key());
    assert!(why.contains("recursion limit"), "{why}");
}
