//! Entries as a log stores them: parsed strictly, and indexed whatever they are.

use fasti::entry::{
    ENTRY_BYTES_MAX, Facts, LOOKUP_KEYS_MAX, LookupTerm, RekorEntry, StoredKey, Submission,
    expect_few_keys, lookup_keys,
};
use tiles_spec::{Hash, leaf_hash};

use crate::{Seeds, request};

/// See the crate.
pub fn check(data: &[u8]) {
    let facts = indexed(data);
    let Ok(entry) = RekorEntry::parse(data) else { return };
    assert!(data.len() <= ENTRY_BYTES_MAX);
    assert_eq!(entry.to_leaf().as_deref().ok(), Some(data));
    // Whatever is parsed is found: by its digest and by its signer.
    assert!(!facts.digests.is_empty() && !facts.signers.is_empty());
    if let Some(signed) = entry.signed_digest() {
        assert_eq!(facts.digests[0].bytes, signed.digest.as_bytes());
        assert_eq!(entry.verify_again().is_ok(), signed.verify().is_ok());
    }
}

fn indexed(data: &[u8]) -> Facts {
    let leaf = leaf_hash(data);
    let keys = lookup_keys(&leaf, data);
    assert!(keys.is_sorted_by(|a, b| a < b));
    assert!(keys.binary_search(&LookupTerm::Leaf(leaf).key()).is_ok());
    assert!(LookupTerm::Leaf(leaf).matches(&leaf, data));
    assert!(!LookupTerm::Leaf(Hash::from([7; 32])).matches(&leaf, data));
    // Each key is made of something in the entry.
    assert!(keys.len() <= data.len() + 1);
    assert_eq!(expect_few_keys(data).is_ok(), keys.len() <= LOOKUP_KEYS_MAX);
    let facts = Facts::of(data);
    let digests = facts.digests.iter().map(|digest| LookupTerm::Digest(digest.bytes.clone()));
    let names = facts.subjects.iter().cloned().map(LookupTerm::Identity);
    let signers = facts.signers.iter().filter_map(|signer| match &signer.key {
        StoredKey::PublicKey(key) => Some(LookupTerm::of_public_key(key)),
        _ => None,
    });
    for term in digests.chain(names).chain(signers) {
        assert!(keys.binary_search(&term.key()).is_ok(), "{term}");
        assert!(term.matches(&leaf, data), "{term}");
        assert!(!term.to_string().is_empty());
    }
    facts
}

/// See the crate.
pub fn seeds() -> Seeds {
    let mut seeds = Seeds::new();
    for (name, body) in request::seeds() {
        let name = match name {
            "json-key" => "key",
            "json-certificate" => "certificate",
            "json-envelope" => "envelope",
            _ => continue,
        };
        let submission = Submission::parse(&body).expect("a request");
        seeds.push((name, submission.verify().expect("it is signed").into_bytes()));
    }
    let v1 = r#"{"apiVersion":"0.0.1","kind":"rekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}},"signature":{"content":"AQID","format":"x509","publicKey":{"content":"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KQVFJRAotLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0K"}}}}"#;
    let intoto = r#"{"apiVersion":"0.0.2","kind":"intoto","spec":{"content":{"envelope":{"payloadType":"application/vnd.in-toto+json","signatures":[{"publicKey":"LS0t","sig":"AQID"}]},"hash":{"algorithm":"sha256","value":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"payloadHash":{"algorithm":"sha256","value":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}}}"#;
    seeds.push(("v1-rekord", v1.as_bytes().to_vec()));
    seeds.push(("v1-intoto", intoto.as_bytes().to_vec()));
    seeds
}
