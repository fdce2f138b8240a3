//! The keys under which entries are listed, and the effect of damage.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::certificates::{fulcio, utf8};
use proptest::prelude::*;
use rcgen::SanType;
use serde_json::{Value, json};
use tiles_spec::leaf_hash;

use super::*;
use crate::testing::{ARTIFACT, Signer, admit, with};
use crate::{ArtifactDigest, HashAlgorithm, KeyMaterial, SigningAlgorithm};

const ISSUER: &str = "https://issuer.example.com/Realm";
const URI: &str = "https://example.com/Release.yml@refs/heads/main";

fn signer() -> &'static Signer {
    Signer::of(SigningAlgorithm::EcdsaP256Sha256)
}

fn certificate() -> Vec<u8> {
    let names = vec![
        SanType::URI(URI.try_into().unwrap()),
        SanType::Rfc822Name("Dev@example.com".try_into().unwrap()),
    ];
    signer().certificate_with(names, vec![fulcio(8, &utf8(ISSUER))])
}

fn entry_with(der: &[u8]) -> Value {
    json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(sha256(ARTIFACT))},
        "signature": {"content": "AAAA", "verifier": {
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "x509Certificate": {"rawBytes": STANDARD.encode(der)},
        }},
    }}})
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    ArtifactDigest::of(HashAlgorithm::Sha256, bytes).as_bytes().to_vec()
}

fn digest(bytes: &[u8]) -> LookupTerm {
    LookupTerm::Digest(sha256(bytes))
}

fn key() -> LookupTerm {
    LookupTerm::of_public_key(&signer().spki)
}

fn named(identity: &str, issuer: Option<&str>) -> Vec<LookupTerm> {
    let mut terms = vec![LookupTerm::Identity(identity.to_owned())];
    terms.extend(issuer.map(|issuer| LookupTerm::IdentityOfIssuer {
        identity: identity.to_owned(),
        issuer: issuer.to_owned(),
    }));
    terms
}

/// The terms of a certificate from [`certificate`].
fn certified() -> Vec<LookupTerm> {
    let names = [named(URI, Some(ISSUER)), named("Dev@example.com", Some(ISSUER))];
    [vec![key()], names.concat()].concat()
}

/// Checks that the entry is found by these terms and its leaf hash, and by nothing else.
#[track_caller]
fn found_by(entry: &[u8], mut expected: Vec<LookupTerm>) {
    let leaf = leaf_hash(entry);
    expected.push(LookupTerm::Leaf(leaf));
    expected.sort();
    let mut found = lookup_terms(&leaf, entry);
    found.sort();
    found.dedup();
    assert_eq!(found, expected);
    let keys: std::collections::BTreeSet<_> = expected.iter().map(LookupTerm::key).collect();
    assert_eq!(lookup_keys(&leaf, entry), keys.into_iter().collect::<Vec<_>>());
    assert!(expected.iter().all(|term| term.matches(&leaf, entry)));
}

#[track_caller]
fn json_found_by(entry: &Value, expected: Vec<LookupTerm>) {
    found_by(&serde_json_canonicalizer::to_vec(entry).unwrap(), expected);
}

fn pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).unwrap()
}

fn base64_pem(label: &str, der: &[u8]) -> String {
    STANDARD.encode(pem(label, der))
}

#[test]
fn hashedrekord_by_digest_and_key_of_every_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::of(algorithm);
        let entry = admit(&signer.request(&signer.public_key())).unwrap();
        let digest = LookupTerm::Digest(signer.digest(ARTIFACT).as_bytes().to_vec());
        found_by(entry.bytes(), vec![digest, LookupTerm::of_public_key(&signer.spki)]);
    }
}

