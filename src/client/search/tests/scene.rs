//! Logs with an index, in memory. The index is laid out with the format's code, as a builder would;
//! the lookup log is built naively from the specification.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::{LookupTerm, lookup_keys};
use fasti_lookup_spec::{
    KeySlice, LatestFile, LeafRange, LookupPath, Manifest, Posting, RevisionFile, Run, build_part,
    ranges, slice_bits,
};
use serde_json::json;
use tiles_spec::{
    Checkpoint, Hash, LeafIndex, NoteSigningKey, SignedCheckpoint, TlogProof, TreeHead, TreeSize,
    leaf_hash, tree::root_of,
};

use crate::testing::{ORIGIN, TestLog};

pub(super) const LOOKUP: &str = "log.test/one/lookup";

/// A log and its index.
#[derive(Clone, Default)]
pub(super) struct Scene {
    pub(super) log: TestLog,
    /// The leaves of the lookup log.
    pub(super) revisions: Vec<Vec<u8>>,
}

pub(super) fn lookup_key() -> NoteSigningKey {
    NoteSigningKey::from_seed(LOOKUP.parse().unwrap(), &[9; 32])
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
        let mut scene = Self { log: TestLog::of(entries), revisions: Vec::new() };
        scene.index(&entries[..indexed], &postings(&entries[..indexed]));
        scene
    }

    /// Adds a revision of the index: of these entries, with these postings, right or wrong.
    pub(super) fn index(&mut self, entries: &[Vec<u8>], postings: &[Posting]) {
        let head = head_of(entries);
        let runs = ranges(head.size).into_iter().map(|range| self.run(range, postings)).collect();
        let origin = ORIGIN.parse().unwrap();
        self.publish(entries, &Manifest { origin, head, runs });
    }

    /// Adds a revision of the index.
    pub(super) fn publish(&mut self, entries: &[Vec<u8>], manifest: &Manifest) {
        self.revisions.push(manifest.revision_entry());
        let leaves: Vec<_> = self.revisions.iter().map(|leaf| leaf_hash(leaf)).collect();
        let mut lookup = TestLog::of(&self.revisions);
        let checkpoint = sign(&lookup_key(), head_of(&self.revisions));
        lookup.objects.insert("checkpoint".to_owned(), checkpoint.clone());
        for (path, bytes) in lookup.objects {
            self.log.objects.insert(format!("lookup/{path}"), bytes);
        }
        let last = leaves.len() - 1;
        let latest = LatestFile {
            revision: RevisionFile {
                manifest: manifest.clone(),
                checkpoint: TestLog::of(entries).objects["checkpoint"].clone(),
            },
            proof: TlogProof {
                extra: None,
                index: LeafIndex::new(last as u64).unwrap(),
                hashes: inclusion(&leaves, last),
                checkpoint,
            },
        };
        self.put(&LookupPath::Latest, latest.to_bytes());
    }

    fn run(&mut self, range: LeafRange, postings: &[Posting]) -> Run {
        let mut postings: Vec<_> =
            postings.iter().filter(|posting| range.contains(posting.index)).copied().collect();
        postings.sort_unstable();
        let bits = slice_bits(postings.len() as u64);
        let parts = (0..1 << bits).map(|part| {
            let slice = KeySlice::new(bits, part).unwrap();
            let of_slice: Vec<_> =
                postings.iter().filter(|posting| slice.contains(&posting.key)).copied().collect();
            let built = build_part(range, slice, &of_slice);
            self.put(&LookupPath::Part { range, part }, built.bytes);
            built.part
        });
        let parts = parts.collect();
        Run::new(range, postings.len() as u64, parts).unwrap()
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

pub(super) fn head_of(entries: &[Vec<u8>]) -> TreeHead {
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    TreeHead { size: size(entries.len()), root: root_of(&leaves) }
}

/// A signed checkpoint of the log with the key's name.
pub(super) fn sign(key: &NoteSigningKey, head: TreeHead) -> Vec<u8> {
    let origin = key.verifier_key().name().to_string();
    let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
    let note = format!("{text}\n{}", key.sign(&text)).into_bytes();
    SignedCheckpoint::parse(&note).unwrap();
    note
}

/// RFC 6962 section 2.1.1.
fn inclusion(hashes: &[Hash], index: usize) -> Vec<Hash> {
    if hashes.len() == 1 {
        return Vec::new();
    }
    let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
    let (mut path, sibling) = match index.checked_sub(left.len()) {
        Some(index) => (inclusion(right, index), left),
        None => (inclusion(left, index), right),
    };
    path.push(root_of(sibling));
    path
}
