//! The heads that a log keeps: keepers that stop anywhere, race, or find damage.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use fasti::clock::Clock;
use fasti::heads::{HeadsContext, HeadsError, Keeper};
use fasti::metrics::HeadsMetrics;
use fasti::objects::{HeadNumber, HeadsPage, HeadsPath};
use fasti::store::{MemoryStore, ObjectPath, Store};
use fasti_kit::made_log;
use tiles_spec::{TileIndex, TreeHead, TreeSize, leaf_hash};

use fasti_kit::faulty::{FAULTS, Faulty};

/// A clock that shows what it is set to.
#[derive(Default)]
struct Set(AtomicU64);

#[async_trait]
impl Clock for Set {
    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.load(SeqCst))
    }
}

/// A log of which only the checkpoint is written.
struct Log {
    store: Arc<MemoryStore>,
    clock: Arc<Set>,
}

impl Log {
    fn new() -> Self {
        Self { store: Arc::default(), clock: Arc::default() }
    }

    /// The `n`-th tree of the log is published, at a time of its own.
    fn publish(&self, n: u64) {
        let size = TreeSize::new(n * 2 + 1).unwrap();
        let head = TreeHead { size, root: leaf_hash(&n.to_be_bytes()) };
        let note = made_log::checkpoint(&made_log::signing_key(made_log::ORIGIN), head);
        self.store.overwrite(&ObjectPath::checkpoint(), note.into());
        self.clock.0.store(1_780_000_000 + n * 60, SeqCst);
    }

    fn context(&self, objects: Arc<dyn Store>) -> HeadsContext {
        HeadsContext {
            objects,
            origin: made_log::ORIGIN.parse().unwrap(),
            key: made_log::signing_key(made_log::ORIGIN).verifier_key().clone(),
            clock: self.clock.clone(),
            spacing: Duration::from_mins(1),
            metrics: HeadsMetrics::default(),
        }
    }

    async fn keeper(&self) -> Keeper {
        Keeper::open(self.context(self.store.clone())).await.expect("opens")
    }

    async fn keep(&self, numbers: std::ops::Range<u64>) {
        let mut keeper = self.keeper().await;
        for n in numbers {
            self.publish(n);
            let head = keeper.keep().await.expect("keeps").expect("is larger");
            assert_eq!((head.size.get(), head.time.get()), (n * 2 + 1, 1_780_000_000 + n * 60));
            assert_eq!(keeper.keep().await.expect("reads"), None, "the same tree is kept once");
        }
    }

    fn text(&self, path: &str) -> String {
        let path = ObjectPath::new(path).expect("a path");
        String::from_utf8(self.store.objects()[&path].to_vec()).expect("text")
    }

    fn put(&self, path: &str, bytes: impl Into<Bytes>) {
        self.store.overwrite(&ObjectPath::new(path).expect("a path"), bytes.into());
    }

    fn remove(&self, path: &str) {
        self.store.remove(&ObjectPath::new(path).expect("a path"));
    }
}

#[tokio::test]
async fn every_head_has_its_note_its_words_and_its_place() {
    let log = Log::new();
    log.keep(0..3).await;
    let written: Vec<String> = log.store.objects().keys().map(ToString::to_string).collect();
    let mut expected = vec!["checkpoint".to_owned()];
    for n in 0..3 {
        expected.extend([format!("heads/json/00{n}"), format!("heads/note/00{n}")]);
    }
    expected.push("heads/latest".to_owned());
    expected.sort();
    assert_eq!(written, expected);
    assert_eq!(
        log.text("heads/latest"),
        "fasti/heads/v1\n0\n1 1780000000\n3 1780000060\n5 1780000120\n"
    );
    assert_eq!(log.text("heads/note/002"), log.text("checkpoint"));
    let words: serde_json::Value = serde_json::from_str(&log.text("heads/json/002")).unwrap();
    assert_eq!(words["number"], 2);
    assert_eq!(words["treeSize"], 5);
    assert_eq!(words["keptAt"], "2026-05-28T20:28:40Z");
    assert_eq!(words["keptAtSeconds"], 1_780_000_120);
    assert_eq!(words["note"], log.text("checkpoint"));
    assert_eq!(words["signatures"], serde_json::json!([]), "no witness has cosigned");
}

