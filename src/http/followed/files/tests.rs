//! Files of a made-up log, over a place of files that counts reads, or never answers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fasti_kit::made_log::{MadeLog, entries};
use fasti_seams::clock::SystemClock;
use futures::future::join_all;
use tiles_spec::BundleCoord;

use super::*;

/// Counts reads, each of which takes a moment.
struct Counting {
    log: MadeLog,
    reads: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    is_silent: AtomicBool,
}

impl Counting {
    fn of(log: MadeLog) -> Arc<Self> {
        Arc::new(Self {
            log,
            reads: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            is_silent: AtomicBool::new(false),
        })
    }

    async fn count(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let now = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(now, Ordering::Relaxed);
        SystemClock.sleep(Duration::from_millis(100)).await;
        if self.is_silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.at_once.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Fetch for Counting {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.count().await;
        self.log.fetch(path).await
    }

    async fn fetch_times(&self, bundle: &BundleCoord) -> Result<Option<Vec<u8>>, FetchError> {
        self.count().await;
        self.log.fetch_times(bundle).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.count().await;
        self.log.fetch_lookup(path).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.count().await;
        self.log.fetch_part(path, bytes).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        path.to_string()
    }
}

fn files(counting: &Arc<Counting>, bytes: usize) -> Files {
    let metrics = FollowedMetrics::default();
    Files::new(counting.clone(), bytes, Arc::new(SystemClock), metrics)
}

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).expect("a path")
}

#[tokio::test(start_paused = true)]
async fn a_hundred_who_want_one_file_have_it_read_once() {
    let counting = Counting::of(MadeLog::of(&entries(300)));
    let files = files(&counting, 1 << 20);
    for name in ["tile/entries/000", "tile/0/000"] {
        counting.reads.store(0, Ordering::Relaxed);
        let path = path(name);
        for found in join_all((0..100).map(|_| files.get(&path))).await {
            assert_eq!(found.unwrap().unwrap().bytes, counting.log.objects[name]);
        }
        let length = counting.log.objects[name].len() as u64;
        assert_eq!(files.length(&path).await.unwrap(), Some(length));
        let part = files.get_range(&path, 5..9).await.unwrap().unwrap();
        assert_eq!(part, counting.log.objects[name][5..9]);
        assert_eq!(counting.reads.load(Ordering::Relaxed), 1);
    }
    // What does not exist is asked for again.
    for _ in 0..2 {
        assert!(files.get(&path("tile/0/007")).await.unwrap().is_none());
    }
    assert_eq!(counting.reads.load(Ordering::Relaxed), 3);
    for none in ["commit/000", "elsewhere", "checkpoint.new"] {
        assert!(files.get(&path(none)).await.unwrap().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn reads_in_progress_are_bounded() {
    let counting = Counting::of(MadeLog::default());
    let files = files(&counting, 1 << 20);
    let tiles: Vec<_> = (0..200).map(|n| path(&format!("tile/0/{n:03}"))).collect();
    join_all(tiles.iter().map(|path| files.get(path))).await;
    assert_eq!(counting.most_at_once.load(Ordering::Relaxed), READS_MAX);
    counting.most_at_once.store(0, Ordering::Relaxed);
    let bundles: Vec<_> = (0..200).map(|n| path(&format!("tile/entries/{n:03}"))).collect();
    join_all(bundles.iter().map(|path| files.get(path))).await;
    assert!((1..=8).contains(&counting.most_at_once.load(Ordering::Relaxed)), "16 MiB each");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let counting = Counting::of(MadeLog::of(&entries(300)));
    let files = files(&counting, 1 << 20);
    counting.is_silent.store(true, Ordering::Relaxed);
    let began = SystemClock.now();
    let path = path("tile/0/000");
    for found in join_all((0..100).map(|_| files.get(&path))).await {
        assert!(found.unwrap_err().is_passing());
    }
    assert!(SystemClock.now() - began <= PATIENCE);
    counting.is_silent.store(false, Ordering::Relaxed);
    assert!(files.get(&path).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_written() {
    let files = files(&Counting::of(MadeLog::default()), 1 << 20);
    let path = path("tile/0/000");
    assert!(files.create(&path, Bytes::new()).await.is_err());
    let new = NewObject { path, bytes: Bytes::new() };
    assert!(files.put_immutable(&[new], Attempt::First).await.is_err());
}
