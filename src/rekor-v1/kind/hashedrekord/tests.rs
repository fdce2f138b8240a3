//! Which algorithms are taken, and what is kept as it is sent.

use fasti_kit::certificates::{ARTIFACT, ED25519_PH, KINDS, P256, Signer};
use serde_json::{Value, json};

use crate::testing::{b64, judge, public_pem, refusal, spec, with};

fn proposal(signer: &Signer) -> Value {
    let digest = signer.digest(ARTIFACT);
    let algorithm = format!("sha{}", digest.len() * 8);
    json!({
        "data": { "hash": { "algorithm": algorithm, "value": hex::encode(digest) } },
        "signature": {
            "content": b64(signer.sign(ARTIFACT)),
            "publicKey": { "content": b64(public_pem(signer)) },
        },
    })
}

fn refused(spec: &Value) -> String {
    refusal("hashedrekord", "0.0.1", spec)
}

#[test]
fn each_kind_of_key_with_its_hash() {
    for kind in KINDS {
        let signer = Signer::of(kind);
        let good = proposal(signer);
        let accepted = judge("hashedrekord", "0.0.1", &good).expect(kind);
        // A body can be posted again.
        assert_eq!(spec(&accepted), good);
        assert_eq!(judge("hashedrekord", "0.0.1", &good).unwrap().body(), accepted.body());
        for (algorithm, length) in [("sha256", 64), ("sha384", 96), ("sha512", 128)] {
            let hash = json!({ "algorithm": algorithm, "value": "0".repeat(length) });
            let why = refused(&with(&good, "/data/hash", hash));
            let fits = good["data"]["hash"]["algorithm"] == algorithm;
            assert_eq!(why != "entry algorithms are not allowed", fits, "{kind}: {why}");
        }
    }
}

#[test]
fn digits_are_kept_in_their_case() {
    let good = proposal(Signer::of(ED25519_PH));
    let digits = good["data"]["hash"]["value"].as_str().unwrap().to_uppercase();
    let accepted =
        judge("hashedrekord", "0.0.1", &with(&good, "/data/hash/value", digits.clone().into()))
            .expect("it is good");
    assert_eq!(spec(&accepted)["data"]["hash"]["value"], digits);
    assert!(accepted.index_keys().contains(&format!("sha512:{}", digits.to_lowercase())));
}

#[test]
fn refusals() {
    let good = proposal(Signer::of(P256));
    let hash = "data.data.hash.data.hash";
    for (path, member, why) in [
        ("/data", Value::Null, "data in body is required".to_owned()),
        ("/data/hash", json!("a"), "data in body is required".to_owned()),
        ("/data/hash/algorithm", Value::Null, format!("{hash}.algorithm in body is required")),
        (
            "/data/hash/algorithm",
            json!("sha1"),
            format!("{hash}.algorithm in body should be one of [sha256 sha384 sha512]"),
        ),
        ("/data/hash/value", json!(5), format!("{hash}.value in body is required")),
        ("/data/hash/value", json!("00"), "invalid value for hash".to_owned()),
        (
            "/data/hash/value",
            json!("z".repeat(64)),
            "encoding/hex: invalid byte: U+007A 'z'".to_owned(),
        ),
        ("/data/hash/value", json!("\u{e9}".repeat(32)), "invalid value for hash".to_owned()),
        ("/signature", Value::Null, "signature in body is required".to_owned()),
        ("/signature/publicKey", Value::Null, "missing public key".to_owned()),
        (
            "/signature/publicKey/content",
            Value::Null,
            "invalid public key: failure decoding PEM".to_owned(),
        ),
        (
            "/signature/content",
            json!(""),
            "verifying signature: X509 signature has not been initialized".to_owned(),
        ),
        (
            "/signature/content",
            json!("!"),
            "failed parsing base64 data for signature content: illegal base64 data at input byte 0"
                .to_owned(),
        ),
        (
            "/signature/content",
            json!(b64([0; 64])),
            "verifying signature: invalid signature when validating IEEE_P1363 encoded signature"
                .to_owned(),
        ),
    ] {
        assert_eq!(refused(&with(&good, path, member)), why, "{path}");
    }
}
