//! What is stored of an envelope, and what else a proposal must not have.

use fasti_entry::pae;
use fasti_kit::certificates::{P256, Signer};
use serde_json::{Value, json};

use crate::testing::{b64, judge, public_pem, refusal, spec, with};

const RSA: &str = "PKIX_RSA_PKCS1V15_2048_SHA256";
const STATEMENT: &str = "application/vnd.in-toto+json";

fn envelope(payload: &str, kinds: &[&str]) -> String {
    let message = pae(STATEMENT, payload.as_bytes());
    let sign = |kind: &&str| json!({ "sig": b64(Signer::of(kind).sign(&message)) });
    let signatures: Vec<_> = kinds.iter().map(sign).collect();
    json!({ "payload": b64(payload), "payloadType": STATEMENT, "signatures": signatures })
        .to_string()
}

fn proposal(envelope: &str, kinds: &[&str]) -> Value {
    let verifiers: Vec<_> = kinds.iter().map(|kind| b64(public_pem(Signer::of(kind)))).collect();
    json!({ "proposedContent": { "envelope": envelope, "verifiers": verifiers } })
}

fn refused(spec: &Value) -> String {
    refusal("dsse", "0.0.1", spec)
}

#[test]
fn signatures_are_sorted_and_stored_with_their_keys() {
    let payload = r#"{"subject":[{"digest":{"sha256":"AB"}}]}"#;
    let text = envelope(payload, &[P256, RSA]);
    let accepted = judge("dsse", "0.0.1", &proposal(&text, &[RSA, P256])).expect("it is good");
    let sent: Value = serde_json::from_str(&text).unwrap();
    let stored = |number: usize, kind: &str| {
        json!({
            "signature": sent["signatures"][number]["sig"],
            "verifier": b64(public_pem(Signer::of(kind))),
        })
    };
    let mut signatures = vec![stored(0, P256), stored(1, RSA)];
    signatures.sort_by_key(|stored| stored["signature"].as_str().unwrap().to_owned());
    assert_eq!(spec(&accepted)["signatures"], Value::from(signatures));
    assert_eq!(accepted.signers().len(), 2);
    assert!(accepted.index_keys().contains(&"sha256:ab".to_owned()));
    assert_eq!(accepted.attestation().expect("it may be kept").bytes(), payload.as_bytes());
    let again = judge("dsse", "0.0.1", &proposal(&text, &[P256, RSA])).expect("it is good");
    assert_eq!(again.body(), accepted.body());
    // Posted again as it is.
    assert_eq!(
        refused(&spec(&accepted)),
        "entry not insertable into log: missing proposed content"
    );
}

#[test]
fn refusals() {
    let text = envelope("{}", &[P256]);
    let good = proposal(&text, &[P256]);
    judge("dsse", "0.0.1", &good).expect("it is good");
    let neither =
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present";
    let proposed = "proposedContent.proposedContent";
    let verifiers = "/proposedContent/verifiers";
    let hash = json!({ "algorithm": "sha256", "value": "" });
    let both = json!({ "proposedContent": good["proposedContent"], "payloadHash": hash });
    let odd_hash = json!({ "payloadHash": { "algorithm": "md5" } });
    for (spec, why) in [
        (json!({}), neither.to_owned()),
        (json!({ "proposedContent": [] }), neither.to_owned()),
        (both, format!("{neither} but not both")),
        (
            odd_hash,
            "payloadHash.payloadHash.algorithm in body should be one of [sha256]".to_owned(),
        ),
        (json!({ "proposedContent": {} }), format!("{proposed}.envelope in body is required")),
        (with(&good, verifiers, Value::Null), format!("{proposed}.verifiers in body is required")),
        (
            with(&good, verifiers, json!([5, "", null])),
            format!("{proposed}.verifiers in body should have at least 1 items"),
        ),
        (
            with(&good, verifiers, json!(["!"])),
            "failed parsing base64 data for verifier: illegal base64 data at input byte 0"
                .to_owned(),
        ),
        (
            with(&good, "/proposedContent/envelope", "{}".into()),
            "DSSE envelope must contain 1 or more signatures".to_owned(),
        ),
    ] {
        assert_eq!(refused(&spec), why);
    }
    let wrong = proposal(&text, &[RSA]);
    assert!(refused(&wrong).starts_with("could not verify envelope: accepted signatures"));
}
