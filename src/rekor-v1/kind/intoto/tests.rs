//! Attestations in both versions.

use fasti_entry::pae;
use fasti_kit::certificates::{P256, Signer};
use serde_json::{Value, json};

use crate::pki::x509::Key;
use crate::testing::{b64, judge, public_pem, refusal, spec, with};

const RSA: &str = "PKIX_RSA_PKCS1V15_2048_SHA256";
const STATEMENT: &str = "application/vnd.in-toto+json";
const PAYLOAD: &str = r#"{"subject":[{"digest":{"sha256":"AB"}}]}"#;

fn sign(kind: &str, payload: &str) -> String {
    b64(Signer::of(kind).sign(&pae(STATEMENT, payload.as_bytes())))
}

fn pem_of(kind: &str) -> String {
    b64(public_pem(Signer::of(kind)))
}

fn text(payload: &str, keyid: &str, kinds: &[&str]) -> Value {
    let signatures = kinds.iter().map(|kind| json!({ "keyid": keyid, "sig": sign(kind, payload) }));
    let signatures: Vec<_> = signatures.collect();
    let envelope =
        json!({ "payload": b64(payload), "payloadType": STATEMENT, "signatures": signatures });
    json!({ "content": { "envelope": envelope.to_string() }, "publicKey": pem_of(P256) })
}

fn object(payload: &str, signatures: &[(&str, &str)]) -> Value {
    let signatures = signatures.iter().map(|(kind, key)| {
        json!({ "keyid": "", "publicKey": pem_of(key), "sig": b64(sign(kind, payload)) })
    });
    json!({ "content": {
        "envelope": {
            "payload": b64(b64(payload)),
            "payloadType": STATEMENT,
            "signatures": signatures.collect::<Vec<_>>(),
        },
        "hash": { "algorithm": "sha256", "value": "anything" },
    } })
}

#[test]
fn one_signature_of_an_envelope_is_enough() {
    let good = text(PAYLOAD, "", &[RSA, P256]);
    let accepted = judge("intoto", "0.0.1", &good).expect("it is good");
    assert_eq!(accepted.attestation().expect("it is kept").bytes(), PAYLOAD.as_bytes());
    assert!(accepted.index_keys().contains(&"sha256:ab".to_owned()));
    let body = spec(&accepted);
    assert_eq!(body["publicKey"], good["publicKey"]);
    let again = refusal("intoto", "0.0.1", &body);
    assert_eq!(again, "entry not insertable into log: missing envelope content");
    let stated = with(&good, "/content", {
        let mut content = good["content"].clone();
        content["hash"] = json!({ "algorithm": "sha256", "value": "wrong" });
        content
    });
    assert_eq!(judge("intoto", "0.0.1", &stated).expect("it is good").body(), accepted.body());
    let none = "accepted signatures do not match threshold, Found: 0, Expected 1";
    assert_eq!(refusal("intoto", "0.0.1", &text(PAYLOAD, "", &[RSA])), none);
    assert_eq!(refusal("intoto", "0.0.1", &text(PAYLOAD, "another", &[P256])), none);
    let key = Key::of_spki(&Signer::of(P256).spki).unwrap();
    let fingerprint = key.ssh_fingerprint().expect("SSH has such keys");
    judge("intoto", "0.0.1", &text(PAYLOAD, &fingerprint, &[P256])).expect("it is good");
}

#[test]
fn refusals_of_text() {
    let good = text(PAYLOAD, "", &[P256]);
    let hash = "content.content.hash.content.hash.algorithm";
    for (spec, why) in [
        (json!({ "publicKey": good["publicKey"] }), "content in body is required".to_owned()),
        (json!({ "content": {} }), "publicKey in body is required".to_owned()),
        (
            json!({ "content": { "hash": {} }, "publicKey": good["publicKey"] }),
            format!("{hash} in body is required"),
        ),
        (
            with(&good, "/content/envelope", Value::Null),
            "missing hash value for envelope".to_owned(),
        ),
        (with(&good, "/content/envelope", "{}".into()), "no signature found".to_owned()),
        (text("", "", &[P256]), "entry not insertable into log: invalid DSSE envelope".to_owned()),
    ] {
        assert_eq!(refusal("intoto", "0.0.1", &spec), why);
    }
    let urls = text("~~~??", "", &[P256]).to_string();
    let urls: Value = serde_json::from_str(&urls.replace("fn5+Pz8=", "fn5-Pz8=")).unwrap();
    let why = refusal("intoto", "0.0.1", &urls);
    assert_eq!(why, "illegal base64 data at input byte 3");
}

