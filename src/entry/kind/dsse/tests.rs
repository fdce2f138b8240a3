//! Which envelopes are admitted and how they are stored, and the errors for the others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{ARTIFACT, Signer, admit, verifier, with};
use crate::{Kind, RekorEntry, SigningAlgorithm, pae};

const P256: SigningAlgorithm = SigningAlgorithm::EcdsaP256Sha256;
const TYPE: &str = "application/vnd.in-toto+json";

fn request(signatures: &[&[u8]], verifiers: &[Json]) -> Json {
    let sig = |sig: &&[u8]| json!({"sig": STANDARD.encode(sig)});
    json!({"dsseRequestV002": {
        "envelope": {
            "payload": STANDARD.encode(ARTIFACT),
            "payloadType": TYPE,
            "signatures": signatures.iter().map(sig).collect::<Vec<_>>(),
        },
        "verifiers": verifiers,
    }})
}

fn sign(signer: &Signer) -> Vec<u8> {
    signer.sign(&pae(TYPE, ARTIFACT))
}

fn by_key(signer: &Signer) -> Json {
    verifier(signer.algorithm, &signer.public_key())
}

fn refusal(request: &Json) -> String {
    admit(request).unwrap_err().to_string()
}

#[test]
fn all_algorithms_in_one_envelope() {
    let signers = SigningAlgorithm::ALL.map(Signer::of);
    let signatures = signers.map(sign);
    let slices = signatures.each_ref().map(Vec::as_slice);
    let request = request(&slices, &signers.map(by_key));
    let entry = admit(&request).unwrap();
    assert_eq!(entry.kind(), Kind::Dsse);

    let mut pairs: Vec<_> = signatures.iter().zip(signers).collect();
    pairs.sort_by_key(|(signature, _)| *signature);
    let stored = pairs.iter().map(|(signature, signer)| {
        json!({"content": STANDARD.encode(signature), "verifier": by_key(signer)})
    });
    let payload_hash = ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT);
    let expected = json!({
        "apiVersion": "0.0.2",
        "kind": "dsse",
        "spec": {"dsseV002": {
            "payloadHash": {
                "algorithm": "SHA2_256",
                "digest": STANDARD.encode(payload_hash.as_bytes()),
            },
            "signatures": stored.collect::<Vec<_>>(),
        }},
    });
    assert_eq!(entry.bytes(), serde_json_canonicalizer::to_vec(&expected).unwrap());
    let read = RekorEntry::parse(entry.bytes()).unwrap();
    assert_eq!(read.to_leaf().unwrap(), entry.bytes());
    let RekorEntry::Dsse(stored) = &read else { panic!("another kind") };
    assert_eq!((stored.payload_hash, stored.signatures.len()), (payload_hash, 7));
    assert_eq!((read.signed_digest(), read.verify_again().unwrap()), (None, 0));
}

#[test]
fn order_and_repetition_do_not_matter() {
    let (a, b) = (Signer::of(P256), Signer::of(SigningAlgorithm::Ed25519ph));
    let (sig_a, sig_b) = (sign(a), sign(b));
    let leaf = admit(&request(&[&sig_a, &sig_b], &[by_key(a), by_key(b)])).unwrap();
    for (signatures, verifiers) in [
        (vec![&sig_b[..], &sig_a], [by_key(a), by_key(b)]),
        (vec![&sig_a, &sig_b], [by_key(b), by_key(a)]),
        (vec![&sig_a, &sig_b, &sig_a], [by_key(b), by_key(a)]),
    ] {
        assert_eq!(admit(&request(&signatures, &verifiers)).unwrap(), leaf);
    }
    let keyid = with(
        &request(&[&sig_a, &sig_b], &[by_key(a), by_key(b)]),
        "/dsseRequestV002/envelope/signatures/0",
        json!({"sig": STANDARD.encode(&sig_a), "keyid": "any"}),
    );
    assert_eq!(admit(&keyid).unwrap(), leaf);
}

#[test]
fn the_first_verifier_that_verifies_is_stored() {
    let signer = Signer::of(P256);
    let certificate = verifier(P256, &signer.certificate());
    let (first, second) = (sign(signer), sign(Signer::of(SigningAlgorithm::EcdsaP384Sha384)));
    let other = by_key(Signer::of(SigningAlgorithm::EcdsaP384Sha384));
    let entry = admit(&request(&[&first, &second], &[other.clone(), certificate.clone()])).unwrap();
    assert!(String::from_utf8_lossy(entry.bytes()).contains("x509Certificate"));
    let message = refusal(&request(&[&first, &second], &[by_key(signer), other, certificate]));
    assert_eq!(
        message,
        "dsseRequestV002.verifiers[2]: verifies no signature of the envelope; remove it"
    );
}