/// A name of one kind is not found as one of another, though both have the same key.
#[test]
fn names_of_a_kind() {
    let email = || SanType::Rfc822Name("dev@example.com".try_into().unwrap());
    let uri = || SanType::URI("dev@example.com".try_into().unwrap());
    let issuer = || vec![fulcio(8, &utf8(ISSUER))];
    for (names, kinds) in [
        (vec![email()], &[IdentityKind::Email][..]),
        (vec![uri()], &[IdentityKind::Uri]),
        (vec![uri(), email()], &[IdentityKind::Email, IdentityKind::Uri]),
    ] {
        let der = signer().certificate_with(names, issuer());
        let entry = admit(&signer().request(&KeyMaterial::Certificate(der))).unwrap();
        let leaf = leaf_hash(entry.bytes());
        for kind in IdentityKind::ALL {
            for (from, is_issuer) in [(None, true), (Some(ISSUER), true), (Some("x"), false)] {
                let identity = "DEV@example.com".to_owned();
                let from = from.map(str::to_owned);
                let term = LookupTerm::IdentityOfKind { kind, identity, issuer: from };
                let is_meant = is_issuer && kinds.contains(&kind);
                assert_eq!(term.matches(&leaf, entry.bytes()), is_meant, "{term}");
                let is_listed = lookup_keys(&leaf, entry.bytes()).contains(&term.key());
                assert_eq!(is_listed, is_issuer, "{term}");
            }
        }
    }
}

#[test]
fn certificates_by_key_names_and_issuer() {
    let entry = admit(&signer().request(&KeyMaterial::Certificate(certificate()))).unwrap();
    found_by(entry.bytes(), [vec![digest(ARTIFACT)], certified()].concat());
}

#[test]
fn dsse_by_payload_and_every_verifier() {
    let request = signer().dsse_request(&KeyMaterial::Certificate(certificate()));
    let entry = admit(&request).unwrap();
    found_by(entry.bytes(), [vec![digest(ARTIFACT)], certified()].concat());

    let mut entry: Value = serde_json::from_slice(entry.bytes()).unwrap();
    let other = Signer::of(SigningAlgorithm::Ed25519ph);
    let signatures = entry["spec"]["dsseV002"]["signatures"].as_array_mut().unwrap();
    let spki = STANDARD.encode(&other.spki);
    signatures.push(json!({"content": "AAAA", "verifier": {"publicKey": {"rawBytes": spki}}}));
    let second = LookupTerm::of_public_key(&other.spki);
    json_found_by(&entry, [vec![digest(ARTIFACT), second], certified()].concat());
}

#[test]
fn kinds_of_version_one() {
    let (a, b) = (hex::encode(sha256(b"a")), hex::encode(sha256(b"b")).to_uppercase());
    let hash = |value: &str| json!({"algorithm": "sha256", "value": value});
    let bare = base64_pem("PUBLIC KEY", &signer().spki);
    let chain = [pem("CERTIFICATE", &certificate()), pem("CERTIFICATE", b"of the issuer")];
    let chain = STANDARD.encode(chain.concat());
    let entry = |kind: &str, version: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "spec": spec});

    for kind in ["hashedrekord", "rekord"] {
        let spec = json!({
            "data": {"hash": hash(&a)},
            "signature": {"content": "AAAA", "format": "x509", "publicKey": {"content": bare}},
        });
        json_found_by(&entry(kind, "0.0.1", spec.clone()), vec![digest(b"a"), key()]);
        let spec = with(&spec, "/signature/publicKey/content", json!(chain));
        let expected = [vec![digest(b"a")], certified()].concat();
        json_found_by(&entry(kind, "0.0.1", spec), expected);
    }
    let spec = json!({
        "envelopeHash": hash(&a),
        "payloadHash": hash(&b),
        "signatures": [{"signature": "AAAA", "verifier": bare}, {"signature": "AAAA", "verifier": chain}],
    });
    let both = [vec![digest(b"a"), digest(b"b")], certified()].concat();
    json_found_by(&entry("dsse", "0.0.1", spec), both.clone());

    let spec = json!({"content": {"hash": hash(&a), "payloadHash": hash(&b)}, "publicKey": chain});
    json_found_by(&entry("intoto", "0.0.1", spec.clone()), both.clone());
    json_found_by(&entry("intoto", "0.0.2", spec), vec![digest(b"a"), digest(b"b")]);

    let spec = json!({"content": {
        "envelope": {"payloadType": "x", "signatures": [{"sig": "AAAA", "publicKey": chain}]},
        "hash": hash(&a),
        "payloadHash": hash(&b),
    }});
    json_found_by(&entry("intoto", "0.0.2", spec), both);
}

