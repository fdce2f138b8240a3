//! A log on a modelled disk, from one start of its writer to the next.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use fasti::causes::with_causes;
use fasti::clock::Clock;
use fasti::entropy::Entropy;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::{FileSigner, SignedMemory};
use fasti::store::{DirectoryOptions, DirectoryStore, Stores};
use fasti_kit::published;
use fasti_kit::seeded::Seeded;
use tiles_spec::{NoteSigningKey, Origin};

use crate::faults::{Disk, Fault, Operation};
use crate::model::Model;

/// The origin of most logs here.
pub const ORIGIN: &str = "log.test/disk";

/// Small enough that a segment ends after some batches, and large enough that some share one.
const SEGMENT_BYTES_MAX: u64 = 1500;

/// What one run of a writer does: batches, submitted one after another.
pub type Session = Vec<Vec<Bytes>>;

/// How a run of a writer ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    Refused(String),
    Halted(String),
    InOrder,
}

/// What outlives a writer.
pub struct World {
    pub disk: Disk,
    origin: Origin,
    /// Where the lock and the key's memory are; these are real files.
    home: PathBuf,
    index: Arc<MemoryIndex>,
    acknowledged: Vec<(Bytes, u64)>,
    nonces: Arc<Nonces>,
}

/// A world from which cases start.
pub struct Snapshot {
    origin: Origin,
    model: Model,
    memory: Option<Vec<u8>>,
    index: MemoryIndex,
    acknowledged: Vec<(Bytes, u64)>,
}

impl World {
    /// An empty disk, with lock and memory in `home`.
    pub fn new(origin: &str, home: &Path) -> Self {
        let empty = Snapshot {
            origin: origin.parse().expect("an origin"),
            model: Model::new(),
            memory: None,
            index: MemoryIndex::default(),
            acknowledged: Vec::new(),
        };
        Self::at(&empty, home, 0)
    }

    /// The world of a snapshot, on a disk whose randomness follows from `seed`.
    pub fn at(snapshot: &Snapshot, home: &Path, seed: u64) -> Self {
        let world = Self {
            disk: Disk::over(snapshot.model.clone(), seed),
            origin: snapshot.origin.clone(),
            home: home.to_owned(),
            index: Arc::new(snapshot.index.snapshot()),
            acknowledged: snapshot.acknowledged.clone(),
            nonces: Arc::new(Nonces(AtomicU64::new(seed << 32))),
        };
        match &snapshot.memory {
            Some(bytes) => std::fs::write(world.memory_file(), bytes).expect("a real file"),
            None => drop(std::fs::remove_file(world.memory_file())),
        }
        world
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            origin: self.origin.clone(),
            model: self.disk.model(),
            memory: std::fs::read(self.memory_file()).ok(),
            index: self.index.snapshot(),
            acknowledged: self.acknowledged.clone(),
        }
    }

    fn memory_file(&self) -> PathBuf {
        self.home.join("log.key.signed")
    }

    /// Cuts the power and restores it. The key's memory, which is never flushed, may be lost or
    /// zeroed, and the deduplication index may be gone.
    pub fn reboot(&mut self, random: &mut Seeded) {
        self.disk.reboot();
        match random.below(3) {
            0 => drop(std::fs::remove_file(self.memory_file())),
            1 => {
                let length = std::fs::metadata(self.memory_file()).map_or(0, |file| file.len());
                let zeros = vec![0; usize::try_from(length).expect("small")];
                std::fs::write(self.memory_file(), zeros).expect("a real file");
            }
            _ => {}
        }
        if random.coin() {
            self.index = Arc::default();
        }
    }

    /// Runs a writer: submits batch after batch, records what is acknowledged, and stops at the
    /// first entry that is not.
    pub fn run(&mut self, session: &[Vec<Bytes>]) -> Ended {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(self.write(session))
    }

    async fn write(&mut self, session: &[Vec<Bytes>]) -> Ended {
        let options = DirectoryOptions {
            segment_bytes_max: SEGMENT_BYTES_MAX,
            ..DirectoryOptions::default()
        };
        let store =
            match DirectoryStore::open_with(&self.home, options, Arc::new(self.disk.clone())) {
                Ok(store) => Arc::new(store),
                Err(error) => return Ended::Refused(with_causes(&error)),
            };
        let context = self.context(Stores::of(store));
        let (log, driver) = match Log::open(context, self.index.clone()).await {
            Ok(opened) => opened,
            Err(error) => return Ended::Refused(with_causes(&error)),
        };
        let submit = async {
            for batch in session {
                let answers = batch.iter().map(|entry| log.submit(entry.clone()));
                let answers = futures::future::join_all(answers).await;
                let mut all = true;
                for (entry, answer) in batch.iter().zip(answers) {
                    match answer {
                        Ok(answer) => self.acknowledged.push((entry.clone(), answer.index.get())),
                        Err(_) => all = false,
                    }
                }
                if !all {
                    break;
                }
            }
            log.shut_down();
        };
        match tokio::join!(submit, driver.run()).1 {
            Ok(()) => Ended::InOrder,
            Err(error) => Ended::Halted(with_causes(&error)),
        }
    }

    fn context(&self, stores: Stores) -> Context {
        let signer = FileSigner::new(self.origin.clone(), self.signing_key());
        Context {
            config: LogConfig::default(),
            stores,
            signer: Arc::new(signer),
            memory: Some(SignedMemory::beside(&self.home.join("log.key"))),
            cosigners: None,
            sharing: Sharing::Alone,
            clock: Arc::new(NoTime),
            entropy: self.nonces.clone(),
            metrics: Arc::new(LogMetrics::default()),
        }
    }

    /// Derives the log again from its files: everything acknowledged is where it was acknowledged
    /// (I4), no entry is there twice (I13), and everything ever published is of this log (I1, I2).
    /// Returns its entries.
    pub fn verify(&self) -> Vec<Vec<u8>> {
        let model = self.disk.model();
        let read = |path: &str| model.read(&self.home.join(path)).ok();
        let (origin, key) = (self.origin.as_str(), self.signing_key().verifier_key().clone());
        let published = published::verify(&read, origin, &key);
        assert_eq!(published.timeless(), 0, "each entry has a time");
        published.check_shown(model.shown.iter().map(Vec::as_slice), origin, &key);
        for (entry, index) in &self.acknowledged {
            let there = published.entries.get(usize::try_from(*index).expect("small"));
            assert_eq!(there.map(Vec::as_slice), Some(&entry[..]), "acknowledged at {index}");
        }
        let mut once: Vec<&Vec<u8>> = published.entries.iter().collect();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), published.entries.len(), "no entry is there twice");
        published.entries
    }

    fn signing_key(&self) -> NoteSigningKey {
        NoteSigningKey::from_seed(self.origin.key_name(), &[7; 32])
    }
}

