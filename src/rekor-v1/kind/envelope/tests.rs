//! Which key made which signature.

use fasti_kit::certificates::{P256, Signer};
use serde_json::json;

use super::*;
use crate::testing::{b64, public_pem};

const TYPE: &str = "a type";
const RSA: &str = "PKIX_RSA_PKCS1V15_2048_SHA256";

fn sign(kind: &str) -> String {
    b64(Signer::of(kind).sign(&pae(TYPE, b"payload")))
}

fn pem_of(kind: &str) -> Vec<u8> {
    public_pem(Signer::of(kind)).into_bytes()
}

fn text(signatures: &[&str]) -> String {
    let signatures: Vec<_> = signatures.iter().map(|sig| json!({ "sig": sig })).collect();
    json!({ "payload": b64("payload"), "payloadType": TYPE, "signatures": signatures }).to_string()
}

/// The signatures that are made, and the number of the key for each.
fn made(text: &str, keys: &[Vec<u8>], which: Keys) -> Result<Vec<(String, usize)>, String> {
    let envelope = Envelope::parse(text).map_err(|error| error.to_string())?;
    let opened = envelope.open().map_err(|error| error.to_string())?;
    let (made, _) = opened.made_by(keys, which).map_err(|error| error.to_string())?;
    Ok(made.into_iter().map(|made| (made.text, made.key)).collect())
}

#[test]
fn each_signature_needs_a_key_and_each_key_a_signature() {
    let (one, two) = (sign(P256), sign(RSA));
    let [p256, rsa] = [P256, RSA].map(pem_of);
    let both = text(&[&one, &two]);
    let none = "could not verify envelope: accepted signatures do not match threshold, Found: 0, \
                Expected 1";
    let missing = "all signatures must have a key that verifies it";
    for which in [Keys::All, Keys::Needed] {
        let made = |keys: &[&Vec<u8>]| {
            let keys: Vec<_> = keys.iter().map(|key| (*key).clone()).collect();
            made(&both, &keys, which)
        };
        let found = |keys: &[usize]| Ok(vec![(one.clone(), keys[0]), (two.clone(), keys[1])]);
        assert_eq!(made(&[&p256, &rsa]), found(&[0, 1]));
        assert_eq!(made(&[&p256, &p256, &rsa]), found(&[1, 2]));
        assert_eq!(made(&[&p256]), Err(missing.to_owned()));
        assert_eq!(made(&[]), Err(missing.to_owned()));
        let other = pem_of("PKIX_ECDSA_P384_SHA_384");
        assert_eq!(made(&[&other, &p256, &rsa]), Err(none.to_owned()));
        let garbage = b"garbage".to_vec();
        let last = made(&[&p256, &rsa, &garbage]);
        assert_eq!(last.is_ok(), which == Keys::Needed);
    }
}

#[test]
fn alphabets_of_base64() {
    let sig = sign(RSA);
    let for_urls = sig.replace('+', "-").replace('/', "_");
    let keys = [pem_of(RSA)];
    // In the standard alphabet, and once.
    let found = Ok(vec![(sig.clone(), 0)]);
    assert_eq!(made(&text(&[&for_urls]), &keys, Keys::All), found);
    assert_eq!(made(&text(&[&for_urls, &sig, &sig]), &keys, Keys::All), found);
    let broken = format!("{}\n{}", &sig[..10], &sig[10..]);
    assert_eq!(made(&text(&[&broken]), &keys, Keys::All), found);
    for bad in [&sig[1..], "!"] {
        assert_eq!(made(&text(&[&sig, bad]), &keys, Keys::All).unwrap_err(), NOT_BASE64);
    }
}

#[test]
fn the_text_of_an_envelope() {
    let odd = r#" {"PAYLOADTYPE": "x", "payloadType": "a type", "payload": null, "more": 1,
        "signatures": [{"sig": "AAAA", "keyid": "k", "more": 1}, null]} "#;
    let envelope = Envelope::parse(odd).expect("an envelope");
    assert_eq!((&*envelope.payload_type, &*envelope.payload), (TYPE, ""));
    let signatures = envelope.signatures.iter().map(|it| (&*it.keyid, &*it.sig));
    assert_eq!(signatures.collect::<Vec<_>>(), [("k", "AAAA"), ("", "")]);
    for bad in ["", "[]", "{}x", r#"{"payload": 5}"#, r#"{"signatures": {}}"#] {
        let error = Envelope::parse(bad).unwrap_err().to_string();
        assert!(error.starts_with("the envelope is not in the form of DSSE: "), "{error}");
    }
}

#[test]
fn counts_are_bounded() {
    let sig = sign(P256);
    let keys = |count| vec![pem_of(P256); count];
    let most = text(&[&*sig; SIGNATURES_MAX]);
    assert!(made(&most, &keys(SIGNATURES_MAX), Keys::All).is_ok());
    let limit = |what| Err(format!("the number of {what} exceeds the maximum of 16"));
    for count in [SIGNATURES_MAX + 1, 10_000] {
        let many = text(&vec![&*sig; count]);
        assert_eq!(made(&many, &keys(1), Keys::All), limit("signatures"));
        assert_eq!(made(&most, &keys(count), Keys::Needed), limit("keys"));
    }
}

#[test]
fn an_id_of_the_key_must_be_right_where_it_counts() {
    let (sig, key) = (sign(P256), Key::parse(&pem_of(P256)).unwrap());
    for (keyid, counts) in [("", true), ("mine", true), ("another", false)] {
        let signature = json!({ "keyid": keyid, "sig": sig });
        let text = json!({
            "payload": b64("payload"), "payloadType": TYPE, "signatures": [signature],
        });
        let text = text.to_string();
        let opened = Envelope::parse(&text).unwrap().open().unwrap();
        assert_eq!(opened.first_of(&key, Some("mine")).is_ok(), counts, "{keyid}");
        assert!(opened.first_of(&key, None).is_ok());
    }
    let empty = Envelope::parse("{}").unwrap().open().unwrap();
    assert_eq!(empty.first_of(&key, None).unwrap_err().to_string(), "no signature found");
}
