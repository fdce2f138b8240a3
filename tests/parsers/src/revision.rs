//! Manifests and revisions of the lookup index.

use fasti::lookup_spec::{
    KeySlice, LATEST_BYTES_MAX, LatestFile, LeafRange, LookupKey, MANIFEST_BYTES_MAX, Manifest,
    Posting, REVISION_BYTES_MAX, RevisionFile, Run, build_part, ranges,
};
use tiles_spec::{LeafIndex, TlogProof, TreeSize};

use crate::{Seeds, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    if let Ok(manifest) = Manifest::parse(data) {
        assert!(data.len() <= MANIFEST_BYTES_MAX);
        assert_eq!(manifest.to_bytes(), data);
        promises(&manifest);
    }
    let revision = RevisionFile::parse(data);
    let latest = LatestFile::parse(data);
    assert!(revision.is_err() || latest.is_err(), "one file of two kinds");
    if let Ok(revision) = revision {
        assert!(data.len() <= REVISION_BYTES_MAX);
        assert_eq!(revision.to_bytes(), data);
        promises(&revision.manifest);
    }
    if let Ok(latest) = latest {
        assert!(data.len() <= LATEST_BYTES_MAX);
        assert_eq!(latest.to_bytes(), data);
        promises(&latest.revision.manifest);
    }
    if let Some(size) = data.first_chunk() {
        layout(u64::from_be_bytes(*size));
    }
}

/// The runs tile the tree, and each key has one part in each.
fn promises(manifest: &Manifest) {
    assert_eq!(Manifest::parse(&manifest.to_bytes()).as_ref(), Ok(manifest));
    let mut end = TreeSize::ZERO;
    for run in &manifest.runs {
        assert_eq!(run.range.start(), end);
        end = run.range.end();
        assert!(run.postings >= run.range.len());
        assert_eq!(run.parts.len(), 1 << run.bits());
        let sum: u64 = run.parts.iter().map(|part| part.postings).sum();
        assert_eq!(sum, run.postings);
        assert_eq!(run.slices().count(), run.parts.len());
        for n in 0..4u64 {
            let key = LookupKey::digest(&n.to_be_bytes());
            let (slice, part) = run.part_of(&key);
            assert!(slice.contains(&key));
            assert_eq!(run.slices().filter(|(slice, _)| slice.contains(&key)).count(), 1);
            assert!(part.homes >= 1 && part.homes <= part.directory);
            assert!(part.directory <= part.pages);
            assert!(part.slot(part.pages - 1).end <= part.bytes());
        }
    }
    assert_eq!(end, manifest.head.size);
}

/// The ranges of any tree tile it, and are few.
fn layout(size: u64) {
    let Some(size) = TreeSize::new(size) else { return };
    let mut end = TreeSize::ZERO;
    let all = ranges(size);
    assert!(all.len() <= fasti::lookup_spec::RUNS_MAX);
    for range in all {
        assert_eq!(range.start(), end);
        end = range.end();
    }
    assert_eq!(end, size);
}

fn manifest() -> Manifest {
    let size = |n| TreeSize::new(n).expect("it is small");
    let run = |start: u64, end: u64| {
        let range = LeafRange::new(size(start), size(end)).expect("it is not empty");
        let leaf = |n| LeafIndex::new(n).expect("it is small");
        let key = |n: u64| LookupKey::digest(&n.to_be_bytes());
        let mut postings: Vec<_> =
            (start..end).map(|n| Posting { key: key(n), index: leaf(n) }).collect();
        postings.sort_unstable();
        let slice = KeySlice::new(0, 0).expect("the whole key space");
        let part = build_part(range, slice, &postings).part;
        Run::new(range, postings.len() as u64, vec![part]).expect("the counts are right")
    };
    let origin = signed::ORIGIN.parse().expect("an origin");
    let times = Some((0..4_u8).map(|n| tiles_spec::leaf_hash(&[n])).collect());
    Manifest { origin, head: signed::head(300), times, runs: vec![run(0, 256), run(256, 300)] }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let manifest = manifest();
    let checkpoint = signed::checkpoint(300).to_bytes();
    let revision = RevisionFile { manifest: manifest.clone(), checkpoint: checkpoint.clone() };
    let proof = TlogProof {
        extra: None,
        index: LeafIndex::new(0).expect("it is small"),
        hashes: Vec::new(),
        checkpoint: signed::checkpoint(1).to_bytes(),
    };
    let latest = LatestFile { revision: revision.clone(), proof };
    vec![
        ("manifest", manifest.to_bytes()),
        ("revision", revision.to_bytes()),
        ("latest", latest.to_bytes()),
    ]
}