#[test]
fn every_form_of_name() {
    let names = vec![
        SanType::DnsName("Build.example.com".try_into().unwrap()),
        SanType::IpAddress("192.0.2.1".parse().unwrap()),
        SanType::IpAddress("2001:db8::1".parse().unwrap()),
        SanType::OtherName((
            vec![1, 3, 6, 1, 4, 1, 57264, 1, 7],
            rcgen::OtherNameValue::Utf8String("Döner".to_owned()),
        )),
        SanType::OtherName((
            vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3],
            rcgen::OtherNameValue::Utf8String("of another kind".to_owned()),
        )),
    ];
    let der = signer().certificate_with(names, Vec::new());
    let names = ["Build.example.com", "192.0.2.1", "2001:db8::1", "Döner"];
    let names = names.map(|name| named(name, None)).concat();
    json_found_by(&entry_with(&der), [vec![digest(ARTIFACT), key()], names].concat());
}

#[test]
fn ascii_letters_count_alike_in_both_cases() {
    let entry = entry_with(&certificate()).to_string();
    let leaf = leaf_hash(entry.as_bytes());
    let stored = named("Dev@example.com", Some(ISSUER));
    for (identity, issuer, same) in [
        ("DEV@EXAMPLE.COM", "HTTPS://ISSUER.EXAMPLE.COM/REALM", true),
        ("dev@example.com", "https://issuer.example.com/realm", true),
        ("dev@example.co", "https://issuer.example.com", false),
        ("dev@example.com ", "https://issuer.example.com/realm/", false),
        ("dév@example.com", "https://issuer.example.com/rEalmé", false),
    ] {
        for (asked, stored) in named(identity, Some(issuer)).iter().zip(&stored) {
            assert_eq!(asked.matches(&leaf, entry.as_bytes()), same, "{asked}");
            assert_eq!(asked.key() == stored.key(), same, "{asked}");
        }
    }
}

#[test]
fn the_issuer_in_its_two_forms() {
    for (extensions, issuer) in [
        (vec![], None),
        (vec![fulcio(1, b"https://old")], Some("https://old")),
        (vec![fulcio(1, b"https://old"), fulcio(8, &utf8("https://new"))], Some("https://new")),
        (vec![fulcio(1, b"https://old"), fulcio(8, b"not der")], None),
        (vec![fulcio(8, &utf8("https://a")), fulcio(8, &utf8("https://b"))], None),
        (vec![fulcio(1, b"\xff")], None),
        (vec![fulcio(1, b"")], None),
        (vec![fulcio(9, &utf8("another field"))], None),
    ] {
        let email = SanType::Rfc822Name("dev@example.com".try_into().unwrap());
        let der = signer().certificate_with(vec![email], extensions);
        let expected = [vec![digest(ARTIFACT), key()], named("dev@example.com", issuer)].concat();
        json_found_by(&entry_with(&der), expected);
    }
}

/// `der` with the first occurrence of `old` replaced by bytes of the same length.
fn replaced(der: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = (0..der.len()).find(|at| der[*at..].starts_with(old)).expect("the bytes are there");
    [&der[..at], new, &der[at + old.len()..]].concat()
}

#[test]
fn a_certificate_needs_no_algorithm_that_is_known() {
    let p256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let unknown = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x63];
    let der = replaced(&certificate(), &p256, &unknown);
    assert!(crate::Certificate::from_der(&der).is_err());
    let mut expected = certified();
    expected[0] = LookupTerm::of_public_key(&replaced(&signer().spki, &p256, &unknown));
    json_found_by(&entry_with(&der), [vec![digest(ARTIFACT)], expected].concat());
}

#[test]
fn damage_costs_no_more_than_what_is_damaged() {
    let whole = certificate();
    for der in [&whole[..whole.len() - 1], &[&whole[..], b"\n"].concat(), b"x", &signer().spki] {
        json_found_by(&entry_with(der), vec![digest(ARTIFACT)]);
    }
    // The list of names is one byte longer than its container: the key and the issuer stay.
    let names = [0x55, 0x1d, 0x11];
    let at = (0..whole.len()).find(|at| whole[*at..].starts_with(&names)).unwrap();
    let list = at + whole[at..].iter().position(|byte| *byte == 0x30).unwrap();
    let mut der = whole.clone();
    der[list + 1] += 1;
    json_found_by(&entry_with(&der), vec![digest(ARTIFACT), key()]);
    // A name that is not UTF-8.
    let der = replaced(&whole, b"Dev@", b"\xff\xff\xff\xff");
    let left = [vec![digest(ARTIFACT), key()], named(URI, Some(ISSUER))].concat();
    json_found_by(&entry_with(&der), left);

    let entry = entry_with(&whole);
    let at = "/spec/hashedRekordV002/data/digest";
    for no_digest in [json!(""), json!("A"), json!("AB=="), json!("AA"), json!(7), json!(null)] {
        json_found_by(&with(&entry, at, no_digest), certified());
    }
    json_found_by(&with(&entry, at, json!(STANDARD.encode([0; 65]))), certified());
    let at = "/spec/hashedRekordV002/signature";
    json_found_by(&with(&entry, at, json!([])), vec![digest(ARTIFACT)]);
}

