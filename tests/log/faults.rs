//! Fault enumeration: every single operation of a start and of a commit fails in every way, at the
//! sizes where tiles end.
//!
//! After each fault the writer has stopped or continued. Either way a new writer on the healthy
//! store must continue, with every acknowledged entry at its index (I4, I8), and with one root for
//! every size that was ever published (I1).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use fasti::log::SubmitError;
use fasti::store::{MemoryStore, Stores};
use tiles_spec::Hash;

use crate::faulty::{Fault, FaultyStore};
use crate::harness::{World, entries};
use crate::times;

/// Every root that was ever published, by size.
type Roots = BTreeMap<u64, Hash>;

/// A log of `size` leaves in memory, copied for each case.
struct Grown {
    world: World,
    store: Arc<MemoryStore>,
    size: usize,
}

async fn grown(size: usize) -> Grown {
    let (mut world, store) = World::in_memory();
    world.config.batch_entries_max = 65_536;
    world.config.pool_entries_max = 1 << 20;
    world.submit(&entries(0, size)).await;
    Grown { world, store, size }
}

/// Runs one case: a fault at operation `n` of a writer that starts on the log and submits `batch`
/// entries. Returns whether the fault was met.
async fn case(grown: &Grown, batch: usize, n: usize, fault: Fault) -> bool {
    let store = Arc::new(grown.store.snapshot());
    let faulty = FaultyStore::over(store.clone());
    faulty.arm(n, fault);
    let mut world = grown.world.clone();
    world.stores = Stores::of(faulty.clone());
    world.index = grown.world.copied_index();
    let new = entries(grown.size, grown.size + batch);

    let acknowledged = attempt(&world, &new).await;
    let met = n <= faulty.operations.load(Ordering::SeqCst);
    let mut roots = Roots::new();
    // Requests in flight when the writer died may land now, or while the next writer runs.
    if n.is_multiple_of(2) {
        faulty.land_late_writes();
    }
    world.stores = Stores::of(store.clone());
    note_root(&world, &mut roots).await;
    let again = world.submit(&new).await;
    let published = world.verify().await;
    note_root(&world, &mut roots).await;
    let what = format!("{fault:?} at operation {n}, {} + {batch}", grown.size);
    for (entry, index) in acknowledged {
        assert_eq!(published.entries[index], entry, "{what}: acknowledged at {index}");
    }
    for (entry, answer) in new.iter().zip(&again) {
        let index = usize::try_from(answer.index.get()).expect("small");
        assert_eq!(published.entries[index], *entry, "{what}: resubmitted");
    }
    let expected = grown.size + batch;
    assert_eq!(published.entries.len(), expected, "{what}: each entry is there once");
    met
}

/// Runs a writer until it has answered or died, and returns what it has acknowledged.
pub async fn attempt(world: &World, new: &[Bytes]) -> Vec<(Bytes, usize)> {
    let submitted = world.run(|log| async move {
        let answers = new.iter().map(|entry| async {
            match log.submit(entry.clone()).await {
                Ok(answer) => Some((entry.clone(), answer.index.get())),
                Err(SubmitError::Halted(_) | SubmitError::Dedup(_) | SubmitError::Unanswered) => {
                    None
                }
                Err(other) => panic!("an unexpected answer: {other}"),
            }
        });
        futures::future::join_all(answers).await
    });
    // A dead writer hangs; in paused time that shows at once.
    match tokio::time::timeout(Duration::from_hours(1), submitted).await {
        Ok(Ok((answers, _ended))) => answers
            .into_iter()
            .flatten()
            .map(|(entry, index)| (entry, usize::try_from(index).expect("small")))
            .collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

async fn note_root(world: &World, roots: &mut Roots) {
    let head = world.checkpoint_head().await;
    let root = roots.entry(head.size.get()).or_insert(head.root);
    assert_eq!(*root, head.root, "one root at size {}", head.size);
}

async fn enumerate(size: usize, batches: &[usize]) -> usize {
    enumerate_on(&grown(size).await, batches).await
}

async fn enumerate_on(grown: &Grown, batches: &[usize]) -> usize {
    let mut cases = 0;
    for &batch in batches {
        for fault in Fault::ALL {
            let mut n = 1;
            while case(grown, batch, n, fault).await {
                n += 1;
                cases += 1;
            }
        }
    }
    cases
}

#[tokio::test(start_paused = true)]
async fn every_operation_fails_in_every_way_around_the_first_tile() {
    let mut cases = 0;
    for size in [0, 1, 255, 256, 257] {
        cases += enumerate(size, &[0, 1, 2, 255, 256, 257]).await;
    }
    println!("{cases} faults met");
    assert!(cases > 2000, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn every_operation_fails_in_every_way_on_a_log_from_before_times() {
    let mut cases = 0;
    for size in [1, 255, 256] {
        let (world, store) = times::older(size).await;
        cases += enumerate_on(&Grown { world, store, size }, &[1, 2]).await;
    }
    println!("{cases} faults met");
    assert!(cases > 300, "{cases}");
}

async fn enumerate_at_the_second_level(size: usize) {
    let cases = enumerate(size, &[1]).await;
    println!("{cases} faults met");
    assert!(cases > 50, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn every_operation_fails_in_every_way_before_the_second_level() {
    enumerate_at_the_second_level(65_535).await;
}

#[tokio::test(start_paused = true)]
async fn every_operation_fails_in_every_way_at_the_second_level() {
    enumerate_at_the_second_level(65_536).await;
}

#[tokio::test(start_paused = true)]
async fn every_operation_fails_in_every_way_after_the_second_level() {
    enumerate_at_the_second_level(65_537).await;
}

#[tokio::test(start_paused = true)]
async fn two_faults_in_a_row_are_survived_like_one() {
    let grown = grown(255).await;
    let mut cases = 0;
    for (first, second) in [
        (Fault::CrashAfter, Fault::CrashBefore),
        (Fault::FailAfter, Fault::CrashAfter),
        (Fault::FailBefore, Fault::FailAfter),
        (Fault::LandsLate, Fault::CrashAfter),
    ] {
        for n in 1..40 {
            for m in 1..40 {
                pair(&grown, (n, first), (m, second)).await;
                cases += 1;
            }
        }
    }
    println!("{cases} pairs of faults");
}

async fn pair(grown: &Grown, first: (usize, Fault), second: (usize, Fault)) {
    let store = Arc::new(grown.store.snapshot());
    let mut world = grown.world.clone();
    world.index = grown.world.copied_index();
    let new = entries(grown.size, grown.size + 3);
    let mut acknowledged = Vec::new();
    for (n, fault) in [first, second] {
        let faulty = FaultyStore::over(store.clone());
        faulty.arm(n, fault);
        world.stores = Stores::of(faulty.clone());
        acknowledged.extend(attempt(&world, &new).await);
        faulty.land_late_writes();
    }
    world.stores = Stores::of(store);
    world.submit(&new).await;
    let published = world.verify().await;
    for (entry, index) in acknowledged {
        assert_eq!(published.entries[index], entry, "{first:?} {second:?}");
    }
    assert_eq!(published.entries.len(), grown.size + 3, "{first:?} {second:?}");
}