#[tokio::test]
async fn a_keeper_that_stops_anywhere_is_continued_by_another() {
    let straight = Log::new();
    straight.keep(0..258).await;
    let begun = Log::new();
    begun.keep(0..253).await;
    // Five heads, of which one fills a page.
    for fault in FAULTS {
        for n in 1..=5 * 3 + 1 {
            let log = Log { store: Arc::new(begun.store.snapshot()), clock: Arc::default() };
            let faulty = Arc::new(Faulty::over(&log.store, n, fault));
            let mut keeper =
                Keeper::open(log.context(faulty.clone())).await.expect("opening writes nothing");
            let mut stopped = false;
            for tree in 253..258 {
                log.publish(tree);
                match faulty.run(keeper.keep()).await {
                    Some(Ok(kept)) => drop(kept.expect("is larger")),
                    other => {
                        assert!(!stopped && other.is_none_or(|kept| kept.is_err()));
                        stopped = true;
                        keeper = log.keeper().await;
                        keeper.keep().await.expect("continues");
                    }
                }
            }
            // An answer that is lost is asked for again, so not every fault stops a keeper.
            assert!(faulty.writes() >= n, "the fault was met");
            assert!(log.store.objects() == straight.store.objects(), "write {n}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn keepers_that_race_keep_the_same_heads() {
    let log = Log::new();
    let (mut one, mut other) = (log.keeper().await, log.keeper().await);
    for n in 0..300 {
        log.publish(n);
        let (a, b) = tokio::join!(one.keep(), other.keep());
        assert!(a.is_ok() && b.is_ok());
    }
    let listed = HeadsPage::parse(log.text("heads/latest").as_bytes()).unwrap();
    let pages = [HeadsPage::parse(log.text("heads/page/000").as_bytes()).unwrap(), listed];
    let sizes: Vec<u64> =
        pages.iter().flat_map(HeadsPage::heads).map(|(_, head)| head.size.get()).collect();
    assert_eq!(sizes, (0..300).map(|n| n * 2 + 1).collect::<Vec<_>>());
    for (number, head) in pages.iter().flat_map(HeadsPage::heads) {
        let path = HeadsPath::Json(number).to_string();
        let words: serde_json::Value = serde_json::from_str(&log.text(&path)).unwrap();
        assert_eq!(words["keptAtSeconds"], head.time.get());
    }
    assert_eq!(log.keeper().await.size().get(), 599);
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_take_the_heads_along() {
    let log = Log::new();
    log.keep(0..2).await;
    log.publish(2);
    log.clock.0.store(5, SeqCst);
    let head = log.keeper().await.keep().await.expect("keeps").expect("is larger");
    assert_eq!(head.time.get(), 1_780_000_060);
}

#[tokio::test]
async fn a_lost_list_is_derived_again() {
    for kept in [1, 255, 256, 257, 520] {
        let log = Log::new();
        log.keep(0..kept).await;
        let whole = log.text("heads/latest");
        for torn in [None, Some(""), Some("fasti/heads/v1\n0\n1 17800")] {
            match torn {
                Some(torn) => log.put("heads/latest", torn.to_owned()),
                None => log.remove("heads/latest"),
            }
            let keeper = log.keeper().await;
            assert_eq!(keeper.size().get(), kept * 2 - 1);
            assert_eq!(log.text("heads/latest"), whole, "{kept}");
            log.put("heads/latest", whole.clone());
        }
    }
}

#[tokio::test]
async fn damage_is_named_and_nothing_is_written() {
    let log = Log::new();
    log.keep(0..3).await;
    log.publish(3);
    let sound = log.store.snapshot();
    let stranger = made_log::signing_key("log.test/other");
    let head = TreeHead { size: TreeSize::new(7).unwrap(), root: leaf_hash(b"") };
    let foreign = made_log::checkpoint(&stranger, head);
    let smaller = made_log::checkpoint(
        &made_log::signing_key(made_log::ORIGIN),
        TreeHead { size: TreeSize::new(2).unwrap(), root: leaf_hash(b"") },
    );
    let json = log.text("heads/json/001").into_bytes();
    for (path, bytes, named) in [
        ("checkpoint", foreign.clone(), "checkpoint is not a checkpoint of this log"),
        ("heads/note/003", foreign, "heads/note/003 is not a checkpoint of this log"),
        ("heads/note/003", smaller, "heads/note/003 cannot be continued"),
        ("heads/json/003", json, "heads/json/003 does not belong to its note"),
    ] {
        let log = Log { store: Arc::new(sound.snapshot()), clock: log.clock.clone() };
        log.put(path, bytes);
        let kept = match Keeper::open(log.context(log.store.clone())).await {
            Ok(mut keeper) => keeper.keep().await.map(|_| ()),
            Err(error) => Err(error),
        };
        let error: HeadsError = kept.expect_err(named);
        assert!(error.to_string().starts_with(named), "{error}");
        assert!(!error.is_passing());
        assert_eq!(log.text("heads/latest").lines().count(), 2 + 3, "nothing was listed");
    }
}

#[test]
fn paths_of_heads_are_short() {
    let path = HeadsPath::Note(HeadNumber::new(1_234_567).unwrap());
    assert_eq!(path.to_string(), "heads/note/x001/x234/567");
    assert_eq!(HeadsPath::Page(TileIndex::new(4822)).to_string(), "heads/page/x004/822");
}