#[test]
fn members_that_are_there_twice_do_not_count() {
    let entry = entry_with(&certificate()).to_string();
    let again = entry.replace("\"signature\":", "\"signature\":{},\"signature\":");
    found_by(again.as_bytes(), vec![digest(ARTIFACT)]);
    let again = entry.replace("\"kind\":", "\"kind\":\"dsse\",\"kind\":");
    found_by(again.as_bytes(), vec![]);
    let unread = entry.replace("\"signature\":", "\"x\":1,\"x\":2,\"signature\":");
    found_by(unread.as_bytes(), [vec![digest(ARTIFACT)], certified()].concat());
}

#[test]
fn what_is_no_entry_has_its_leaf_key() {
    let entry = entry_with(&certificate()).to_string();
    for bytes in [
        "",
        "an opaque entry",
        "{}",
        "[]",
        &entry[..entry.len() - 1],
        &format!("{entry}x"),
        &entry.replace("0.0.2", "0.0.3"),
        &entry.replace("\"hashedrekord\"", "\"alpine\""),
        &entry.replace("\"hashedrekord\"", "null"),
        &entry.replace("\"spec\"", "\"Spec\""),
    ] {
        found_by(bytes.as_bytes(), vec![]);
    }
    found_by(b"\xff", vec![]);
    found_by(&[entry.as_bytes(), b"\xff"].concat(), vec![]);
}