/// The script: from an empty log past the sizes where the first two tiles end, with restarts
/// between.
pub fn script() -> Vec<Session> {
    let mut next = 0;
    let mut batch = |length: usize| -> Vec<Bytes> {
        let first = next;
        next += length;
        (first..next).map(|n| Bytes::from(format!("entry {n} {}", "x".repeat(n % 7)))).collect()
    };
    [&[][..], &[1], &[254, 1, 1], &[2, 253, 1, 3], &[1, 1, 1]]
        .map(|session| session.iter().map(|&length| batch(length)).collect())
        .into()
}

/// What the writer is asked after a failure: the first and last entries of each batch again, then
/// new ones.
pub fn aftermath(session: &Session) -> Session {
    let again = |batch: &Vec<Bytes>| {
        let last = batch[batch.len().saturating_sub(3).max(1)..].iter();
        batch[..1].iter().chain(last).cloned().collect()
    };
    let new = |n: usize| vec![Bytes::from(format!("afterwards {n}"))];
    session.iter().map(again).chain((0..4).map(new)).collect()
}

/// Prints which case it was, when one panics.
pub struct Case<'a> {
    pub fault: Fault,
    pub n: usize,
    pub trace: &'a [Operation],
    pub seed: u64,
}

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { fault, n, seed, trace } = self;
            eprintln!("in the case of {fault:?} at operation {n} ({}), seed {seed}", trace[*n]);
        }
    }
}

/// Nonces that never repeat, and are the same in each run of the test.
struct Nonces(AtomicU64);

impl Entropy for Nonces {
    fn nonce(&self) -> [u8; 16] {
        let mut random = Seeded::new(self.0.fetch_add(1, Ordering::SeqCst));
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&random.next().to_be_bytes());
        nonce[8..].copy_from_slice(&random.next().to_be_bytes());
        nonce
    }
}

/// A clock on which short waits end at once and long ones never do.
struct NoTime;

#[async_trait]
impl Clock for NoTime {
    async fn sleep(&self, duration: Duration) {
        if duration > Duration::from_mins(1) {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
    }

    /// The clock stands still, so that the same seed gives the same run.
    fn now(&self) -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now)
    }

    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000)
    }
}
