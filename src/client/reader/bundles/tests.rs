//! Bundles of logs of every shape, whole and damaged, and how many are in flight.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use tiles_spec::leaf_hash;

use super::*;
use crate::testing::{Between, TestLog, Through, entries, trust};

async fn view(log: &TestLog) -> View {
    View::open(log.fetch(), &trust()).await.unwrap()
}

fn tile(n: u64) -> TileIndex {
    TileIndex::new(n)
}

/// Reads all bundles ahead. Returns their entries, and the error that ended the reading, if any.
async fn read_all(log: &TestLog) -> (Vec<Vec<u8>>, Option<ReadError>) {
    let mut view = view(log).await;
    let count = view.head().size.get().div_ceil(256);
    let mut bundles = view.bundles(tile(0)..tile(count));
    let mut all = Vec::new();
    loop {
        match bundles.next().await {
            Ok(Some(bundle)) => {
                for (index, leaf, entry) in bundle.entries() {
                    assert_eq!((index.get(), leaf), (all.len() as u64, leaf_hash(entry)));
                    all.push(entry.to_vec());
                }
            }
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

#[tokio::test]
async fn all_entries_of_trees_of_every_shape() {
    for count in [0, 1, 2, 255, 256, 257, 600, 20_000, 65_536, 66_000] {
        let all = entries(count);
        let log = TestLog::of(&all);
        let (read, error) = read_all(&log).await;
        assert!(error.is_none() && read == all, "{count}: {error:?}");

        let mut view = view(&log).await;
        for index in [0, 1, 78, 255, 257] {
            let expected = all.chunks(256).nth(index);
            let bundle = view.bundle(tile(index as u64)).await;
            let Some(expected) = expected else {
                let error = bundle.unwrap_err();
                assert!(matches!(error, ReadError::Proof(ProofError::NotInTree { .. })), "{error}");
                continue;
            };
            let bundle = bundle.unwrap();
            assert_eq!(bundle.len(), expected.len());
            for (slot, (at, leaf, bytes)) in bundle.into_iter().enumerate() {
                assert_eq!(at.get(), (index * 256 + slot) as u64);
                assert_eq!((leaf, &bytes), (leaf_hash(&bytes), &expected[slot]));
            }
        }
        assert!(view.bundle(tile(u64::MAX)).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_is_done_on_other_threads_and_stays_in_order() {
    let log = TestLog::of(&entries(30_000));
    let mut view = view(&log).await;
    let first = |bundle: VerifiedBundle| {
        let first = bundle.entries().next().unwrap();
        (first.0.get(), first.2.to_vec(), bundle.coord().width.get())
    };
    let mut bundles = view.bundles_with(tile(3)..tile(118), first);
    for n in 3..118_u64 {
        let width = if n == 117 { 48 } else { 256 };
        let expected = (n * 256, format!("entry {}", n * 256).into_bytes(), width);
        assert_eq!(bundles.next().await.unwrap(), Some(expected));
    }
    assert_eq!(bundles.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_partial_bundle_may_have_become_full() {
    let all = entries(512);
    let mut log = TestLog::of(&all[..300]);
    let checkpoint = log.objects["checkpoint"].clone();
    log.publish(&all);
    log.objects.insert("checkpoint".to_owned(), checkpoint);
    log.objects.retain(|path, _| !path.contains(".p/") || path.starts_with("tile/1/"));
    let (read, error) = read_all(&log).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(read, all[..300]);
}

#[tokio::test]
async fn nothing_damaged_is_handed_on() {
    let log = TestLog::of(&entries(66_000));
    for (path, before) in [
        ("tile/entries/000", 0),
        ("tile/entries/001", 256),
        ("tile/entries/255", 65_280),
        ("tile/entries/257.p/208", 65_792),
        ("tile/1/000", 0),
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
            let (read, error) = read_all(&damaged).await;
            let error = error.expect(path);
            assert!(error.is_refusal(), "{path}: {error}");
            assert!(error.to_string().contains(path), "{path}: {error}");
            assert!(read.len() <= before, "{path}: {} entries", read.len());
        }
        let mut missing = log.clone();
        missing.objects.remove(path);
        let error = read_all(&missing).await.1.expect(path).to_string();
        assert!(error.contains(path), "{path}: {error}");
    }
}

#[tokio::test]
async fn the_damaged_entry_is_named_where_that_can_be_known() {
    let all = entries(600);
    let mut log = TestLog::of(&all);
    let bundle = log.objects.get_mut("tile/entries/001").unwrap();
    // Entry 256 is the first 11 bytes after its length.
    bundle[13 + 2] ^= 1;
    let error = read_all(&log).await.1.unwrap().to_string();
    assert!(error.contains("tile/entries/001") && error.contains("entry 257"), "{error}");
    log.objects.remove("tile/0/001");
    let error = read_all(&log).await.1.unwrap().to_string();
    assert!(error.contains("tile/entries/001") && !error.contains("entry 257"), "{error}");
}

/// Waits until everything else had a turn, and counts the requests that wait for an answer.
#[derive(Default)]
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl Between for Counting {
    async fn on_fetch(&self) {
        let now = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, SeqCst);
    }
}

#[tokio::test]
async fn what_is_on_its_way_is_bounded() {
    let large = vec![vec![7; 40_000]; 7 * 256];
    for (entries, most) in [(entries(60_000), AHEAD_MAX), (large, AHEAD_MIN)] {
        let count = entries.len().div_ceil(256) as u64;
        let between = Counting::default();
        let counting = Arc::new(Through { log: TestLog::of(&entries), between });
        let mut view = View::open(counting.clone(), &trust()).await.unwrap();
        let mut bundles = view.bundles(tile(0)..tile(count));
        for _ in 0..count {
            assert!(bundles.next().await.unwrap().is_some());
        }
        assert_eq!(counting.between.most.load(SeqCst), most);
    }
}
