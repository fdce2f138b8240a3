//! A log to start from, grown without a writer process: with segments as short as a case needs.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::{FileSigner, SignedMemory, generate_key_file};
use fasti::store::{DirectoryOptions, DirectoryStore, Stores};
use tempfile::TempDir;
use tiles_spec::Origin;

use crate::writer::ORIGIN;

/// A log's directory, inside a directory of its own.
pub struct Grown {
    pub store: PathBuf,
    _home: TempDir,
}

/// Whether everything is flushed and a new segment follows, or recovery starts from the commit
/// records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Yes,
    No,
}

impl Grown {
    /// Creates a log of `size` entries, one per batch.
    pub fn to(size: usize, settled: Settled) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let grown = Self { store: home.path().join("log"), _home: home };
        grown.grow(0..size, settled);
        grown
    }

    /// Adds entries, one per batch.
    pub fn grow(&self, entries: std::ops::Range<usize>, settled: Settled) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(grow(&self.store, entries, settled));
    }
}

async fn grow(store: &Path, entries: std::ops::Range<usize>, settled: Settled) {
    let segment_bytes_max = match settled {
        Settled::Yes => 1,
        Settled::No => u64::MAX,
    };
    let options = DirectoryOptions { segment_bytes_max, ..DirectoryOptions::default() };
    let directory = DirectoryStore::open(store, options).expect("opens");
    let context = context(store, Stores::of(Arc::new(directory)));
    let (log, driver) = Log::open(context, Arc::<MemoryIndex>::default()).await.expect("recovers");
    let submit = async {
        for n in entries {
            log.submit(Bytes::from(format!("entry {n}"))).await.expect("an answer");
        }
    };
    let (mut driver, mut submit) = (pin!(driver.run()), pin!(submit));
    tokio::select! {
        ended = &mut driver => panic!("ended before the last answer: {ended:?}"),
        () = &mut submit => {}
    }
    // A log that shuts down cleanly settles; one that is dropped has crashed.
    if settled == Settled::Yes {
        log.shut_down();
        driver.await.expect("it shuts down cleanly");
    }
}

fn context(store: &Path, stores: Stores) -> Context {
    let origin: Origin = ORIGIN.parse().expect("an origin");
    let key = store.join("_writer/log.key");
    if !key.exists() {
        generate_key_file(&key, &origin).expect("a new key");
    }
    Context {
        config: LogConfig::default(),
        stores,
        signer: Arc::new(FileSigner::open(&key, origin, None).expect("the key")),
        memory: Some(SignedMemory::beside(&key)),
        cosigners: None,
        sharing: Sharing::Alone,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: Arc::new(LogMetrics::default()),
    }
}
