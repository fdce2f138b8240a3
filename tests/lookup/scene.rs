//! A log in a directory, written by the library's own writer.

use std::sync::Arc;

use bytes::Bytes;
use fasti::client::fetch::DirectoryFetch;
use fasti::client::reader::View;
use fasti::client::trust::Trust;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::FileSigner;
use fasti::store::{DirectoryOptions, DirectoryStore, Stores};
use tempfile::TempDir;
use tiles_spec::{NoteSigningKey, Origin};

use crate::entries::entry;

pub const ORIGIN: &str = "log.test/lookup";

pub fn signing_key() -> NoteSigningKey {
    let origin: Origin = ORIGIN.parse().expect("an origin");
    NoteSigningKey::from_seed(origin.key_name(), &[7; 32])
}

/// A directory with a log.
pub struct Scene {
    directory: TempDir,
    /// Its entries, in order.
    pub entries: Vec<Vec<u8>>,
}

impl Scene {
    /// The log of the first `count` entries, a few thousand at most; duplicates appear once.
    pub async fn of(count: u64) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut entries: Vec<Vec<u8>> = (0..count).map(entry).collect();
        let mut seen = std::collections::HashSet::new();
        entries.retain(|entry| seen.insert(entry.clone()));
        let store = DirectoryStore::open(directory.path(), DirectoryOptions::default());
        let context = Context {
            config: LogConfig::default(),
            stores: Stores::of(Arc::new(store.expect("opens"))),
            signer: Arc::new(FileSigner::new(ORIGIN.parse().expect("an origin"), signing_key())),
            memory: None,
            cosigners: None,
            sharing: Sharing::Alone,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            metrics: Arc::new(LogMetrics::default()),
        };
        let (log, driver) =
            Log::open(context, Arc::new(MemoryIndex::default())).await.expect("opens");
        let submitted = async {
            let answers = entries.iter().map(|entry| log.submit(Bytes::from(entry.clone())));
            let answers = futures::future::join_all(answers).await;
            log.shut_down();
            answers
        };
        let (answers, ended) = tokio::join!(submitted, driver.run());
        ended.expect("the log shuts down cleanly");
        for (n, answer) in (0..).zip(answers) {
            assert_eq!(answer.expect("an answer").index.get(), n);
        }
        Self { directory, entries }
    }

    pub async fn view(&self) -> View {
        let fetch = DirectoryFetch::open(self.directory.path().to_owned()).expect("opens");
        let trust = Trust::in_keys([signing_key().verifier_key().clone()]);
        View::open(Arc::new(fetch), &trust).await.expect("the log verifies")
    }
}
