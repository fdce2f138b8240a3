//! A reader against logs of every shape, whole and damaged.

use tiles_spec::{
    LeafIndex, ProofError, TlogProof, TlogProofError, TreeHead, TreeSize, verify_consistency,
    verify_inclusion,
};

use super::*;
use crate::testing::{ORIGIN, TestLog, entries, signing_key, trust};

async fn view(log: &TestLog) -> Result<View, ReadError> {
    View::open(log.fetch(), &trust()).await
}

fn index(n: u64) -> LeafIndex {
    LeafIndex::new(n).unwrap()
}

fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

#[tokio::test]
async fn entries_and_proofs_of_trees_of_every_shape() {
    for count in [1, 2, 3, 255, 256, 257, 600, 65_536, 66_000] {
        let all = entries(count);
        let log = TestLog::of(&all);
        let mut view = view(&log).await.unwrap();
        for n in [0, 1, 2, 254, 255, 256, 300, 65_535, count - 1] {
            let Some(expected) = all.get(n) else { continue };
            let entry = view.entry(index(n as u64)).await.unwrap();
            assert_eq!(entry.bytes, *expected, "{n} of {count}");
            verify_inclusion(&entry.leaf, entry.index, &view.head(), &entry.proof).unwrap();
            let file = entry.to_tlog_proof(view.checkpoint()).to_bytes();
            let read = TlogProof::parse(&file).unwrap();
            let key = signing_key().verifier_key().clone();
            let opened: Result<_, TlogProofError> = read.verify(&entry.leaf, ORIGIN, &[key]);
            assert_eq!(opened.unwrap().head, view.head());
        }
        let beyond = view.entry(index(count as u64)).await.unwrap_err();
        assert!(matches!(beyond, ReadError::Proof(ProofError::NotInTree { .. })), "{beyond}");
    }
}

#[tokio::test]
async fn earlier_trees_are_found_in_the_later_one() {
    let all = entries(66_000);
    let mut view = view(&TestLog::of(&all)).await.unwrap();
    for old in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 66_000] {
        let expected = TestLog::of(&all[..old]);
        let expected = self::view(&expected).await.unwrap().head();
        assert_eq!(view.head_at(size(old as u64)).await.unwrap(), expected);
        let consistency = view.consistency(size(old as u64), size(66_000)).await.unwrap();
        assert_eq!((consistency.old, consistency.new), (expected, view.head()));
    }
    let between = view.consistency(size(300), size(65_600)).await.unwrap();
    verify_consistency(&between.old, &between.new, &between.proof).unwrap();
    assert!(view.consistency(size(3), size(66_001)).await.is_err());
    assert!(view.consistency(size(4), size(3)).await.is_err());
}

#[tokio::test]
async fn an_empty_log_and_no_log() {
    let view = view(&TestLog::of(&[])).await.unwrap();
    assert_eq!(view.head(), TreeHead::EMPTY);
    let nothing = self::view(&TestLog::default()).await.err().unwrap();
    assert!(matches!(nothing, ReadError::NoLog { .. }) && !nothing.is_refusal(), "{nothing}");
}

#[tokio::test]
async fn a_partial_object_may_have_become_full() {
    let all = entries(512);
    let mut log = TestLog::of(&all[..300]);
    let checkpoint = log.objects["checkpoint"].clone();
    log.publish(&all);
    log.objects.insert("checkpoint".to_owned(), checkpoint);
    log.objects.retain(|path, _| !path.contains(".p/") || path.starts_with("tile/1/"));
    let mut view = view(&log).await.unwrap();
    assert_eq!(view.head().size, size(300));
    assert_eq!(view.entry(index(299)).await.unwrap().bytes, all[299]);
}

/// Reads the last entry of a bundle in each part of the tree, and a consistency proof.
async fn read_all(log: &TestLog, count: u64) -> Result<(), ReadError> {
    let mut view = view(log).await?;
    for n in [255, 511, 65_535, count - 1] {
        view.entry(index(n)).await?;
    }
    view.consistency(size(300), size(count)).await.map(drop)
}

#[tokio::test]
async fn nothing_damaged_is_believed() {
    let log = TestLog::of(&entries(66_000));
    read_all(&log, 66_000).await.unwrap();
    // The objects that the reads above need.
    for path in [
        "checkpoint",
        "tile/2/000.p/1",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/0/000",
        "tile/0/001",
        "tile/0/255",
        "tile/0/257.p/208",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/255",
        "tile/entries/257.p/208",
    ] {
        let edited = |edit: &dyn Fn(&mut Vec<u8>)| {
            let mut log = log.clone();
            edit(log.objects.get_mut(path).unwrap_or_else(|| panic!("no {path}")));
            log
        };
        let flipped = edited(&|bytes| *bytes.last_mut().unwrap() ^= 1);
        let cut = edited(&|bytes| bytes.truncate(bytes.len() - 1));
        let longer = edited(&|bytes| bytes.push(0));
        for damaged in [flipped, cut, longer] {
            let error = read_all(&damaged, 66_000).await.expect_err(path);
            assert!(error.is_refusal(), "{path}: {error}");
            let names = error.to_string().contains(path) || path == "checkpoint";
            // The right edge is judged as a whole.
            assert!(names || error.to_string().contains("together"), "{path}: {error}");
        }
        let mut missing = log.clone();
        missing.objects.remove(path);
        let error = read_all(&missing, 66_000).await.expect_err(path).to_string();
        assert!(error.contains(path), "{path}: {error}");
    }
}