#[test]
fn keys_beside_signatures_are_kept_as_they_are_sent() {
    let good = object(PAYLOAD, &[(P256, P256), (RSA, RSA)]);
    let crlf = b64(public_pem(Signer::of(P256)).replace('\n', "\r\n"));
    let sent = with(&good, "/content/envelope/signatures/0/publicKey", crlf.clone().into());
    let sent = with(&sent, "/content/envelope/signatures/1/keyid", "mine".into());
    let accepted = judge("intoto", "0.0.2", &sent).expect("it is good");
    let body = spec(&accepted);
    let signatures = &body["content"]["envelope"]["signatures"];
    assert_eq!(signatures[0]["publicKey"], crlf);
    assert!(signatures[0].get("keyid").is_none() && signatures[1]["keyid"] == "mine");
    assert_eq!(body["content"]["hash"]["value"], "anything");
    assert!(body["content"]["envelope"].get("payload").is_none());
    assert_eq!(accepted.attestation().expect("it is kept").bytes(), PAYLOAD.as_bytes());
    assert_eq!(accepted.signers().len(), 2);
    let swapped = object(PAYLOAD, &[(P256, RSA), (RSA, P256)]);
    judge("intoto", "0.0.2", &swapped).expect("any key can have made any signature");
    let not_json = judge("intoto", "0.0.2", &object("text", &[(P256, P256)])).expect("it is good");
    assert_eq!(not_json.index_keys().len(), 2);
}

#[test]
fn refusals_of_objects() {
    let good = object(PAYLOAD, &[(P256, P256)]);
    let envelope = "content.content.envelope.content.envelope";
    let required = |path: &str| format!("{envelope}.{path} in body is required");
    for (path, member, why) in [
        ("/content", Value::Null, required("payloadType")),
        ("/content/envelope", json!("{}"), required("payloadType")),
        ("/content/envelope/signatures", Value::Null, required("signatures")),
        (
            "/content/envelope/signatures",
            json!([null]),
            format!("{envelope}.signatures in body should have at least 1 items"),
        ),
        ("/content/envelope/signatures/0/sig", Value::Null, required("signatures.0.sig")),
        (
            "/content/envelope/signatures/0/publicKey",
            Value::Null,
            required("signatures.0.publicKey"),
        ),
        (
            "/content/envelope/payload",
            Value::Null,
            "entry not insertable into log: missing envelope content".to_owned(),
        ),
        ("/content/hash", Value::Null, "content.content.hash in body is required".to_owned()),
        (
            "/content/hash/algorithm",
            json!("sha512"),
            "content.content.hash.content.hash.algorithm in body should be one of [sha256]"
                .to_owned(),
        ),
        (
            "/content/envelope/payload",
            json!(b64(PAYLOAD)),
            "could not verify envelope: unable to base64 decode payload (is payload in the right \
             format?)"
                .to_owned(),
        ),
        (
            "/content/envelope/payload",
            json!(b64([0xff])),
            "could not verify envelope: the payload is not base64 of base64".to_owned(),
        ),
        (
            "/content/envelope/signatures",
            vec![good["content"]["envelope"]["signatures"][0].clone(); 17].into(),
            "the number of signatures exceeds the maximum of 16".to_owned(),
        ),
    ] {
        assert_eq!(refusal("intoto", "0.0.2", &with(&good, path, member)), why, "{path}");
    }
}
