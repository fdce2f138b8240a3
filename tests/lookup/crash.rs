//! Builders that fail or die at any write, and others that resume where those stopped.

use std::sync::Arc;

use fasti::lookup::error::BuildError;
use fasti::lookup::run::build_run;
use fasti::lookup_spec::{LeafRange, LookupKey, Posting};
use fasti::store::{MemoryStore, StoreError};
use tiles_spec::{LeafIndex, TreeSize};

use crate::grow::Index;
use crate::scene::Scene;
use fasti_kit::faulty::{FAULTS, Fault, Faulty};

#[tokio::test]
async fn a_builder_that_stops_anywhere_is_continued_by_another() {
    let scene = Scene::of(2600).await;
    let mut view = scene.view().await;
    let sizes: Vec<_> = (1..=25).map(|n| TreeSize::new(n * 103).unwrap()).collect();
    let (straight, mut whole) = (Arc::new(MemoryStore::default()), Index::default());
    for size in &sizes {
        whole.grow(&*straight, &mut view, *size).await.unwrap();
    }
    let writes = usize::try_from(whole.written.parts).unwrap();
    for fault in FAULTS {
        // A builder completes what it can; the next one has the completed revisions.
        for n in 1..=writes {
            let (inner, mut index) = (Arc::new(MemoryStore::default()), Index::default());
            let faulty = Faulty::over(&inner, n, fault);
            let mut met = 0;
            for size in &sizes {
                let before = index.clone();
                let grown = faulty.run(index.grow(&faulty, &mut view, *size)).await;
                if let Some(Ok(())) = grown {
                    continue;
                }
                met += 1;
                assert!(grown.is_none_or(|result| {
                    let error = result.unwrap_err();
                    matches!(error, BuildError::Store(StoreError::Ambiguous { .. }))
                }));
                assert_eq!(index.runs, before.runs);
                index.grow(&*inner, &mut view, *size).await.unwrap();
            }
            assert_eq!(met, 1, "write {n}, {fault:?}");
            assert_eq!(index.runs, whole.runs);
            assert!(inner.objects() == straight.objects(), "write {n}, {fault:?}");
        }
    }
}

/// All postings of leaves with one key each; together they make two parts.
fn postings_of_two_parts() -> (LeafRange, Vec<Posting>) {
    let count = (1 << 18) + 2;
    let of = |n: u64| {
        let key = LookupKey::digest(&n.to_be_bytes());
        Posting { key, index: LeafIndex::new(n).unwrap() }
    };
    let mut postings: Vec<_> = (0..count).map(of).collect();
    postings.sort_unstable();
    (LeafRange::new(TreeSize::ZERO, TreeSize::new(count).unwrap()).unwrap(), postings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_which_a_part_was_written_is_completed() {
    let (range, postings) = postings_of_two_parts();
    let straight = Arc::new(MemoryStore::default());
    let (run, _) = build_run(&*straight, range, &[], postings.clone()).await.unwrap();
    assert_eq!(run.parts.len(), 2);
    for (n, fault) in [(1, Fault::DieAfter), (2, Fault::DieBefore), (2, Fault::FailAfter)] {
        let inner = Arc::new(MemoryStore::default());
        let faulty = Faulty::over(&inner, n, fault);
        let stopped = faulty.run(build_run(&faulty, range, &[], postings.clone())).await;
        assert!(stopped.is_none_or(|result| result.is_err()));
        let (again, _) = build_run(&*inner, range, &[], postings.clone()).await.unwrap();
        assert_eq!(again, run);
        assert!(inner.objects() == straight.objects(), "write {n}, {fault:?}");
    }
}
