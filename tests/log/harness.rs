//! A log under test: one key, one origin, and a way to run a writer until it is told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::grow::Cosigners;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Acknowledged, Context, Log, LogConfig, LogError, RecoverError, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::{FileSigner, SignedMemory};
use fasti::store::{MemoryStore, ObjectPath, Stores};
use fasti_kit::published::{self, Published};
use tiles_spec::{EMPTY_ROOT, NoteSigningKey, TreeHead, TreeSize, VerifierKey, open_checkpoint};

pub const ORIGIN: &str = "log.test/one";

pub fn signing_key() -> NoteSigningKey {
    let origin: tiles_spec::Origin = ORIGIN.parse().expect("an origin");
    NoteSigningKey::from_seed(origin.key_name(), &[7; 32])
}

pub fn verifier_key() -> VerifierKey {
    signing_key().verifier_key().clone()
}

/// What outlives a writer: the store, the deduplication index, the limits.
#[derive(Clone)]
pub struct World {
    pub stores: Stores,
    pub index: Arc<MemoryIndex>,
    pub config: LogConfig,
    pub memory: Option<SignedMemory>,
    pub cosigners: Option<Arc<dyn Cosigners>>,
    /// How many entries are from before the log kept times.
    pub timeless: usize,
}

impl World {
    pub fn on(stores: Stores) -> Self {
        let index = Arc::new(MemoryIndex::default());
        Self {
            stores,
            index,
            config: LogConfig::default(),
            memory: None,
            cosigners: None,
            timeless: 0,
        }
    }

    pub fn in_memory() -> (Self, Arc<MemoryStore>) {
        let store = Arc::new(MemoryStore::default());
        (Self::on(Stores::of(store.clone())), store)
    }

    pub fn context(&self) -> Context {
        let origin = ORIGIN.parse().expect("an origin");
        Context {
            config: self.config.clone(),
            stores: self.stores.clone(),
            signer: Arc::new(FileSigner::new(origin, signing_key())),
            memory: self.memory.clone(),
            cosigners: self.cosigners.clone(),
            sharing: Sharing::Alone,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            metrics: Arc::new(LogMetrics::default()),
        }
    }

    /// Starts a writer and runs `work` with it; then the writer shuts down, unless it has failed.
    pub async fn run<T, F: Future<Output = T>>(
        &self,
        work: impl FnOnce(Log) -> F,
    ) -> Result<(T, Result<(), LogError>), RecoverError> {
        let (log, driver) = Log::open(self.context(), self.index.clone()).await?;
        let worked = async {
            let value = work(log.clone()).await;
            log.shut_down();
            value
        };
        let (value, ended) = tokio::join!(worked, driver.run());
        Ok((value, ended))
    }

    /// Starts a writer, submits every entry at once and waits for all answers.
    pub async fn submit(&self, entries: &[Bytes]) -> Vec<Acknowledged> {
        let submitted = self.run(|log| async move {
            let answers = entries.iter().map(|entry| log.submit(entry.clone()));
            futures::future::join_all(answers).await
        });
        let (answers, ended) = submitted.await.expect("the log opens");
        ended.expect("the log shuts down cleanly");
        answers.into_iter().map(|answer| answer.expect("an answer")).collect()
    }

    /// A copy of the index as it is now, for trying out one continuation.
    pub fn copied_index(&self) -> Arc<MemoryIndex> {
        Arc::new(self.index.snapshot())
    }

    /// The head of the currently published checkpoint.
    pub async fn checkpoint_head(&self) -> TreeHead {
        let shown = self.stores.objects.get(&ObjectPath::checkpoint()).await;
        match shown.expect("the store answers") {
            Some(object) => {
                let key = [verifier_key()];
                open_checkpoint(&object.bytes, ORIGIN, &key).expect("it verifies").head
            }
            None => TreeHead { size: TreeSize::ZERO, root: EMPTY_ROOT },
        }
    }

    /// Reads back everything that the checkpoint implies, and derives it again.
    pub async fn verify(&self) -> Published {
        let checkpoint = self.read("checkpoint").await.expect("there is a checkpoint");
        let head = published::head_of(&checkpoint, ORIGIN, &verifier_key());
        let mut objects = BTreeMap::from([("checkpoint".to_owned(), checkpoint)]);
        for path in published::paths(usize::try_from(head.size.get()).expect("it is small")) {
            for path in std::iter::once(&*path).chain(published::full(&path)) {
                let read = self.read(path).await;
                objects.extend(read.map(|bytes| (path.to_owned(), bytes)));
            }
        }
        let read = |path: &str| objects.get(path).cloned();
        let published = published::verify(&read, ORIGIN, &verifier_key());
        assert_eq!(published.timeless(), self.timeless, "each later entry has a time");
        published
    }

    async fn read(&self, path: &str) -> Option<Vec<u8>> {
        let path = ObjectPath::new(path).expect("a valid path");
        let object = self.stores.objects.get(&path).await.expect("the store answers");
        object.map(|object| object.bytes.to_vec())
    }
}

/// The distinct entries `from..to`.
pub fn entries(from: usize, to: usize) -> Vec<Bytes> {
    (from..to).map(|n| Bytes::from(format!("entry {n} {}", "x".repeat(n % 50)))).collect()
}
