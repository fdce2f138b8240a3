//! A log of Rekor entries with an index built naively from the specification, without the builder's
//! code.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_entry::lookup_keys;
use fasti_kit::made_index::{self, MadeIndex};
use fasti_kit::made_log::{self, MadeLog};
use fasti_lookup_spec::{LookupKey, LookupPath, Manifest, Posting, RevisionFile};
use sha2::{Digest as _, Sha256};
use tiles_spec::{LeafIndex, leaf_hash};

const ENTRY: &str = include_str!("../../../../tests/data/rekor/ecdsa-p256-key.leaf.json");

/// An entry with one signer, about its own artifact.
fn entry(n: usize) -> Vec<u8> {
    let mark = "\"digest\":\"";
    let start = ENTRY.find(mark).unwrap() + mark.len();
    let end = start + ENTRY[start..].find('"').unwrap();
    let digest = STANDARD.encode(Sha256::digest(format!("artifact {n}")));
    [&ENTRY[..start], &digest, &ENTRY[end..]].concat().into_bytes()
}

/// An entry with many signers: `keys` keys of its own.
fn crowded_entry(n: usize, keys: usize) -> Vec<u8> {
    let signature = |key: usize| {
        let key = STANDARD.encode((n * keys + key).to_be_bytes());
        format!(r#"{{"verifier":{{"publicKey":{{"rawBytes":"{key}"}}}}}}"#)
    };
    let signatures: Vec<_> = (0..keys).map(signature).collect();
    let signatures = signatures.join(",");
    let spec = format!(r#"{{"dsseV002":{{"signatures":[{signatures}]}}}}"#);
    format!(r#"{{"apiVersion":"0.0.2","kind":"dsse","spec":{spec}}}"#).into_bytes()
}

/// All postings of a log, so that tests can falsify them.
pub(super) struct Index(Vec<Posting>);

impl Index {
    pub(super) fn remove(&mut self, key: &LookupKey, index: LeafIndex) {
        let before = self.0.len();
        self.0.retain(|posting| (posting.key, posting.index) != (*key, index));
        assert_eq!(self.0.len() + 1, before);
    }

    pub(super) fn add(&mut self, key: LookupKey, index: LeafIndex) {
        self.0.push(Posting { key, index });
    }

    /// Swaps the leaves of two ranges.
    pub(super) fn swap_leaves(&mut self, a: Range<u64>, b: Range<u64>) {
        for posting in &mut self.0 {
            let n = posting.index.get();
            let (from, to) = if a.contains(&n) { (&a, &b) } else { (&b, &a) };
            if from.contains(&n) {
                posting.index = LeafIndex::new(n - from.start + to.start).unwrap();
            }
        }
    }
}

/// See the module's documentation.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) log: MadeLog,
    entries: Vec<Vec<u8>>,
    revisions: MadeIndex,
}

impl Scene {
    /// A log without an index.
    pub(super) fn of(size: usize) -> Self {
        Self::of_entries((0..size).map(entry).collect())
    }

    /// The smallest log with a run of two parts, with its index.
    pub(super) fn crowded() -> Self {
        let size = 9 * 256;
        let mut scene = Self::of_entries((0..size).map(|n| crowded_entry(n, 114)).collect());
        scene.revise(size);
        scene
    }

    fn of_entries(entries: Vec<Vec<u8>>) -> Self {
        Self { log: MadeLog::of(&entries), entries, revisions: MadeIndex::default() }
    }

    /// A log with an index, in its second revision.
    pub(super) fn indexed(size: usize) -> Self {
        let mut scene = Self::of(size);
        scene.revise(size / 2);
        scene.revise(size);
        scene
    }

    /// The key that every entry has.
    pub(super) fn key_of_all() -> LookupKey {
        let [a, b] = [0, 1].map(|n| lookup_keys(&leaf_hash(&entry(n)), &entry(n)));
        *a.iter().find(|key| b.contains(key)).unwrap()
    }

    /// A key that only this entry has.
    pub(super) fn own_key(n: u64) -> LookupKey {
        LookupKey::leaf(&leaf_hash(&entry(usize::try_from(n).unwrap())))
    }

    pub(super) fn slot_bytes(&self, path: &str) -> usize {
        let Ok(LookupPath::Part { range, part }) = path.parse() else { panic!("{path}") };
        let file = RevisionFile::parse(&self.log.objects["lookup/revision/001"]).unwrap();
        let run = file.manifest.runs.iter().find(|run| run.range == range).unwrap();
        run.parts[part as usize].slot_bytes()
    }

    /// The next revision, of a tree of this size.
    pub(super) fn revise(&mut self, size: usize) {
        self.revise_with(size, &|_| {});
    }

    /// The next revision, with postings changed by `change`.
    pub(super) fn revise_with(&mut self, size: usize, change: &dyn Fn(&mut Index)) {
        let mut index = Index(self.postings());
        change(&mut index);
        self.put(size, &index.0, |_| {});
    }

    /// The next revision, with the manifest changed by `change`.
    pub(super) fn revise_by(&mut self, size: usize, change: impl FnOnce(&mut Manifest)) {
        let postings = self.postings();
        self.put(size, &postings, change);
    }

    /// Makes the log serve fewer entries than it had.
    pub(super) fn shrink_log_to(&mut self, size: usize) {
        let lookup = self.log.objects.clone().into_iter().filter(|(p, _)| p.starts_with("lookup/"));
        let mut log = MadeLog::of(&self.entries[..size]);
        log.objects.extend(lookup);
        self.log = log;
    }

    fn postings(&self) -> Vec<Posting> {
        let of = |(n, entry): (u64, &Vec<u8>)| {
            let index = LeafIndex::new(n).unwrap();
            let keys = lookup_keys(&leaf_hash(entry), entry);
            keys.into_iter().map(move |key| Posting { key, index })
        };
        (0..).zip(&self.entries).flat_map(of).collect()
    }

    fn put(&mut self, size: usize, postings: &[Posting], change: impl FnOnce(&mut Manifest)) {
        let entries = &self.entries[..size];
        let mut manifest = made_index::manifest(&mut self.log, made_log::head(entries), postings);
        change(&mut manifest);
        self.revisions.publish(&mut self.log, entries, manifest);
    }
}
