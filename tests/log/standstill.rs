//! Background work never delays the log, and a log that is stuck says so.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fasti::log::Log;
use fasti::store::{
    Attempt, CommitLog, DirectoryOptions, DirectoryStore, FileIdentity, FileSystem, Files,
    InPlaceFile, NewObject, ObjectPath, OsFiles, RecordNumber, Store,
};
use tiles_spec::TreeSize;

use crate::harness::{World, entries};

/// The operating system's files, where each removal takes a millisecond.
#[derive(Default)]
struct SlowRemoval(OsFiles);

impl SlowRemoval {
    fn slow(files: usize) {
        std::thread::sleep(Duration::from_millis(files as u64));
    }
}

impl Files for SlowRemoval {
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Self::slow(1);
        self.0.remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        Self::slow(1);
        self.0.remove_dir(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        Self::slow(self.0.list(path)?.len());
        self.0.remove_dir_all(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        self.0.length(path)
    }

    fn read_range(&self, path: &Path, range: Range<u64>) -> io::Result<Vec<u8>> {
        self.0.read_range(path, range)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.write(path, bytes)
    }

    fn write_again(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.write_again(path, bytes)
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.write_synced(path, bytes)
    }

    fn write_in_place(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.write_in_place(path, bytes)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.0.identity(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.0.sync_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link(from, to)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.0.create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.0.list(path)
    }

    fn open_in_place(&self, path: &Path) -> io::Result<Box<dyn InPlaceFile>> {
        self.0.open_in_place(path)
    }

    fn open_filesystem(&self, path: &Path) -> io::Result<Box<dyn FileSystem>> {
        self.0.open_filesystem(path)
    }

    fn sync_count(&self) -> u64 {
        self.0.sync_count()
    }
}

fn object(path: String) -> NewObject {
    let path = ObjectPath::new(path).expect("a valid path");
    NewObject { path, bytes: Bytes::from_static(b"content") }
}

/// Four thousand unneeded files when a segment ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn superseded_files_are_removed_while_writes_go_on() {
    const TILES: usize = 40;
    let root = tempfile::tempdir().expect("a directory");
    let options = DirectoryOptions {
        segment_bytes_max: 1,
        keep_partials: Some(0),
        ..DirectoryOptions::default()
    };
    let files = Arc::new(SlowRemoval::default());
    let store = DirectoryStore::open_with(root.path(), options, files).expect("opens");
    let store = Arc::new(store);
    let put = async |path: String| {
        let began = Instant::now();
        store.put_immutable(&[object(path)], Attempt::First).await.expect("writes");
        began.elapsed()
    };
    for tile in 0..TILES {
        for width in 1..=100 {
            put(format!("tile/0/{tile:03}.p/{width}")).await;
        }
        put(format!("tile/0/{tile:03}")).await;
    }
    let settled = tokio::spawn({
        let store = store.clone();
        async move {
            let number = RecordNumber::FIRST;
            CommitLog::create(&*store, number, "record".into()).await.expect("commits");
            store.settle(number, TreeSize::ZERO).await.expect("settles");
        }
    });
    let (mut worst, mut number) = (Duration::ZERO, 0);
    while !settled.is_finished() {
        worst = worst.max(put(format!("tile/1/{number:03}.p/1")).await);
        number = (number + 1) % 1000;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    settled.await.expect("settles");
    assert!(worst < Duration::from_secs(1), "a write took {worst:?}");
    for tile in 0..TILES {
        assert!(!root.path().join(format!("tile/0/{tile:03}.p")).exists(), "{tile} is removed");
        assert!(root.path().join(format!("tile/0/{tile:03}")).exists());
    }
}

/// A killed writer has left partial files; the next one finds them.
#[tokio::test]
async fn what_a_crash_leaves_behind_is_removed_after_the_next_start() {
    let root = tempfile::tempdir().expect("a directory");
    let open = || {
        let store = DirectoryStore::open(root.path(), DirectoryOptions::default());
        World::on(fasti::store::Stores::of(Arc::new(store.expect("opens"))))
    };
    open().submit(&entries(0, 600)).await;
    for name in ["0/000.p", "0/001.p", "entries/001.p"] {
        let directory = root.path().join("tile").join(name);
        std::fs::create_dir_all(&directory).expect("creates");
        let full = root.path().join("tile").join(name.trim_end_matches(".p"));
        let full = std::fs::read(full).expect("a full tile");
        std::fs::write(directory.join("1"), &full[..32]).expect("writes");
    }
    let world = open();
    world.submit(&entries(600, 601)).await;
    for name in ["0/000.p", "0/001.p", "entries/001.p"] {
        assert!(!root.path().join("tile").join(name).exists(), "{name}");
    }
    assert_eq!(world.verify().await.entries.len(), 601);
}

#[tokio::test]
async fn a_log_that_answers_nobody_is_not_ready_until_it_does() {
    let (mut world, _) = World::in_memory();
    world.config.takeover_after = Duration::from_millis(50);
    let opened = Log::open(world.context(), world.index.clone()).await;
    let (log, driver) = opened.expect("opens");
    assert!(log.is_ready());
    let mut submitted = std::pin::pin!(log.submit(entries(0, 1).remove(0)));
    // Nothing drives the log.
    let waited = tokio::time::timeout(Duration::from_millis(200), &mut submitted);
    waited.await.expect_err("no answer");
    assert!(!log.is_ready());
    assert!(log.stalled_for().expect("it stalls") >= Duration::from_millis(50));
    let answered = async {
        submitted.await.expect("an answer");
        assert!(log.is_ready() && log.stalled_for().is_none(), "ready again");
        log.shut_down();
    };
    let ((), ended) = tokio::join!(answered, driver.run());
    ended.expect("it shuts down cleanly");
}
