//! Which requests are admitted, and for the others the named field and the error message.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::testing::{ARTIFACT, Signer, admit, admit_text, verifier, with};
use crate::{
    ArtifactDigest, CERTIFICATE_BYTES_MAX, KeyMaterial, Kind, NAMES_MAX, RekorEntry,
    SigningAlgorithm,
};

const P256: SigningAlgorithm = SigningAlgorithm::EcdsaP256Sha256;
const VERIFIER: &str = "/hashedRekordRequestV002/signature/verifier";

static REQUEST: LazyLock<Value> =
    LazyLock::new(|| Signer::of(P256).request(&Signer::of(P256).public_key()));

fn refusal(request: &Value) -> String {
    refusal_text(&request.to_string())
}

fn refusal_text(request: &str) -> String {
    match admit_text(request) {
        Err(error) => error.to_string(),
        Ok(entry) => panic!("admitted {request} as {entry:?}"),
    }
}

#[test]
fn every_algorithm_with_key_and_certificate() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        for material in [signer.public_key(), signer.certificate()] {
            let request = signer.request(&material);
            let entry = admit(&request).unwrap();
            assert_eq!(entry.kind(), Kind::HashedRekord);
            let spec = &request["hashedRekordRequestV002"];
            let expected = json!({
                "apiVersion": "0.0.2",
                "kind": "hashedrekord",
                "spec": {"hashedRekordV002": {
                    "data": {"algorithm": algorithm.hash().name(), "digest": spec["digest"]},
                    "signature": spec["signature"],
                }},
            });
            let canonical = serde_json_canonicalizer::to_vec(&expected).unwrap();
            assert_eq!(entry.bytes(), canonical, "{algorithm}");

            let read = RekorEntry::parse(entry.bytes()).unwrap();
            assert_eq!(read.to_leaf().unwrap(), entry.bytes());
            let signed = read.signed_digest().unwrap();
            assert_eq!(signed.digest, signer.digest(ARTIFACT));
            assert_eq!(signed.signature.verifier.material, material);
            assert_eq!(read.verify_again().unwrap(), 1);
        }
    }
}

#[test]
fn a_key_under_another_name_is_refused() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        for other in SigningAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            let mut request = signer.request(&signer.public_key());
            let same_hash = other.hash() == algorithm.hash();
            if !same_hash {
                let digest = ArtifactDigest::of(other.hash(), ARTIFACT);
                request =
                    with(&request, "/hashedRekordRequestV002/digest", base64(digest.as_bytes()));
            }
            let name = other.key_details().name();
            let message = refusal(&with(&request, &format!("{VERIFIER}/keyDetails"), json!(name)));
            assert_eq!(
                message,
                format!(
                    "hashedRekordRequestV002.signature.verifier.keyDetails: {name} does not fit \
                     the key; for this key send {algorithm}"
                )
            );
        }
    }
}

