//! Which keys a statement gives to entries of each kind, and what gives none.

use serde_json::{Value, json};

use super::*;
use crate::lookup_keys;
use tiles_spec::leaf_hash;

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// An entry with a hash where its kind has that of the attestation.
fn entry(kind: &str, version: &str, attestation: &[u8]) -> Vec<u8> {
    let hash = json!({"algorithm": "sha256", "value": sha256(attestation)});
    let spec = match (kind, version) {
        ("dsse", "0.0.2") => {
            use base64::Engine as _;
            let digest = base64::engine::general_purpose::STANDARD;
            let digest = digest.encode(Sha256::digest(attestation));
            json!({"dsseV002": {"payloadHash": {"algorithm": "SHA2_256", "digest": digest}}})
        }
        ("dsse", _) => json!({"payloadHash": hash}),
        ("cose", _) => json!({"data": {"envelopeHash": hash}}),
        _ => json!({"content": {"payloadHash": hash}}),
    };
    json!({"apiVersion": version, "kind": kind, "spec": spec}).to_string().into_bytes()
}

fn statement(subjects: impl IntoIterator<Item = String>) -> Vec<u8> {
    let subject = |digest| json!({"name": "a", "digest": {"sha256": digest}});
    let subjects: Vec<_> = subjects.into_iter().map(subject).collect();
    let predicate = json!({"materials": [{"digest": {"sha1": "ab".repeat(20)}}]});
    json!({"subject": subjects, "predicate": predicate}).to_string().into_bytes()
}

/// A COSE message around a payload of this type.
fn message(kind: &str, payload: &[u8]) -> Vec<u8> {
    let text = |text: &str| [&[0x78, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let protected = [&[0xa2, 1, 0x26, 3][..], &text(kind)].concat();
    let string = crate::cbor::bytes;
    [COSE_BEGINNING, &string(&protected), &[0xa0], &string(payload), &string(b"signed")].concat()
}

fn key(digits: &str) -> LookupKey {
    LookupKey::digest(&hex::decode(digits).unwrap())
}

#[test]
fn entries_of_each_kind_have_the_keys_of_their_statement() {
    let (one, two) = (sha256(b"one"), sha256(b"two").to_uppercase());
    let statement = statement([one.clone(), two.clone(), "no hexadecimal".to_owned()]);
    let mut expected = vec![key(&one), key(&two), key(&"ab".repeat(20))];
    expected.sort_unstable();
    for (kind, version) in
        [("dsse", "0.0.2"), ("dsse", "0.0.1"), ("intoto", "0.0.1"), ("intoto", "0.0.2")]
    {
        let entry = entry(kind, version, &statement);
        assert_eq!(attested_keys(&entry, &statement), expected, "{kind} {version}");
        let term = LookupTerm::Digest(hex::decode(&one).unwrap());
        assert!(term.is_attested(&entry, &statement) && !term.matches(&leaf_hash(&entry), &entry));
        let other = LookupTerm::Digest(Sha256::digest(b"three").to_vec());
        assert!(!other.is_attested(&entry, &statement));
    }
    // Rekor lists no materials of these.
    let message = message(STATEMENT_TYPE, &statement);
    expected.retain(|found| *found != key(&"ab".repeat(20)));
    assert_eq!(attested_keys(&entry("cose", "0.0.1", &message), &message), expected);
}

#[test]
fn only_a_statement_with_the_hash_in_the_entry_gives_keys() {
    let statement = statement([sha256(b"one")]);
    let other = entry("dsse", "0.0.1", b"other");
    assert_eq!(attested_keys(&other, &statement), []);
    assert_eq!(attested_keys(b"no entry", &statement), []);
    let hashed = json!({"apiVersion": "0.0.1", "kind": "hashedrekord",
        "spec": {"data": {"hash": {"algorithm": "sha256", "value": sha256(&statement)}}}});
    assert_eq!(attested_keys(hashed.to_string().as_bytes(), &statement), []);
    for bytes in [&b"text"[..], b"{}", b"", b"\xff", br#"{"subject":[{"digest":{"a":1}}]}"#] {
        assert_eq!(attested_keys(&entry("dsse", "0.0.1", bytes), bytes), []);
    }
    for bytes in [message("text/plain", &statement), statement, vec![0xd2, 0x84, 0x41]] {
        assert_eq!(attested_keys(&entry("cose", "0.0.1", &bytes), &bytes), []);
    }
}

#[test]
fn the_first_of_many_count() {
    let digest = |n: usize| sha256(&n.to_be_bytes());
    let twice = statement([digest(0), digest(0), digest(1)]);
    assert_eq!(attested_keys(&entry("dsse", "0.0.1", &twice), &twice).len(), 3);
    let statement = statement((0..10_000).map(digest));
    let entry = entry("dsse", "0.0.1", &statement);
    let own = lookup_keys(&leaf_hash(&entry), &entry);
    let further = attested_keys(&entry, &statement);
    assert_eq!(own.len() + further.len(), LOOKUP_KEYS_MAX);
    assert!(further.iter().all(|key| !own.contains(key)));
    let mut first: Vec<_> = (0..further.len()).map(|n| key(&digest(n))).collect();
    first.sort_unstable();
    assert_eq!(further, first);
    // What an entry has by itself is not counted twice.
    let value: Value = serde_json::from_slice(&entry).unwrap();
    let own = value["spec"]["payloadHash"]["value"].as_str().unwrap().to_owned();
    assert!(!further.contains(&key(&own)));
}
