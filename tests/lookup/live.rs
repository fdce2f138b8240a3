//! A growing log in memory, and the site of its index.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fasti::client::fetch::StoreFetch;
use fasti::client::trust::Trust;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::lookup::{IndexContext, LookupConfig};
use fasti::lookup_spec::{LatestFile, Manifest, lookup_origin};
use fasti::metrics::{LogMetrics, LookupMetrics};
use fasti::offload::Workers;
use fasti::signer::{FileSigner, LookupSigner, Signer};
use fasti::store::{MemoryStore, ObjectPath, Store, Stores};
use tiles_spec::{Origin, leaf_hash};

use crate::entries::entry;
use crate::scene::{ORIGIN, signing_key};

/// A log that accepts entries.
pub struct Live {
    pub store: Arc<MemoryStore>,
    pub log: Log,
    /// The entries so far.
    pub entries: Vec<Vec<u8>>,
    next: u64,
}

pub fn origin() -> Origin {
    ORIGIN.parse().expect("an origin")
}

fn signer() -> Arc<dyn Signer> {
    Arc::new(FileSigner::new(origin(), signing_key()))
}

impl Live {
    /// Starts an empty log. Its driver runs as long as the runtime does.
    pub async fn start() -> Self {
        let store = Arc::new(MemoryStore::default());
        let context = Context {
            config: LogConfig::default(),
            stores: Stores::of(store.clone()),
            signer: signer(),
            memory: None,
            cosigners: None,
            sharing: Sharing::Alone,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            metrics: Arc::new(LogMetrics::default()),
        };
        let opened = Log::open(context, Arc::new(MemoryIndex::default())).await;
        let (log, driver) = opened.expect("opens");
        tokio::spawn(driver.run());
        Self { store, log, entries: Vec::new(), next: 0 }
    }

    /// Adds entries until there are `size`.
    pub async fn grow(&mut self, size: usize) {
        while self.entries.len() < size {
            let batch: Vec<Vec<u8>> = std::iter::from_fn(|| {
                self.next += 1;
                Some(entry(self.next - 1))
            })
            .filter(|entry| !self.entries.contains(entry))
            .take((size - self.entries.len()).min(200))
            .collect();
            let answers = batch.iter().map(|entry| self.log.submit(Bytes::from(entry.clone())));
            for (answer, entry) in futures::future::join_all(answers).await.into_iter().zip(batch) {
                if !answer.expect("an answer").duplicate {
                    self.entries.push(entry);
                }
            }
        }
    }

    /// Everything that an index on `objects` needs.
    pub fn site(&self, objects: Arc<dyn Store>, config: LookupConfig) -> IndexContext {
        IndexContext {
            cosigners: None,
            log: Arc::new(StoreFetch::new(self.store.clone())),
            trust: Trust::in_keys([signing_key().verifier_key().clone()]),
            origin: origin(),
            objects,
            housekeeping: Some(self.store.clone()),
            signer: Arc::new(LookupSigner::new(signer()).expect("a short origin")),
            clock: Arc::new(SystemClock),
            metrics: Arc::new(LookupMetrics::default()),
            workers: Workers::processors(),
            config,
        }
    }
}

/// Limits for a small index that is updated quickly.
pub fn quick() -> LookupConfig {
    LookupConfig { spacing: Duration::from_millis(1), ..LookupConfig::default() }
}

/// The contents of `lookup/latest`, all verified.
pub async fn latest(store: &dyn Store) -> Option<Manifest> {
    let path = ObjectPath::new("lookup/latest").expect("a path");
    let latest = store.get(&path).await.expect("reads")?;
    let LatestFile { revision, proof } = LatestFile::parse(&latest.bytes).expect("parses");
    let manifest = revision.manifest;
    let key = LookupSigner::new(signer()).expect("a short origin").verifier_key();
    let name = lookup_origin(&origin()).expect("a short origin");
    let leaf = leaf_hash(&manifest.revision_entry());
    let shown = proof.verify(&leaf, name.as_str(), &[key]).expect("it is proved");
    assert_eq!(proof.index.tree_size_after(), shown.head.size, "the newest");
    let own = Trust::in_keys([signing_key().verifier_key().clone()]);
    let checkpoint = own.open(&revision.checkpoint).expect("the log's");
    assert!(checkpoint.head().size >= manifest.head.size);
    assert!(checkpoint.head().size > manifest.head.size || checkpoint.head() == manifest.head);
    assert_eq!(manifest.origin, origin());
    Some(manifest)
}