#[test]
fn one_meaning_makes_one_leaf() {
    let leaf = admit(&REQUEST).unwrap();
    let text = REQUEST.to_string();
    let request = &REQUEST["hashedRekordRequestV002"];
    let content = request["signature"]["content"].as_str().unwrap();
    let url_safe = content.replace('+', "-").replace('/', "_");
    let bare = content.trim_end_matches('=');
    for spelling in [
        format!(" {text}\n"),
        text.replace("hashedRekordRequestV002", "hashed_rekord_request_v002"),
        text.replace("publicKey", "public_key").replace("rawBytes", "raw_bytes"),
        text.replace("keyDetails", "key_details"),
        text.replace(r#""PKIX_ECDSA_P256_SHA_256""#, "5"),
        text.replace("keyDetails", r"key\u0044etails"),
        text.replace(content, &url_safe),
        text.replace(content, bare),
        text.replace(content, url_safe.trim_end_matches('=')),
        text.replacen('{', r#"{"dsseRequestV002":null,"#, 1),
        text.replace(r#""publicKey""#, r#""x509Certificate":null,"publicKey""#),
    ] {
        assert_eq!(admit_text(&spelling).unwrap(), leaf, "{spelling}");
    }
}

/// (the pointer to replace in the request, the new value, the field named in the error, the
/// message). All paths are below `hashedRekordRequestV002`.
type Row<'a> = (&'a str, Value, &'a str, &'a str);

fn check(rows: &[Row<'_>]) {
    for (pointer, value, field, why) in rows {
        let pointer = format!("/hashedRekordRequestV002{pointer}");
        let error = admit(&with(&REQUEST, &pointer, value.clone())).unwrap_err();
        let expected = format!("hashedRekordRequestV002{field}");
        assert_eq!(error.field(), Some(expected.as_str()), "{pointer} {value}: {error}");
        assert!(error.to_string().contains(why), "{pointer} {value}: {error}");
    }
}

#[test]
fn refusals_of_digest_and_signature() {
    let signer = Signer::of(P256);
    let p384 = Signer::of(SigningAlgorithm::EcdsaP384Sha384);
    let long = base64(p384.digest(ARTIFACT).as_bytes());
    let other = base64(signer.digest(b"another artifact").as_bytes());
    let (sig, signature) = (".signature.content", "/signature/content");
    check(&[
        ("", json!(null), "", "missing or empty; a hashedrekord request is required"),
        ("", json!([]), "", "expected an object, found an array"),
        ("/digest", json!(null), ".digest", "missing or empty"),
        ("/digest", json!(""), ".digest", "missing or empty"),
        ("/digest", json!("***"), ".digest", "base64"),
        ("/digest", json!("AA=A"), ".digest", "base64"),
        ("/digest", json!("AAA=="), ".digest", "base64"),
        ("/digest", json!("AAB"), ".digest", "base64"),
        ("/digest", json!("AA AA"), ".digest", "base64"),
        ("/digest", json!("+_AA"), ".digest", "base64"),
        ("/digest", json!(7), ".digest", "expected a base64 string, found a number"),
        ("/digest", json!("AAAA"), ".digest", "3 bytes long, but SHA2_256 digests have 32"),
        ("/digest", long, ".digest", "48 bytes long, but SHA2_256 digests have 32"),
        ("/digest", other, sig, "does not verify"),
        ("/signature", json!(null), ".signature", "missing or empty"),
        ("/signature", json!({}), sig, "missing or empty"),
        (signature, json!(""), sig, "missing or empty"),
        (signature, json!("AAAA"), sig, "does not verify"),
        (
            signature,
            base64(&p384.sign(ARTIFACT)),
            sig,
            "does not verify with this key (PKIX_ECDSA_P256_SHA_256, over the SHA2_256 digest",
        ),
    ]);
}

#[test]
fn refusals_of_keys_and_certificates() {
    let signer = Signer::of(P256);
    let spki = signer.spki.as_slice();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END", base64(spki).as_str().unwrap());
    let verifier_of = |material| verifier(P256, &material);
    let both = json!({"publicKey": {"rawBytes": "AA"}, "x509Certificate": {"rawBytes": "AA"}});
    let (whole, raw) = ("/signature/verifier", "/signature/verifier/publicKey/rawBytes");
    let (field, raw_field) = (".signature.verifier", ".signature.verifier.publicKey.rawBytes");
    let certificate_field = ".signature.verifier.x509Certificate.rawBytes";
    let certificate = signer.certificate().der().to_vec();
    let trailing = KeyMaterial::Certificate([certificate.as_slice(), &[0]].concat());
    check(&[
        (whole, json!({"keyDetails": 5}), field, "publicKey or x509Certificate"),
        (whole, both, field, "publicKey and x509Certificate exclude each other"),
        ("/signature/verifier/publicKey", json!({}), raw_field, "missing or empty"),
        (raw, json!(""), raw_field, "missing or empty"),
        (raw, base64(pem.as_bytes()), raw_field, "this is PEM; send the DER bytes"),
        (raw, base64(&[spki, &[0]].concat()), raw_field, "bytes follow the end of the DER"),
        (raw, base64(&spki[..spki.len() - 1]), raw_field, "not a DER encoded SubjectPublicKeyInfo"),
        (raw, base64(&certificate), raw_field, "not a DER encoded SubjectPublicKeyInfo"),
        (
            whole,
            verifier_of(KeyMaterial::Certificate(spki.to_vec())),
            certificate_field,
            "malformed certificate: it has no signature algorithm",
        ),
        (whole, verifier_of(trailing), certificate_field, "bytes follow the end of the DER"),
        (
            whole,
            verifier_of(Signer::of(SigningAlgorithm::EcdsaP384Sha384).certificate()),
            ".signature.verifier.keyDetails",
            "for this key send PKIX_ECDSA_P384_SHA_384",
        ),
    ]);
}

#[test]
fn refusals_of_key_details() {
    let rows = [
        (json!(null), "missing or empty"),
        (json!("PKIX_ED25519"), "sign its SHA-512 digest with Ed25519ph and send PKIX_ED25519_PH"),
        (json!(3), "PKIX_RSA_PKCS1V5 is not admitted: deprecated"),
        (json!("P256"), "unknown value \"P256\"; expected one of PKIX_ECDSA_P256_SHA_256, PKIX"),
        (json!("x".repeat(65)), "xxx\"...; expected one of"),
        (json!("a\n\u{1b}"), r#"unknown value "a\n\u{1b}"; expected"#),
        (json!(24), "unknown value 24"),
        (json!(0), "unknown value 0"),
        (json!(-5), "expected the name or number of an enum value"),
        (json!(5.5), "expected the name or number of an enum value"),
        (json!(u64::MAX), "unknown value 18446744073709551615"),
        (json!(true), "expected the name or number of an enum value, found a boolean"),
    ];
    let field = ".signature.verifier.keyDetails";
    check(&rows.map(|(value, why)| ("/signature/verifier/keyDetails", value, field, why)));
}

#[test]
fn refusals_of_spelling() {
    let text = REQUEST.to_string();
    let digest = r#""digest":"#;
    for (request, why) in [
        (
            text.replace(digest, r#""digest":"AA","digest":"#),
            "digest: the field is given more than once",
        ),
        (
            text.replace(digest, r#""digest":null,"digest":"#),
            "digest: the field is given more than once",
        ),
        (
            text.replace(r#""rawBytes""#, r#""raw_bytes":"AA","rawBytes""#),
            "signature.verifier.publicKey.rawBytes: the field is given more than once",
        ),
        (
            text.replace(digest, r#""Digest":"#),
            "Digest: unknown field; this message has only digest, signature",
        ),
        (text.replace(digest, r#""digest_":"AA","digest":"#), "digest_: unknown field"),
        (text.replace(digest, r#""a b":"AA","digest":"#), "\"a b\": unknown field"),
        (
            text.replace("hashedRekordRequestV002", "hashedRekordRequestV0_0_2"),
            "hashedRekordRequestV0_0_2: unknown",
        ),
        (text.replace(digest, r#""digest":NaN,"x":"#), "not acceptable JSON"),
        (
            text.replace(digest, r#""digest":1e999,"x":"#),
            "not acceptable JSON: number out of range",
        ),
        (text.replace(digest, r#""digest":"\ud800","x":"#), "not acceptable JSON"),
        (format!("{text}x"), "trailing characters"),
        (text[..text.len() - 1].to_owned(), "EOF"),
        ("[".repeat(100_000), "nested deeper than 16 levels"),
        (String::new(), "EOF"),
        ("null".to_owned(), "expected an object, found null"),
        ("{}".to_owned(), "hashedRekordRequestV002: missing or empty"),
        (
            format!(
                "{},{}",
                &text[..text.len() - 1],
                &Signer::of(P256).dsse_request(&Signer::of(P256).public_key()).to_string()[1..]
            ),
            "hashedRekordRequestV002 and dsseRequestV002 exclude each other",
        ),
    ] {
        let message = refusal_text(&request);
        assert!(message.contains(why), "{message}");
    }
    let mut invalid_utf8 = text.into_bytes();
    let at = invalid_utf8.len() / 2;
    invalid_utf8[at] = 0xff;
    assert!(Submission::parse(&invalid_utf8).is_err());
}

/// A certificate with this many names and this many additional bytes.
fn certified(names: usize, bytes: usize) -> KeyMaterial {
    let uri = |uri: String| rcgen::SanType::URI(uri.try_into().unwrap());
    let names = (0..names).map(|n| uri(format!("https://example.com/{n}")));
    let long = (bytes > 0).then(|| uri(format!("https://example.com/{}", "a".repeat(bytes))));
    let names = names.chain(long).collect();
    KeyMaterial::Certificate(Signer::of(P256).certificate_with(names, Vec::new()))
}

#[test]
fn certificates_are_bounded_in_bytes_and_names() {
    let signer = Signer::of(P256);
    let request = |material: &KeyMaterial| signer.request(material);
    let spare = CERTIFICATE_BYTES_MAX - certified(0, 1_000).der().len();
    for (material, why) in [
        (certified(NAMES_MAX, 0), None),
        (certified(0, 1_000 + spare - 8), None),
        (certified(NAMES_MAX + 1, 0), Some("the log takes at most 100")),
        (certified(0, 1_000 + spare + 8), Some("the log takes at most 16384")),
        (certified(0, 50_000), Some("the log takes at most 16384")),
        (certified(3_000, 0), Some("the log takes at most 16384")),
    ] {
        for request in [request(&material), signer.dsse_request(&material)] {
            match why {
                None => drop(admit(&request).unwrap()),
                Some(why) => {
                    let message = refusal(&request);
                    assert!(message.contains(why), "{message}");
                    assert!(message.contains("x509Certificate.rawBytes: "), "{message}");
                }
            }
        }
        // An entry already in the log can still be read.
        assert!(material.public_key().is_ok());
    }
}

/// The limit counts the names of all verifiers together.
#[test]
fn names_are_counted_over_all_certificates_of_an_entry() {
    let signer = Signer::of(P256);
    let request = |names: [usize; 2]| {
        let materials = names.map(|names| certified(names, 0));
        let mut request = signer.dsse_request(&materials[0]);
        let verifiers = materials.each_ref().map(|material| verifier(P256, material));
        request["dsseRequestV002"]["verifiers"] = json!(verifiers);
        refusal(&request)
    };
    let message = request([60, 41]);
    assert!(
        message.starts_with("dsseRequestV002.verifiers[1].x509Certificate.rawBytes: "),
        "{message}"
    );
    assert!(message.contains("have 101 or more subject alternative names"), "{message}");
    // A hundred names are accepted, so the next fault is found: only one key has signed.
    assert!(request([60, 40]).contains("verifies no signature"));
}

#[test]
fn any_flipped_signature_bit_is_refused() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        let request = signer.request(&signer.public_key());
        let signature = signer.sign(ARTIFACT);
        for bit in (0..signature.len() * 8).step_by(7) {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let pointer = "/hashedRekordRequestV002/signature/content";
            assert!(
                admit(&with(&request, pointer, base64(&flipped))).is_err(),
                "{algorithm} {bit}"
            );
        }
    }
}

fn base64(bytes: &[u8]) -> Value {
    use ::base64::Engine as _;
    json!(::base64::engine::general_purpose::STANDARD.encode(bytes))
}
