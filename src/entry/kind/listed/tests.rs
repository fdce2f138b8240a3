//! What entries of each kind are found by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::certificates::email;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tiles_spec::leaf_hash;

use crate::facts::{Facts, StoredKey, is_rekor_v1};
use crate::testing::Signer;
use crate::{LookupTerm, SigningAlgorithm, lookup_keys};

/// Two user IDs in one block.
const OPEN_PGP: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n\
                        zRVPbmUgPE9uZUBFeGFtcGxlLmNvbT7ND3R3b0BleGFtcGxlLmNvbQ==\n\
                        =AAAA\n-----END PGP PUBLIC KEY BLOCK-----";
const SSH: &str = "ssh-ed25519 AAAA\n";

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

fn digest(bytes: &[u8]) -> LookupTerm {
    LookupTerm::Digest(sha256(bytes))
}

fn name(text: &str) -> LookupTerm {
    LookupTerm::Identity(text.to_owned())
}

/// A hash in hexadecimal, as entries have it.
fn hash(bytes: &[u8]) -> Value {
    json!({"algorithm": "sha256", "value": hex::encode(sha256(bytes))})
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// A certificate for an address, in PEM, and what it is found by.
fn certificate() -> (String, [LookupTerm; 2]) {
    let signer = Signer::of(SigningAlgorithm::EcdsaP256Sha256);
    let der = signer.certificate_with(vec![email("dev@example.com")], Vec::new());
    let pem = pem_rfc7468::encode_string("CERTIFICATE", pem_rfc7468::LineEnding::LF, &der);
    (pem.expect("PEM"), [LookupTerm::of_public_key(&signer.spki), name("dev@example.com")])
}

/// Checks that an entry of version 0.0.1 is found by these terms and its leaf, and nothing else.
#[track_caller]
fn found_by(kind: &str, spec: &Value, terms: &[LookupTerm]) {
    let entry = json!({"apiVersion": "0.0.1", "kind": kind, "spec": spec}).to_string();
    let leaf = leaf_hash(entry.as_bytes());
    let mut expected: Vec<_> = terms.iter().map(LookupTerm::key).collect();
    expected.push(LookupTerm::Leaf(leaf).key());
    expected.sort_unstable();
    assert_eq!(lookup_keys(&leaf, entry.as_bytes()), expected, "{entry}");
    assert_eq!(Facts::of(entry.as_bytes()).kind.as_deref(), Some(kind));
    assert!(is_rekor_v1(entry.as_bytes()));
    assert!(terms.iter().all(|term| term.matches(&leaf, entry.as_bytes())));
}

#[test]
fn kinds_of_rekor_v2_are_not_those_of_v1() {
    for (kind, version) in [("hashedrekord", "0.0.2"), ("dsse", "0.0.2"), ("rekord", "0.0.2")] {
        let entry = json!({"apiVersion": version, "kind": kind, "spec": {}}).to_string();
        assert!(!is_rekor_v1(entry.as_bytes()), "{entry}");
    }
    assert!(!is_rekor_v1(br#"{"apiVersion":"0.0.1","kind":"rekord"}"#));
    assert!(!is_rekor_v1(b"{"));
}

#[test]
fn rekord_by_its_format() {
    let (pem, certified) = certificate();
    let open_pgp = [
        LookupTerm::of_public_key(OPEN_PGP.as_bytes()),
        name("One@Example.com"),
        name("two@example.com"),
    ];
    let ssh = [LookupTerm::of_public_key(SSH.as_bytes())];
    for (format, key, terms) in [
        (json!("x509"), &*pem, &certified[..]),
        (json!("pgp"), OPEN_PGP, &open_pgp),
        (json!("ssh"), SSH, &ssh),
        (json!("minisign"), SSH, &ssh),
        // Read as X.509, as are those that say nothing.
        (json!("tuf"), &pem, &certified),
        (Value::Null, &pem, &certified),
        (json!("x509"), OPEN_PGP, &[]),
        (json!("tuf"), SSH, &[]),
    ] {
        let signature = json!({"format": format, "publicKey": {"content": base64(key)}});
        let spec = json!({"data": {"hash": hash(b"a")}, "signature": signature});
        found_by("rekord", &spec, &[&[digest(b"a")], terms].concat());
    }
    // An empty key is not listed.
    let signature = json!({"format": "ssh", "publicKey": {"content": ""}});
    found_by("rekord", &json!({"signature": signature}), &[]);
}

#[test]
fn packages_by_hash_and_key() {
    let (pem, certified) = certificate();
    let hashed = |holder: &str, key: &str| json!({holder: {"hash": hash(b"a")}, "publicKey": {"content": base64(key)}});
    let by_certificate = [&[digest(b"a")], &certified[..]].concat();
    let by_open_pgp = [
        digest(b"a"),
        LookupTerm::of_public_key(OPEN_PGP.as_bytes()),
        name("One@Example.com"),
        name("two@example.com"),
    ];
    found_by("alpine", &hashed("package", &pem), &by_certificate);
    found_by("rpm", &hashed("package", OPEN_PGP), &by_open_pgp);
    found_by("helm", &hashed("chart", OPEN_PGP), &by_open_pgp);
    let spec = json!({
        "archive": {"hash": hash(b"a")},
        "signature": {"content": base64("PEM"), "publicKey": {"content": base64(&pem)}},
    });
    found_by("jar", &spec, &[digest(b"a"), digest(b"PEM")]);
    // The hash of a chart can be any text.
    let spec = json!({"chart": {"hash": {"algorithm": "sha256", "value": "hello"}}});
    found_by("helm", &spec, &[]);
}

#[test]
fn messages_by_both_hashes_and_key() {
    let (pem, certified) = certificate();
    let spec = json!({
        "data": {"envelopeHash": hash(b"a"), "payloadHash": hash(b"b")},
        "publicKey": base64(&pem),
    });
    found_by("cose", &spec, &[&[digest(b"a"), digest(b"b")], &certified[..]].concat());
}

#[test]
fn timestamps_by_their_bytes() {
    let spec = json!({"tsr": {"content": base64(b"any bytes")}});
    found_by("rfc3161", &spec, &[digest(b"any bytes")]);
    found_by("rfc3161", &json!({"tsr": {"content": "not base64"}}), &[]);
}

#[test]
fn metadata_by_its_bytes_its_root_its_role_and_its_version() {
    let root = br#"{"signatures":[],"signed":{"_type":"root","version":1}}"#;
    let key = LookupTerm::of_public_key(root);
    let check = |metadata: &str, names: &[LookupTerm]| {
        let spec = json!({
            "metadata": {"content": base64(metadata)},
            "root": {"content": base64(root)},
        });
        let others = [digest(metadata.as_bytes()), digest(root), key.clone()];
        found_by("tuf", &spec, &[&others, names].concat());
    };
    let both = [name("timestamp"), name("7")];
    let wide: Vec<_> = (0..1000).map(|number| format!(r#""{number}":[{{}}]"#)).collect();
    let wide = wide.join(",");
    check(&format!(r#"{{"signed":{{"_type":"timestamp","more":{{{wide}}},"version":7}}}}"#), &both);
    for (metadata, names) in [
        (r#"{"signed":{"_type":"timestamp","version":7}}"#, &both[..]),
        (r#"{"signed":{"_type":"time\u0073tamp","version":7.0}}"#, &both[..1]),
        (r#"{"signed":{"_type":7,"version":7}}"#, &both[1..]),
        (r#"{"signed":{"_type":"","version":-1}}"#, &[name("-1")]),
        (r#"{"signed":{"version":7}}"#, &both[1..]),
        (r#"{"signed":{"_type":null,"version":null}}"#, &[]),
        (r#"{"signed":{"_type":"a","_type":"timestamp","version":7}}"#, &[]),
        (r#"{"signed":[]}"#, &[]),
        ("{}", &[]),
        ("metadata", &[]),
    ] {
        check(metadata, names);
    }
}

#[test]
fn keys_of_other_families_stay_as_they_are() {
    let signature = json!({"format": "ssh", "publicKey": {"content": base64(SSH)}});
    let entry = json!({"apiVersion": "0.0.1", "kind": "rekord", "spec": {"signature": signature}});
    let facts = Facts::of(entry.to_string().as_bytes());
    let [signer] = &facts.signers[..] else { panic!("{facts:?}") };
    assert_eq!(signer.key, StoredKey::Other(SSH.as_bytes().to_vec()));
    assert!(facts.subjects.is_empty() && facts.digests.is_empty());
}
