//! The table of restores: a log grows, is backed up, grows further, and the backup is restored.
//! Each time the next start must refuse, or continue from the newest state that was signed.
//!
//! Here the writer runs inside the test, so that the whole table can be covered; `restored.rs` has
//! the real program. `FASTI_RESTORES=all` covers every kind of key, and more rounds where inodes
//! can be reused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::{FileSigner, SignedMemory, Signer as _, generate_key_file};
use fasti::state::log_id;
use fasti::store::{DirectoryError, DirectoryOptions, DirectoryStore, Stores};
use fasti_kit::http::Connection;
use fasti_kit::skipped::skipped;
use tempfile::TempDir;
use tiles_spec::{NoteSigningKey, Origin, TreeHead};

use crate::copying::Tool;
use crate::writer::{self, ORIGIN, Writer};

/// When the backup is made, and how the writer that ran after it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Backup {
    /// No writer is running. One is started afterwards, and shuts down cleanly.
    Cold,
    /// While a writer is running that later shuts down cleanly.
    HotThenStopped,
    /// While a writer is running that is later killed.
    HotThenKilled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Inside,
    Outside,
    /// In a key service: nothing of it is on this machine.
    Service,
}

/// What can happen between backup and restore, besides growth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Meanwhile {
    Nothing,
    /// A new segment is started.
    Turn,
    /// The writer is restarted, and killed.
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Memory {
    Kept,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    backup: Backup,
    tool: Tool,
    meanwhile: Meanwhile,
    key: Key,
    memory: Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    RefusedAsCopy,
    /// Refused because of the memory, or of what is still published.
    RefusedAsRolledBack,
    Continued,
    /// It continues from an older state.
    Unnoticed,
}

const KEYS: [Key; 3] = [Key::Inside, Key::Outside, Key::Service];

fn table(keys: &dyn Fn(usize) -> Vec<Key>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for backup in [Backup::Cold, Backup::HotThenStopped, Backup::HotThenKilled] {
        for tool in Tool::ALL {
            for meanwhile in [Meanwhile::Nothing, Meanwhile::Turn, Meanwhile::Restart] {
                for key in keys(cells.len() / 2) {
                    for memory in [Memory::Kept, Memory::Lost] {
                        cells.push(Cell { backup, tool, meanwhile, key, memory });
                    }
                }
            }
        }
    }
    cells
}

/// The only cells that cannot be detected: a writer was running when the backup was made and has
/// been killed, since then the same segment file was appended to and overwritten, and the memory
/// outside the directory is gone.
fn is_named(cell: Cell) -> bool {
    cell.backup == Backup::HotThenKilled
        && cell.tool.is_in_place()
        && cell.meanwhile == Meanwhile::Nothing
        && cell.memory == Memory::Lost
}

fn is_whole() -> bool {
    std::env::var_os("FASTI_RESTORES").is_some_and(|which| which == "all")
}

#[test]
fn no_restored_directory_forks_its_log() {
    let keys: &dyn Fn(usize) -> Vec<Key> =
        if is_whole() { &|_| KEYS.to_vec() } else { &|n| vec![KEYS[n % 3]] };
    let mut outcomes = BTreeMap::new();
    for cell in table(keys) {
        if cell.tool.is_there() {
            judge(cell, &mut outcomes);
        } else {
            skipped("restores with rsync, which this machine does not have");
        }
    }
    println!("{outcomes:#?}");
}

#[test]
fn inodes_that_are_used_again_are_told_apart() {
    let rounds = if is_whole() { 60 } else { 20 };
    let mut outcomes = BTreeMap::new();
    for tool in Tool::ALL.into_iter().filter(|tool| tool.may_reuse_inodes()) {
        for round in 0..rounds {
            let backup = [Backup::Cold, Backup::HotThenKilled][round % 2];
            let (meanwhile, memory) = (Meanwhile::Nothing, Memory::Lost);
            let key = KEYS[round % 3];
            judge(Cell { backup, tool, meanwhile, key, memory }, &mut outcomes);
        }
    }
    println!("{outcomes:#?}");
}

