//! Made-up logs of Rekor entries with an index, and what can be searched for in them.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{LookupTerm, lookup_keys};
use fasti_kit::made_index::MadeIndex;
pub(super) use fasti_kit::made_log::{checkpoint as sign, head as head_of};
use fasti_lookup_spec::{LatestFile, LookupPath, Manifest, Posting};
use serde_json::json;
use tiles_spec::{LeafIndex, TreeSize, leaf_hash};

use crate::testing::TestLog;

/// A log and its index.
#[derive(Clone, Default)]
pub(super) struct Scene {
    pub(super) log: TestLog,
    /// The leaves of the lookup log.
    pub(super) revisions: MadeIndex,
}

pub(super) fn size(n: usize) -> TreeSize {
    TreeSize::new(n as u64).unwrap()
}

/// An entry about an artifact, signed by a key. Its signature does not verify, but an index does
/// not check that.
pub(super) fn entry(digest: &[u8], key: &[u8], number: usize) -> Vec<u8> {
    let json = json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)},
        "signature": {"content": STANDARD.encode(number.to_be_bytes()), "verifier": {
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "publicKey": {"rawBytes": STANDARD.encode(key)},
        }},
    }}});
    json.to_string().into_bytes()
}

/// Entries with keys of all kinds: one signs every other entry, some sign often. Most artifacts
/// occur once, some three times. Every 11th entry is opaque.
pub(super) fn entries(count: usize) -> Vec<Vec<u8>> {
    let entry = |n: usize| {
        if n % 11 == 10 {
            return format!("opaque {n}").into_bytes();
        }
        let artifact = if n.is_multiple_of(5) { n / 15 } else { 1_000_000 + n };
        let key = if n.is_multiple_of(2) { 0 } else { 1 + n % 17 };
        self::entry(&digest(artifact), &key_bytes(key), n)
    };
    (0..count).map(entry).collect()
}

pub(super) fn digest(artifact: usize) -> Vec<u8> {
    leaf_hash(&artifact.to_be_bytes()).as_bytes().to_vec()
}

fn key_bytes(key: usize) -> Vec<u8> {
    format!("key {key}").into_bytes()
}

pub(super) fn about(artifact: usize) -> LookupTerm {
    LookupTerm::Digest(digest(artifact))
}

pub(super) fn signed_by(key: usize) -> LookupTerm {
    LookupTerm::of_public_key(&key_bytes(key))
}

/// All postings of these entries.
pub(super) fn postings(entries: &[Vec<u8>]) -> Vec<Posting> {
    let postings = entries.iter().enumerate().flat_map(|(n, entry)| {
        let index = LeafIndex::new(n as u64).unwrap();
        lookup_keys(&leaf_hash(entry), entry).into_iter().map(move |key| Posting { key, index })
    });
    postings.collect()
}

impl Scene {
    /// A log of these entries with an index of the first `indexed` of them.
    pub(super) fn of(entries: &[Vec<u8>], indexed: usize) -> Self {
        let mut scene = Self { log: TestLog::of(entries), revisions: MadeIndex::default() };
        scene.index(&entries[..indexed], &postings(&entries[..indexed]));
        scene
    }

    /// Adds a revision of the index: of these entries, with these postings, right or wrong.
    pub(super) fn index(&mut self, entries: &[Vec<u8>], postings: &[Posting]) {
        self.revisions.revise(&mut self.log, entries, postings);
    }

    /// Adds a revision of the index.
    pub(super) fn publish(&mut self, entries: &[Vec<u8>], manifest: &Manifest) {
        self.revisions.publish(&mut self.log, entries, manifest.clone());
    }

    pub(super) fn put(&mut self, path: &LookupPath, bytes: Vec<u8>) {
        self.log.objects.insert(path.to_string(), bytes);
    }

    pub(super) fn latest(&self) -> LatestFile {
        LatestFile::parse(&self.log.objects["lookup/latest"]).unwrap()
    }

    /// All terms that the entries have, and some that they do not have.
    pub(super) fn terms(entries: &[Vec<u8>]) -> Vec<LookupTerm> {
        let mut terms: Vec<_> =
            entries.iter().map(|entry| LookupTerm::Leaf(leaf_hash(entry))).collect();
        terms.extend((0..19).map(signed_by));
        terms.extend((0..entries.len() / 15 + 2).map(about));
        terms.extend((0..=entries.len()).map(|n| about(1_000_000 + n)));
        terms.push(LookupTerm::Identity("nobody@example.com".to_owned()));
        let distinct: BTreeSet<_> = terms.into_iter().collect();
        distinct.into_iter().collect()
    }
}