#[test]
fn ed25519_signs_the_pae_prehashed() {
    let signer = Signer::of(SigningAlgorithm::Ed25519ph);
    assert!(admit(&request(&[&sign(signer)], &[by_key(signer)])).is_ok());

    let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let spki = ed25519_dalek::pkcs8::EncodePublicKey::to_public_key_der(&secret.verifying_key());
    let spki = STANDARD.encode(spki.unwrap());
    let pure = ed25519_dalek::Signer::sign(&secret, &pae(TYPE, ARTIFACT)).to_bytes();
    let pure_with = |details: &str| {
        request(&[&pure], &[json!({"publicKey": {"rawBytes": spki}, "keyDetails": details})])
    };
    assert_eq!(
        refusal(&pure_with("PKIX_ED25519_PH")),
        "dsseRequestV002.envelope.signatures[0].sig: none of the verifiers verifies this signature \
         over the envelope (DSSE v1 PAE)"
    );
    let message = refusal(&pure_with("PKIX_ED25519"));
    assert!(message.starts_with("dsseRequestV002.verifiers[0].keyDetails: PKIX_ED25519 is not"));
}

#[test]
fn refusals_name_the_field_and_the_remedy() {
    let signer = Signer::of(P256);
    let (sig, key) = (sign(signer), by_key(signer));
    let good = request(&[&sig], std::slice::from_ref(&key));
    assert!(admit(&good).is_ok());
    let signature = json!({"sig": STANDARD.encode(&sig)});
    let other = by_key(Signer::of(SigningAlgorithm::RsaPkcs1v15Sha256With2048));
    for (pointer, value, field, why) in [
        ("/envelope", json!(null), ".envelope", "a DSSE envelope is required"),
        ("/envelope/payload", json!(1), ".envelope.payload", "expected a base64 string"),
        ("/envelope/payload", json!(""), ".envelope.signatures[0].sig", "none of the verifiers"),
        (
            "/envelope/payload",
            json!("AAAA"),
            ".envelope.signatures[0].sig",
            "none of the verifiers",
        ),
        (
            "/envelope/payloadType",
            json!(""),
            ".envelope.signatures[0].sig",
            "none of the verifiers",
        ),
        (
            "/envelope/payloadType",
            json!("x"),
            ".envelope.signatures[0].sig",
            "none of the verifiers",
        ),
        ("/envelope/payloadType", json!(1), ".envelope.payloadType", "expected a string"),
        ("/envelope/signatures", json!([]), ".envelope.signatures", "a signature is required"),
        (
            "/envelope/signatures",
            json!(vec![&signature; 11]),
            ".envelope.signatures",
            "11 elements; at most 10",
        ),
        ("/envelope/signatures/0", json!({}), ".envelope.signatures[0].sig", "missing or empty"),
        (
            "/envelope/signatures/0",
            json!({"sig": "AA", "keyId": ""}),
            ".envelope.signatures[0].keyId",
            "unknown field",
        ),
        (
            "/envelope/signatures",
            json!([&signature, {"sig": "AA=="}]),
            ".envelope.signatures[1].sig",
            "none of the",
        ),
        ("/verifiers", json!([]), ".verifiers", "a verifier is required"),
        ("/verifiers", json!(vec![&key; 11]), ".verifiers", "11 elements; at most 10"),
        (
            "/verifiers",
            json!([&key, &key]),
            ".verifiers[1]",
            "the same key or certificate as verifiers[0]",
        ),
        ("/verifiers", json!([&key, &other]), ".verifiers[1]", "verifies no signature"),
        ("/verifiers", json!([&other]), ".envelope.signatures[0].sig", "none of the verifiers"),
        (
            "/verifiers/0/publicKey/rawBytes",
            json!("AAAA"),
            ".verifiers[0].publicKey.rawBytes",
            "not a DER encoded",
        ),
        ("/verifiers/0/keyDetails", json!(12), ".verifiers[0].keyDetails", "does not fit the key"),
    ] {
        let error = admit(&with(&good, &format!("/dsseRequestV002{pointer}"), value)).unwrap_err();
        assert_eq!(error.field(), Some(format!("dsseRequestV002{field}").as_str()), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn an_empty_payload_and_type_may_be_left_out() {
    let signer = Signer::of(P256);
    for (payload, media_type) in [("", TYPE), ("payload", ""), ("", "")] {
        let sig = signer.sign(&pae(media_type, payload.as_bytes()));
        let signatures = json!([{"sig": STANDARD.encode(sig)}]);
        let mut envelope = json!({"signatures": signatures});
        if !payload.is_empty() {
            envelope["payload"] = json!(STANDARD.encode(payload));
        }
        if !media_type.is_empty() {
            envelope["payloadType"] = json!(media_type);
        }
        let sparse = json!({"dsseRequestV002": {
            "envelope": &envelope,
            "verifiers": [by_key(signer)],
        }});
        let entry = admit(&sparse).unwrap();
        envelope["payload"] = json!(STANDARD.encode(payload));
        envelope["payloadType"] = json!(media_type);
        let full = with(&sparse, "/dsseRequestV002/envelope", envelope);
        assert_eq!(admit(&full).unwrap().bytes(), entry.bytes(), "{payload:?} {media_type:?}");
    }
}

#[test]
fn an_envelope_of_any_size_makes_a_small_leaf() {
    let signer = Signer::of(P256);
    let payload = vec![b'x'; 1 << 20];
    let sig = signer.sign(&pae(TYPE, &payload));
    let mut request = request(&[&sig], &[by_key(signer)]);
    request["dsseRequestV002"]["envelope"]["payload"] = json!(STANDARD.encode(&payload));
    assert!(admit(&request).unwrap().bytes().len() < 1024);
}