fn judge(cell: Cell, outcomes: &mut BTreeMap<(Backup, Memory, Outcome), usize>) {
    let outcome = outcome_of(cell);
    match (is_named(cell), outcome) {
        (false, Outcome::Unnoticed) => panic!("{cell:?} continues from an older state"),
        (true, outcome) => assert_eq!(outcome, Outcome::Unnoticed, "{cell:?}: now detected"),
        _ => {}
    }
    *outcomes.entry((cell.backup, cell.memory, outcome)).or_default() += 1;
}

fn outcome_of(cell: Cell) -> Outcome {
    let mut world = World::new(cell.key);
    let (tool, home) = (cell.tool, world.home.path().to_owned());
    world.run(2, true, || {});
    if cell.backup == Backup::Cold {
        tool.back_up(&home);
        world.run(3, true, || {});
    } else {
        world.run(3, cell.backup == Backup::HotThenStopped, || tool.back_up(&home));
    }
    match cell.meanwhile {
        Meanwhile::Nothing => {}
        Meanwhile::Restart => world.run(2, false, || {}),
        Meanwhile::Turn => {
            world.segment_bytes_max = 600;
            world.run(5, false, || {});
        }
    }
    tool.restore(&home);
    if cell.memory == Memory::Lost {
        world.forget();
    }
    world.reopen()
}

/// A log in its own directory, with its key and memory next to it.
struct World {
    home: TempDir,
    key: Key,
    segment_bytes_max: u64,
    entries: usize,
    /// The newest published tree.
    newest: TreeHead,
}

impl World {
    fn new(key: Key) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(home.path().join("state")).expect("a directory");
        Self { home, key, segment_bytes_max: 0, entries: 0, newest: TreeHead::EMPTY }
    }

    fn store(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// A program that another test starts at this moment holds the lock of a dropped writer until
    /// it is executed.
    fn directory(&self) -> Result<DirectoryStore, DirectoryError> {
        let segment_bytes_max = self.segment_bytes_max;
        let options = DirectoryOptions { segment_bytes_max, ..DirectoryOptions::default() };
        for _ in 0..500 {
            match DirectoryStore::open(&self.store(), options) {
                Err(DirectoryError::InUse { .. }) => thread::sleep(Duration::from_millis(10)),
                opened => return opened,
            }
        }
        panic!("the lock is held for seconds");
    }

    fn signer(&self) -> FileSigner {
        let origin: Origin = ORIGIN.parse().expect("an origin");
        let path = match self.key {
            Key::Inside => self.store().join("_writer/log.key"),
            Key::Outside => self.home.path().join("log.key"),
            Key::Service => {
                let key = NoteSigningKey::from_seed(origin.key_name(), &[7; 32]);
                return FileSigner::new(origin, key);
            }
        };
        if !path.exists() {
            generate_key_file(&path, &origin).expect("a new key");
        }
        FileSigner::open(&path, origin, None).expect("the key")
    }

    /// Opens the log with what is remembered of it.
    async fn log(&self, directory: DirectoryStore) -> Result<(Log, fasti::log::Driver), String> {
        let signer = self.signer();
        let memory = self.home.path().join("state").join(log_id(&signer.verifier_key()));
        let context = Context {
            config: LogConfig::default(),
            stores: Stores::of(Arc::new(directory)),
            signer: Arc::new(signer),
            memory: Some(SignedMemory::at(memory)),
            cosigners: None,
            sharing: Sharing::Alone,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            metrics: Arc::new(LogMetrics::default()),
        };
        let opened = Log::open(context, Arc::<MemoryIndex>::default()).await;
        opened.map_err(|error| error.to_string())
    }

    /// Runs a writer, which does `during` and then accepts entries, one per batch. Then it shuts
    /// down cleanly, or is dropped, which is equivalent to being killed.
    fn run(&mut self, entries: usize, in_order: bool, during: impl FnOnce()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let directory = self.directory().expect("opens");
            let (log, driver) = self.log(directory).await.expect("recovers");
            let first = self.entries;
            self.entries += entries;
            let submit = async {
                log.submit(format!("entry {first}").into()).await.expect("an answer");
                during();
                for n in first + 1..first + entries {
                    log.submit(Bytes::from(format!("entry {n}"))).await.expect("an answer");
                }
            };
            let mut driver = pin!(driver.run());
            tokio::select! {
                ended = &mut driver => panic!("ended before the last answer: {ended:?}"),
                () = submit => {}
            }
            self.newest = log.published().head;
            if in_order {
                log.shut_down();
                driver.await.expect("it shuts down cleanly");
            }
        });
    }

    /// Deletes what was remembered outside the directory.
    fn forget(&self) {
        let state = self.home.path().join("state");
        std::fs::remove_dir_all(&state).expect("removed");
        std::fs::create_dir(&state).expect("a directory");
    }

    /// Returns the outcome of the next start.
    fn reopen(&self) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let directory = match self.directory() {
                Ok(directory) => directory,
                Err(DirectoryError::Copied { reason }) => {
                    assert!(reason.contains(LOCK) || reason.contains(".segment"), "{reason}");
                    return Outcome::RefusedAsCopy;
                }
                Err(other) => panic!("{other}"),
            };
            match self.log(directory).await {
                Ok((log, _)) if log.published().head == self.newest => Outcome::Continued,
                Ok((log, _)) => {
                    assert!(log.published().head.size < self.newest.size);
                    Outcome::Unnoticed
                }
                Err(reason) if reason.contains("rolled back") => Outcome::RefusedAsRolledBack,
                Err(other) => panic!("{other}"),
            }
        })
    }
}

