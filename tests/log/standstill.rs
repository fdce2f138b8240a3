//! Background work never delays the log, and a log that is stuck says so.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, mpsc};
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

/// The operations that both leave to the operating system.
macro_rules! forward {
    ($($name:ident($($arg:ident: $type:ty),*) -> $output:ty;)*) => {
        $(fn $name(&self, $($arg: $type),*) -> $output { self.0.$name($($arg),*) })*
    };
}

macro_rules! forward_the_rest {
    () => {
        forward! {
            read(path: &Path) -> io::Result<Vec<u8>>;
            length(path: &Path) -> io::Result<u64>;
            read_range(path: &Path, range: Range<u64>) -> io::Result<Vec<u8>>;
            write(path: &Path, bytes: &[u8]) -> io::Result<()>;
            write_again(path: &Path, bytes: &[u8]) -> io::Result<()>;
            write_synced(path: &Path, bytes: &[u8]) -> io::Result<()>;
            write_in_place(path: &Path, bytes: &[u8]) -> io::Result<()>;
            identity(path: &Path) -> io::Result<FileIdentity>;
            sync_dir(path: &Path) -> io::Result<()>;
            rename(from: &Path, to: &Path) -> io::Result<()>;
            link(from: &Path, to: &Path) -> io::Result<()>;
            create_dir_all(path: &Path) -> io::Result<()>;
            list(path: &Path) -> io::Result<Vec<String>>;
            open_in_place(path: &Path) -> io::Result<Box<dyn InPlaceFile>>;
            sync_count() -> u64;
        }
    };
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

    forward! { open_filesystem(path: &Path) -> io::Result<Box<dyn FileSystem>>; }
    forward_the_rest!();
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

/// A writer that was killed can leave tens of thousands of partial files. Removing them is no
/// reason to let the segment grow, which the next start reads as a whole.
#[tokio::test]
async fn what_a_crash_leaves_behind_is_removed_little_by_little() {
    const LEFT: usize = 900;
    let root = tempfile::tempdir().expect("a directory");
    let tiles = root.path().join("tile/0");
    for tile in 0..LEFT {
        let partial = tiles.join(format!("{tile:03}.p"));
        std::fs::create_dir_all(&partial).expect("creates");
        std::fs::write(partial.join("1"), "left").expect("writes");
        std::fs::write(tiles.join(format!("{tile:03}")), "full").expect("writes");
    }
    let options = DirectoryOptions { segment_bytes_max: 1, ..DirectoryOptions::default() };
    let store = DirectoryStore::open(root.path(), options).expect("opens");
    let size = TreeSize::new(256 * LEFT as u64).expect("in range");
    let left = || {
        let names = std::fs::read_dir(&tiles).expect("a directory");
        names.filter(|name| name.as_ref().expect("a name").path().extension().is_some()).count()
    };
    let mut before = LEFT;
    for number in 1..=600 {
        let number = RecordNumber::new(number).expect("positive");
        CommitLog::create(&store, number, vec![7; 1000].into()).await.expect("commits");
        store.settle(number, size).await.expect("settles");
        let after = left();
        assert!(before - after <= 512, "{} at once", before - after);
        before = after;
        let segments = std::fs::read_dir(root.path().join("_writer/commit")).expect("a directory");
        let bytes = segments.map(|segment| segment.expect("one").metadata().expect("a file").len());
        assert!(bytes.sum::<u64>() < 10_000, "the segment is turned meanwhile");
    }
    assert_eq!(before, 0, "in the end they are gone");
}

/// The operating system's files, where a flush of everything takes as long as a test wants.
struct SlowFlush(OsFiles, Flush);

#[derive(Clone)]
struct Flush(Arc<std::sync::Mutex<mpsc::Receiver<()>>>);

impl FileSystem for Flush {
    fn sync(&self) -> io::Result<()> {
        // An error once nobody holds the sender.
        let _ = self.0.lock().expect("nobody panics").recv();
        Ok(())
    }
}

impl Files for SlowFlush {
    fn open_filesystem(&self, _: &Path) -> io::Result<Box<dyn FileSystem>> {
        Ok(Box::new(self.1.clone()))
    }

    forward! {
        remove_file(path: &Path) -> io::Result<()>;
        remove_dir(path: &Path) -> io::Result<()>;
        remove_dir_all(path: &Path) -> io::Result<()>;
    }
    forward_the_rest!();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_during_a_flush_is_in_the_next_segment() {
    const MEANWHILE: u64 = 300;
    let root = tempfile::tempdir().expect("a directory");
    let options = DirectoryOptions { segment_bytes_max: 1, ..DirectoryOptions::default() };
    let (flush, flushed) = mpsc::channel::<()>();
    let flushed = Flush(Arc::new(std::sync::Mutex::new(flushed)));
    let files = Arc::new(SlowFlush(OsFiles::default(), flushed));
    let store = Arc::new(DirectoryStore::open_with(root.path(), options, files).expect("opens"));
    let number = |n| RecordNumber::new(n).expect("positive");
    let record = |n: u64| Bytes::from(vec![n.to_be_bytes()[7]; 20_000]);
    CommitLog::create(&*store, number(1), record(1)).await.expect("commits");
    let settled = tokio::spawn({
        let store = store.clone();
        async move { store.settle(number(1), TreeSize::ZERO).await }
    });
    for n in 2..=MEANWHILE {
        CommitLog::create(&*store, number(n), record(n)).await.expect("commits");
    }
    assert!(!settled.is_finished());
    drop(flush);
    // More is committed while these are copied.
    for n in MEANWHILE + 1..=2 * MEANWHILE {
        CommitLog::create(&*store, number(n), record(n)).await.expect("commits");
    }
    settled.await.expect("no panic").expect("settles");
    store.settle(number(MEANWHILE), TreeSize::ZERO).await.expect("settles");
    drop(store);
    let store = DirectoryStore::open(root.path(), options).expect("opens");
    for n in 1..=2 * MEANWHILE {
        let read = store.read(number(n)).await.expect("reads");
        let expected = (n >= MEANWHILE).then(|| record(n));
        assert!(read == expected, "record {n}");
    }
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
