//! Messages built here item by item, and what is wrong with each part.

use fasti_entry::cbor::bytes;
use fasti_kit::certificates::{P256, Signer};
use fasti_kit::proposals::side_by_side;
use serde_json::{Value, json};

use super::*;
use crate::testing::{b64, judge, public_pem, refusal, spec};

/// The protected header of messages with ES256: {1: -7}.
const HEADER: &[u8] = &[0xa1, 1, 0x26];

fn signed(header: &[u8], payload: &[u8], aad: &[u8]) -> Vec<u8> {
    [&b"\x84\x6aSignature1"[..], &bytes(header), &bytes(aad), &bytes(payload)].concat()
}

/// A message with a header that is not signed as well.
fn message(header: &[u8], unprotected: &[u8], payload: &[u8], aad: &[u8]) -> Vec<u8> {
    let signature = side_by_side(&Signer::of(P256).sign(&signed(header, payload, aad)));
    [&[0xd2, 0x84][..], &bytes(header), unprotected, &bytes(payload), &bytes(&signature)].concat()
}

fn proposal(message: &[u8], aad: &[u8]) -> Value {
    json!({
        "message": b64(message),
        "publicKey": b64(public_pem(Signer::of(P256))),
        "data": { "aad": b64(aad) },
    })
}

fn refused(message: &[u8]) -> String {
    refusal("cose", "0.0.1", &proposal(message, b""))
}

#[test]
fn good_messages() {
    let content_type =
        [&[0xa2, 1, 0x26, 3, 0x78, 28][..], b"application/vnd.in-toto+json"].concat();
    let statement = br#"{"subject":[{"digest":{"sha256":"AB"}}]}"#;
    let critical = [0xa3, 1, 0x26, 2, 0x81, 0x18, 99, 0x18, 99, 0xf6];
    let kid = [0xa2, 4, 0x41, 7, 0x61, b'x', 0x81, 0xc1, 0xfb, 0, 0, 0, 0, 0, 0, 0, 0];
    for (header, unprotected, payload, aad) in [
        (HEADER, &[0xa0][..], &b"payload"[..], &b""[..]),
        (HEADER, &kid, b"", b"beside it"),
        (&content_type, &[0xa0], statement, b""),
        (&critical, &[0xa0], b"payload", b""),
        (b"", &[0xa0], b"payload", b"beside it"),
        (&[0xa0], &[0xa0], b"payload", b"beside it"),
    ] {
        let message = message(header, unprotected, payload, aad);
        let proposal = proposal(&message, aad);
        let accepted = judge("cose", "0.0.1", &proposal).expect("it is good");
        let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": sha256(bytes) });
        let data = json!({ "envelopeHash": hash(&message), "payloadHash": hash(payload) });
        assert_eq!(spec(&accepted)["data"], data);
        assert_eq!(accepted.attestation().expect("it is kept").bytes(), message);
        let has_subject = accepted.index_keys().contains(&"sha256:ab".to_owned());
        assert_eq!(has_subject, header == content_type);
        if !aad.is_empty() {
            let without = json!({ "message": proposal["message"],
                "publicKey": proposal["publicKey"], "data": {} });
            judge("cose", "0.0.1", &without).unwrap_err();
        }
        // Posted again as it is.
        let again = refusal("cose", "0.0.1", &spec(&accepted));
        assert_eq!(again, "entry not insertable into log: missing COSE Sign1 message");
        for length in 0..message.len() {
            refused(&message[..length]);
        }
    }
}

#[test]
fn large_messages_are_not_kept() {
    let large = message(HEADER, &[0xa0], &vec![7; 100 << 10], b"");
    let accepted = judge("cose", "0.0.1", &proposal(&large, b"")).expect("it is good");
    assert!(accepted.attestation().is_none());
}

#[test]
fn headers_that_are_malformed() {
    let malformed = "cbor: malformed COSE_Sign1 object";
    let deep = [&[0xa1, 0x18, 99][..], &vec![0x81; 100_000], &[0]].concat();
    let many = [&[0xb9, 0xff, 0xff][..], &vec![0; 2 * 0xffff]].concat();
    for header in [
        &[0xa2, 1, 0x26, 1, 0x26][..],
        &[0xa1, 0x41, 1, 0x26],
        &[0xa1, 1, 0x41, 7],
        &[0xa1, 1, 0x26, 0],
        &[0xa1],
        &[0x81, 1],
        // Nothing critical, and something critical that is missing.
        &[0xa2, 1, 0x26, 2, 0x80],
        &[0xa2, 1, 0x26, 2, 0x81, 3],
        // Types of content.
        &[0xa2, 1, 0x26, 3, 0x20],
        &[0xa2, 1, 0x26, 3, 0x60],
        &[0xa2, 1, 0x26, 3, 0x61, b'a'],
        &[0xa2, 1, 0x26, 3, 0x63, b' ', b'/', b'a'],
        // The ID of a key, initialization vectors, countersignatures.
        &[0xa2, 1, 0x26, 4, 0],
        &[0xa3, 1, 0x26, 5, 0x40, 6, 0x40],
        &[0xa2, 1, 0x26, 7, 0x80],
        &deep,
        &many,
    ] {
        assert_eq!(refused(&message(header, &[0xa0], b"payload", b"")), malformed);
    }
    for unprotected in [&[0x80][..], &[0xa1, 2, 0x81, 1], &[0xbf, 0xff], &[0xa1, 9, 0], &deep] {
        assert_eq!(refused(&message(HEADER, unprotected, b"payload", b"")), malformed);
    }
}

#[test]
fn refusals() {
    let good = message(HEADER, &[0xa0], b"payload", b"");
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    let detached = [&[0xd2, 0x84][..], &bytes(HEADER), &[0xa0, 0xf6], &bytes(&[1; 64])].concat();
    let unsigned = [&[0xd2, 0x84][..], &bytes(HEADER), &[0xa0, 0x40, 0x40]].concat();
    let es384 = message(&[0xa1, 1, 0x38, 34], &[0xa0], b"payload", b"");
    let unknown = message(&[0xa1, 1, 0x19, 1, 0], &[0xa0], b"payload", b"");
    let named = message(&[0xa1, 1, 0x62, b'a', 0x0a], &[0xa0], b"payload", b"");
    for (message, why) in [
        (&good[1..], "cbor: invalid COSE_Sign1_Tagged object"),
        (&forged, "verification error"),
        (&detached, "missing payload"),
        (&unsigned, "empty signature"),
        (&[&good[..], &[0]].concat(), "cbor: malformed COSE_Sign1 object"),
        (&es384, "algorithm mismatch: verifier ES256: header ES384"),
        (&unknown, "algorithm mismatch: verifier ES256: header 256"),
        (&named, "algorithm mismatch: verifier ES256: header a\\n"),
        (&message(b"", &[0xa0], b"payload", b""), "algorithm not found"),
    ] {
        assert_eq!(refused(message), why);
    }
    let es512 = json!({
        "message": b64(&good),
        "publicKey": b64(public_pem(Signer::of("PKIX_ECDSA_P521_SHA_512"))),
        "data": {},
    });
    assert_eq!(refusal("cose", "0.0.1", &es512), "unsupported elliptic curve P-521");
}
