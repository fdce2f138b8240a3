//! A small frozen index. Rebuilt, it must be byte for byte the same as in
//! `tests/data/golden-lookup/index` at the top of the repository. Also the hash of a larger part.
//!
//! Changing a byte here changes what every published index commits to. To rewrite the files on
//! purpose: `cargo test -p fasti-lookup-spec --test lookup-format -- --ignored write`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fasti_lookup_spec::{
    BuiltPart, Found, KeySlice, LatestFile, LeafRange, LookupKey, LookupPath, Manifest, Posting,
    Probe, RevisionFile, Run, build_part, lookup_origin, ranges, read_part,
};
use sha2::{Digest as _, Sha256};
use tiles_spec::{
    Checkpoint, Frontier, Hash, LeafIndex, NoteSigningKey, Origin, TlogProof, TreeHead, TreeSize,
    append_entry, leaf_hash, open_checkpoint,
};

type Files = BTreeMap<String, Vec<u8>>;

const ENTRIES: [&[u8]; 3] = [b"one", b"two", b"three"];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden-lookup/index")
}

fn origin() -> Origin {
    "golden.example/small".parse().unwrap()
}

/// The log's key, under the given name: the log's or the lookup log's.
fn key(origin: &Origin) -> NoteSigningKey {
    NoteSigningKey::from_seed(origin.key_name(), b"the seed of the small log's key.")
}

fn signed(origin: &Origin, head: TreeHead) -> Vec<u8> {
    let checkpoint =
        Checkpoint { origin: origin.to_string(), head, extensions: Vec::new() }.to_text();
    format!("{checkpoint}\n{}", key(origin).sign(&checkpoint)).into_bytes()
}

fn head(entries: &[&[u8]]) -> TreeHead {
    let mut tree = Frontier::new();
    for entry in entries {
        tree.push(leaf_hash(entry)).unwrap();
    }
    tree.head()
}

/// Each leaf has its own key; the first and the last also share one.
fn postings() -> Vec<Posting> {
    let posting = |key, n| Posting { key, index: LeafIndex::new(n).unwrap() };
    let common = LookupKey::identity("Golden@Example.com");
    let own = (0..).zip(ENTRIES).map(|(n, entry)| posting(LookupKey::leaf(&leaf_hash(entry)), n));
    let mut postings: Vec<_> = own.chain([posting(common, 0), posting(common, 2)]).collect();
    postings.sort_unstable();
    postings
}

/// All files of the index, and the checkpoint of the log, by path.
fn make() -> Files {
    let log = head(&ENTRIES);
    let range = ranges(log.size)[0];
    let BuiltPart { part, bytes } = build_part(range, KeySlice::new(0, 0).unwrap(), &postings());
    let runs = vec![Run::new(range, 5, vec![part]).unwrap()];
    let manifest = Manifest { origin: origin(), head: log, times: None, runs };
    let entry = manifest.revision_entry();
    let revision = RevisionFile { manifest, checkpoint: signed(&origin(), log) };
    let lookup = lookup_origin(&origin()).unwrap();
    let checkpoint = signed(&lookup, head(&[&entry]));
    let index = LeafIndex::new(0).unwrap();
    let proof = TlogProof { extra: None, index, hashes: vec![], checkpoint: checkpoint.clone() };
    let mut bundle = Vec::new();
    append_entry(&mut bundle, &entry).unwrap();
    [
        ("checkpoint", signed(&origin(), log)),
        ("lookup/run/0/3/0", bytes),
        ("lookup/revision/000", revision.to_bytes()),
        ("lookup/tile/0/000.p/1", leaf_hash(&entry).as_bytes().to_vec()),
        ("lookup/tile/entries/000.p/1", bundle),
        ("lookup/checkpoint", checkpoint),
        ("lookup/latest", LatestFile { revision, proof }.to_bytes()),
    ]
    .map(|(path, bytes)| (path.to_owned(), bytes))
    .into()
}

#[test]
fn the_index_comes_out_as_it_was() {
    for (path, bytes) in make() {
        let frozen = std::fs::read(directory().join(&path)).unwrap();
        assert!(bytes == frozen, "{path} has changed");
        assert!(path == "checkpoint" || path.parse::<LookupPath>().is_ok(), "{path}");
    }
}

#[test]
fn the_frozen_files_answer() {
    let frozen = |path: &str| std::fs::read(directory().join(path)).unwrap();
    let latest = LatestFile::parse(&frozen("lookup/latest")).unwrap();
    let manifest = &latest.revision.manifest;
    let lookup = lookup_origin(&origin()).unwrap();
    let keys = [key(&lookup).verifier_key().clone()];
    latest.proof.verify(&leaf_hash(&manifest.revision_entry()), lookup.as_str(), &keys).unwrap();
    let keys = [key(&origin()).verifier_key().clone()];
    let log = open_checkpoint(&latest.revision.checkpoint, origin().as_str(), &keys).unwrap();
    assert_eq!(log.head, manifest.head);
    let ask = |key| Probe::new(key, &manifest.runs[0]).take(&frozen("lookup/run/0/3/0"));
    let leaves = |n: &[u64]| n.iter().map(|n| LeafIndex::new(*n).unwrap()).collect();
    let found = ask(LookupKey::identity("golden@example.com"));
    assert_eq!(found, Ok(Some(Found::Listed(leaves(&[0, 2])))));
    let found = ask(LookupKey::leaf(&leaf_hash(b"two")));
    assert_eq!(found, Ok(Some(Found::Listed(leaves(&[1])))));
    assert_eq!(ask(LookupKey::leaf(&leaf_hash(b"four"))), Ok(Some(Found::Absent)));
}

/// A part with a list on pages of its own, with displaced keys, and with one slice of two.
#[test]
fn a_larger_part_has_the_frozen_hash() {
    let range = LeafRange::new(TreeSize::ZERO, TreeSize::new(10_000).unwrap()).unwrap();
    let slice = KeySlice::new(1, 0).unwrap();
    let posting = |key, n| Posting { key, index: LeafIndex::new(n).unwrap() };
    let once = (0..20_000u64).map(|n| posting(LookupKey::digest(&n.to_be_bytes()), n / 2));
    let often = (0..3_000).map(|n| posting(LookupKey::from([0x21; 16]), n * 3));
    let crowd = (0..2_000u16).map(|n| {
        let mut key = [0x42; 16];
        key[14..].copy_from_slice(&n.to_be_bytes());
        posting(LookupKey::from(key), n.into())
    });
    let all = once.chain(often).chain(crowd);
    let mut postings: Vec<_> = all.filter(|posting| slice.contains(&posting.key)).collect();
    postings.sort_unstable();
    let BuiltPart { part, bytes } = build_part(range, slice, &postings);
    assert_eq!(read_part(range, slice, &part, &bytes), Ok(postings));
    let hash = Hash::from(<[u8; 32]>::from(Sha256::digest(&bytes))).to_string();
    let counts = (part.postings, part.records, part.homes, part.directory, part.pages);
    assert_eq!((counts, &*hash), FROZEN, "{}", part.root);
}

const FROZEN: ((u64, u64, u32, u32, u32), &str) = (
    (15_158, 12_159, 65, 66, 67),
    "a0fa94c30fc93c4354b14e91b83b7303aa594ff869f31287e183299481ec90f5",
);

#[test]
#[ignore = "writes the frozen files anew"]
fn write() {
    for (path, bytes) in make() {
        let path = directory().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