#[test]
fn pem_that_is_neither_key_nor_certificate() {
    let key = pem("PUBLIC KEY", &signer().spki);
    for (text, found) in [
        (key.clone(), true),
        (key.replace('\n', "\r\n"), true),
        (format!("a comment\n\n{key}"), true),
        (key.lines().collect::<Vec<_>>().join(" \n"), true),
        (format!("{key}{}", pem("CERTIFICATE", &certificate())), true),
        (format!("{}{key}", pem("PGP PUBLIC KEY BLOCK", b"x")), false),
        (key.replace("PUBLIC KEY", "RSA PUBLIC KEY"), false),
        (key.replace("-----END", "-----ENDE"), false),
        (key.replacen('M', "*", 1), false),
        ("untrusted comment: minisign public key\nRWQ=".to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(KeyMaterial::first_in_pem(text.as_bytes()).is_some(), found, "{text}");
    }
    assert_eq!(KeyMaterial::first_in_pem(b"\xff"), None);
}

#[test]
fn a_key_is_asked_for_by_pem() {
    let spki = &signer().spki;
    for text in [pem("PUBLIC KEY", spki), pem("CERTIFICATE", &certificate())] {
        assert_eq!(LookupTerm::of_pem(text.as_bytes()), Some(key()));
    }
    for (label, der) in [("PUBLIC KEY", &b"x"[..]), ("CERTIFICATE", spki), ("RSA KEY", spki)] {
        assert_eq!(LookupTerm::of_pem(pem(label, der).as_bytes()), None, "{label}");
    }
    assert_eq!(LookupTerm::of_pem(b"no PEM"), None);
}

#[test]
fn terms_say_what_they_are() {
    let hash = Hash::from([7; 32]);
    let hex = "07".repeat(32);
    for (term, text) in [
        (LookupTerm::Leaf(hash), format!("leaf hash {hex}")),
        (LookupTerm::Digest(vec![1, 2]), "digest 0102".to_owned()),
        (LookupTerm::PublicKey(hash), format!("public key with SHA-256 {hex}")),
        (named("a@b", None).remove(0), "identity a@b".to_owned()),
        (
            named("a@b", Some("https://i")).remove(1),
            "identity a@b from issuer https://i".to_owned(),
        ),
    ] {
        assert_eq!(term.to_string(), text);
    }
}

/// The table in `formats.md`, with rows of a file name, what it is found by, and the key.
#[test]
fn vectors_of_the_document() {
    let document = include_str!("../../docs/formats.md");
    let (_, rest) = document.split_once("Vectors: ").expect("the document has vectors");
    let (table, _) = rest.split_once("\n## ").expect("a section follows");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let mut checked = 0;
    for row in rows {
        let row = row.replace('`', "");
        let [kind, value, key] = row.split(" | ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        let hash = |hex: &str| Hash::from(<[u8; 32]>::try_from(hex::decode(hex).unwrap()).unwrap());
        let term = match kind {
            "leaf" => LookupTerm::Leaf(hash(value)),
            "digest" => LookupTerm::Digest(hex::decode(value).unwrap()),
            "public key" => LookupTerm::PublicKey(hash(value)),
            "identity" => named(value, None).remove(0),
            "with issuer" => {
                let (identity, issuer) = value.split_once(", ").expect("two values");
                named(identity, Some(issuer)).remove(1)
            }
            other => panic!("{other}"),
        };
        assert_eq!(term.key().to_string(), key, "{term}");
        let entry = include_bytes!("../../../tests/data/rekor/ecdsa-p256-certificate.leaf.json");
        assert!(term.matches(&leaf_hash(entry), entry), "{term}");
        checked += 1;
    }
    assert_eq!(checked, 7, "rows");
}

/// A log can hold such an entry from before they were refused; then its index has all its keys.
#[test]
fn an_entry_of_thousands_of_names_keeps_its_keys() {
    let names = (0..3_000).map(|n| SanType::Rfc822Name(format!("{n}@b.c").try_into().unwrap()));
    let der = signer().certificate_with(names.collect(), vec![fulcio(8, &utf8(ISSUER))]);
    let entry = entry_with(&der).to_string().into_bytes();
    // Leaf, digest, key; and each name with and without the issuer.
    assert_eq!(lookup_keys(&leaf_hash(&entry), &entry).len(), 3 + 2 * 3_000);
    let error = expect_few_keys(&entry).unwrap_err().to_string();
    assert!(error.contains("more than 256 keys"), "{error}");
}

#[test]
fn names_that_are_there_again_and_again_count_once() {
    let names = || vec![SanType::Rfc822Name("a@b.c".try_into().unwrap()); 1_000];
    let entry = |der: &[u8]| entry_with(der).to_string().into_bytes();
    expect_few_keys(&entry(&signer().certificate_with(names(), Vec::new()))).unwrap();
    for opaque in [&b""[..], b"\xff", b"an opaque entry", b"{}"] {
        expect_few_keys(opaque).unwrap();
    }
}

proptest! {
    #[test]
    fn any_damage_to_an_entry_is_survived(at in any::<prop::sample::Index>(), byte: u8, cut: bool) {
        let mut entry = entry_with(&certificate()).to_string().into_bytes();
        let at = at.index(entry.len());
        entry[at] = byte;
        if cut {
            entry.truncate(at);
        }
        let leaf = leaf_hash(&entry);
        let keys = lookup_keys(&leaf, &entry);
        prop_assert!(keys.is_sorted_by(|a, b| a < b));
        prop_assert!(keys.contains(&LookupKey::leaf(&leaf)));
        for term in lookup_terms(&leaf, &entry) {
            prop_assert!(term.matches(&leaf, &entry) && keys.binary_search(&term.key()).is_ok());
        }
    }

    #[test]
    fn any_damage_to_a_certificate_is_survived(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        at in any::<prop::sample::Index>(),
        cut: bool,
    ) {
        let mut der = certificate();
        for (at, byte) in edits {
            let at = at.index(der.len());
            der[at] = byte;
        }
        if cut {
            der.truncate(at.index(der.len()));
        }
        // Both readers agree on what the strict one accepts.
        let ours = Claims::of(&der);
        if let Ok(strict) = crate::X509::from_der(&der) {
            let ours = ours.expect("the strict one reads it");
            prop_assert_eq!(ours.public_key, strict.public_key);
            for name in strict.names() {
                use fasti_x509::AlternativeName::{Dns, Email, Uri};
                let (Email(name) | Dns(name) | Uri(name)) = name else { continue };
                prop_assert!(name.is_empty() || ours.names.iter().any(|(_, ours)| ours == name));
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>) {
        let _ = Claims::of(&bytes);
        let _ = KeyMaterial::first_in_pem(&bytes);
        let leaf = leaf_hash(&bytes);
        prop_assert!(lookup_keys(&leaf, &bytes).contains(&LookupKey::leaf(&leaf)));
    }
}
