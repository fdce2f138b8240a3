//! A log of Rekor entries with an index built naively from the specification, without the builder's
//! code.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_lookup_spec::{
    KeySlice, LatestFile, LeafRange, LookupKey, LookupPath, Manifest, Posting, RevisionFile, Run,
    build_part, ranges, slice_bits,
};
use sha2::{Digest as _, Sha256};
use tiles_spec::{
    Checkpoint, Hash, HashTile, LeafIndex, Level, NoteSigningKey, TileCoord, TileIndex, TileMap,
    TlogProof, TreeHead, TreeSize, leaf_hash, plan_inclusion, tree::root_of,
};

use fasti_client::testing::{ORIGIN, TestLog, signing_key};
use fasti_entry::lookup_keys;

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
    pub(super) log: TestLog,
    entries: Vec<Vec<u8>>,
    /// The leaves of the lookup log.
    revisions: Vec<Vec<u8>>,
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
        Self { log: TestLog::of(&entries), entries, revisions: Vec::new() }
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
        let mut log = TestLog::of(&self.entries[..size]);
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
        let log = TestLog::of(&self.entries[..size]);
        let leaves: Vec<Hash> = self.entries[..size].iter().map(|e| leaf_hash(e)).collect();
        let head = TreeHead { size: tree_size(size), root: root_of(&leaves) };
        let runs = ranges(head.size).into_iter().map(|range| self.put_run(range, postings));
        let runs = runs.collect();
        let mut manifest = Manifest { origin: ORIGIN.parse().unwrap(), head, runs };
        change(&mut manifest);
        let checkpoint = log.objects["checkpoint"].clone();
        let number = LeafIndex::new(self.revisions.len() as u64).unwrap();
        self.revisions.push(manifest.revision_entry());
        let revision = RevisionFile { manifest, checkpoint };
        self.insert(LookupPath::Revision(number).to_string(), revision.to_bytes());

        let checkpoint = self.put_lookup_log();
        let proof =
            TlogProof { extra: None, index: number, hashes: self.proof(number), checkpoint };
        let latest = LatestFile { revision, proof };
        self.insert(LookupPath::Latest.to_string(), latest.to_bytes());
    }

    fn put_run(&mut self, range: LeafRange, all: &[Posting]) -> Run {
        let of = all.iter().filter(|posting| range.contains(posting.index));
        let mut postings: Vec<_> = of.copied().collect();
        postings.sort_unstable();
        let count = postings.len() as u64;
        let mut parts = Vec::new();
        for slice in (0..).map_while(|part| KeySlice::new(slice_bits(count), part)) {
            let of = postings.iter().filter(|posting| slice.contains(&posting.key));
            let built = build_part(range, slice, &of.copied().collect::<Vec<_>>());
            let path = LookupPath::Part { range, part: slice.index() };
            self.insert(path.to_string(), built.bytes);
            parts.push(built.part);
        }
        Run::new(range, count, parts).unwrap()
    }

    /// Stores the tree of all revisions so far, and its checkpoint.
    fn put_lookup_log(&mut self) -> Vec<u8> {
        let log = TestLog::of(&self.revisions);
        for (path, bytes) in log.objects {
            self.insert(format!("lookup/{path}"), bytes);
        }
        let leaves: Vec<Hash> = self.revisions.iter().map(|e| leaf_hash(e)).collect();
        let head = TreeHead { size: tree_size(leaves.len()), root: root_of(&leaves) };
        let origin = format!("{ORIGIN}/lookup");
        let key = NoteSigningKey::from_seed(origin.parse().unwrap(), &[9; 32]);
        let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
        let note = format!("{text}\n{}", key.sign(&text)).into_bytes();
        assert_eq!(
            key.verifier_key().public_key(),
            signing_key().verifier_key().public_key(),
            "it is the log's own key"
        );
        self.insert("lookup/checkpoint".to_owned(), note.clone());
        note
    }

    /// The proof of the newest revision.
    fn proof(&self, number: LeafIndex) -> Vec<Hash> {
        let leaves: Vec<Hash> = self.revisions.iter().map(|e| leaf_hash(e)).collect();
        let size = tree_size(leaves.len());
        let mut tiles = TileMap::new();
        for (index, chunk) in (0..).zip(leaves.chunks(256)) {
            let coord = TileCoord::at(size, Level::ZERO, TileIndex::new(index)).unwrap();
            tiles.insert(coord, HashTile::new(chunk.to_vec()).unwrap());
        }
        let above: Vec<Hash> = leaves.chunks_exact(256).map(root_of).collect();
        if !above.is_empty() {
            let level = Level::new(1).unwrap();
            let coord = TileCoord::at(size, level, TileIndex::new(0)).unwrap();
            tiles.insert(coord, HashTile::new(above).unwrap());
        }
        plan_inclusion(number, size).unwrap().build(&tiles).unwrap()
    }

    fn insert(&mut self, path: String, bytes: Vec<u8>) {
        self.log.objects.insert(path, bytes);
    }
}

fn tree_size(size: usize) -> TreeSize {
    TreeSize::new(size as u64).unwrap()
}