const LOCK: &str = "_writer/lock";

/// An earlier release recorded only the lock's inode. The log it left is continued, and from then
/// on everything is recorded.
#[test]
fn a_directory_of_an_earlier_release_is_gone_on_with() {
    let home = tempfile::tempdir().expect("a directory");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/directory-1");
    let copy = format!("cp -r {} log && chmod 600 log/_writer/log.key", root.display());
    crate::copying::run(home.path(), &copy);
    let lock = home.path().join("log").join(LOCK);
    let opening = "held by the running writer; do not copy, do not delete";
    std::fs::write(&lock, format!("{opening}\ninode 1\n")).expect("a file");
    let store = home.path().join("log");
    let refused = DirectoryStore::open(&store, DirectoryOptions::default()).err();
    assert!(matches!(refused, Some(DirectoryError::Copied { .. })), "{refused:?}");

    let inode = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&lock).expect("a file"));
    std::fs::write(&lock, format!("{opening}\ninode {inode}\n")).expect("a file");
    let mut writer = writer::command("log.test/directory", "127.0.0.1:0");
    writer.arg("--store").arg(&store);
    let mut writer = Writer::spawn(writer);
    let mut connection = Connection::open(writer.expect_address()).expect("connects");
    for (entry, index) in [("entry 2", "1\n"), ("entry 4", "3\n")] {
        let answer = connection.post("/add", entry.as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
        assert!(answer.body.starts_with(index.as_bytes()), "{entry}");
    }
    writer.stop();
    let named = std::fs::read_to_string(&lock).expect("text");
    assert!(named.contains("\nborn ") && named.contains("\nsegment "), "{named}");
    DirectoryStore::open(&store, DirectoryOptions::default()).expect("it is what it was");
    crate::copying::run(home.path(), "mv log older && cp -a older log");
    let refused = DirectoryStore::open(&store, DirectoryOptions::default()).err();
    assert!(matches!(refused, Some(DirectoryError::Copied { .. })), "{refused:?}");
}
