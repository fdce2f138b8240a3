//! Opens what the flags name: store, key, deduplication index, metrics.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use fasti::clock::SystemClock;
use fasti::entropy::{Entropy as _, OsEntropy};
use fasti::heads::HeadsContext;
use fasti::http::{HttpPeers, PeerSecret};
use fasti::log::dedup::{DedupIndex, DiskIndex, MemoryIndex};
use fasti::log::{Context, Log, Sharing};
use fasti::lookup::IndexContext;
use fasti::metrics::{self, HeadsMetrics, LogMetrics, LookupMetrics, StoreMetrics};
use fasti::store::{OpenedStore, StoreLocation, probe};
use fasti_flags::NoState;
use prometheus_client::registry::Registry;
use tiles_spec::VerifierKey;

use crate::flags::Flags;
use crate::key::Key;
use crate::memory;
use crate::origin;

/// What the writer runs on.
pub struct Opened {
    /// The log's parts.
    pub context: Context,
    /// The lookup index, if one is kept.
    pub lookup: Option<IndexContext>,
    /// The kept heads, if they are kept.
    pub heads: Option<HeadsContext>,
    /// The deduplication index.
    pub index: Arc<dyn DedupIndex>,
    /// The metrics.
    pub registry: Registry,
    /// The text printed at startup.
    pub banner: Banner,
    /// The secret shared by the writers of this log, if there can be several.
    pub peer_secret: Option<PeerSecret>,
}

/// What the writer prints when it is ready.
pub struct Banner {
    store: String,
    key: String,
    is_new_key: bool,
    /// The key under which the index is signed, if one is kept.
    index_key: Option<VerifierKey>,
}

/// Opens everything the flags name. Whatever must be refused is refused here or by the log's own
/// recovery, before the writer accepts any connection.
pub async fn open(flags: &Flags) -> anyhow::Result<Opened> {
    let mut registry = fasti_flags::registry();
    let log_metrics = Arc::new(LogMetrics::default());
    log_metrics.register(&mut registry);
    let location = &flags.store;
    let state = match location {
        StoreLocation::Memory => Err(NoState::Unnamed),
        StoreLocation::Directory(_) | StoreLocation::Bucket(_) => flags.machine.state(),
    };
    let named_state = flags.machine.state_dir.as_deref().filter(|_| state.is_ok());
    // Before the store is touched: the key of a log in a bucket is stored elsewhere.
    let bucket_key = match location {
        StoreLocation::Bucket(_) => Some(Key::open_for_bucket(flags).await?),
        StoreLocation::Memory | StoreLocation::Directory(_) => None,
    };
    match location {
        StoreLocation::Memory => origin::check(&flags.origin, true)?,
        StoreLocation::Directory(root) => {
            origin::check(&flags.origin, !root.join("checkpoint").exists())?;
        }
        StoreLocation::Bucket(_) => {}
    }
    let store = open_store(flags, &mut registry).await?;
    let store_metrics = StoreMetrics::default();
    store_metrics.register(&mut registry);
    let stores = store_metrics.measure(&store.stores());
    let directory = match location {
        StoreLocation::Directory(root) => Some(("store", root.clone())),
        StoreLocation::Memory | StoreLocation::Bucket(_) => None,
    };
    let state_dir = named_state.map(|state| ("state", state.to_owned()));
    metrics::register_space(&mut registry, directory.into_iter().chain(state_dir).collect());
    if let StoreLocation::Bucket(_) = location {
        origin::check_in(&flags.origin, &*stores.objects).await?;
    }
    let key = match (bucket_key, location) {
        (Some(key), _) => key,
        (None, StoreLocation::Directory(root)) => {
            Key::open_for_directory(flags, root, state.as_ref().ok()).await?
        }
        (None, _) => Key::open_for_memory(flags).await?,
    };
    let memory = match location {
        StoreLocation::Memory => None,
        StoreLocation::Directory(root) => memory::open(&key.opened, state, Some(root)),
        StoreLocation::Bucket(_) => memory::open(&key.opened, state, None),
    };
    if let Some(size) = flags.restored_at {
        memory::refuse_needless(size, store.was_copied(), memory.as_ref(), &*key.opened.signer)?;
    }
    let peer_secret = match location {
        StoreLocation::Bucket(_) => Some(key.peer_secret(flags)?),
        StoreLocation::Memory | StoreLocation::Directory(_) => None,
    };
    let peers = peer_secret.clone().map(|secret| peers(flags, secret)).transpose()?;
    let index = open_index(location, named_state)?;
    let cosigners = flags.witnesses.open(&key.opened.signer.verifier_key(), &mut registry)?;
    let context = Context {
        config: flags.log_config(),
        stores,
        signer: key.opened.signer,
        memory,
        cosigners,
        sharing: peers.map_or(Sharing::Alone, |peers| Sharing::Shared(Arc::new(peers))),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: log_metrics,
    };
    let lookup_metrics = Arc::new(LookupMetrics::default());
    let lookup = flags.lookup.index_context(
        &context,
        store_metrics.housekeeping(store.housekeeping()),
        &flags.witnesses,
        lookup_metrics.clone(),
    )?;
    if lookup.is_some() {
        lookup_metrics.register(&mut registry);
    }
    let banner = Banner {
        store: in_words(location),
        key: key.place,
        is_new_key: key.is_new,
        index_key: lookup.as_ref().map(|index| index.signer.verifier_key()),
    };
    let heads_metrics = HeadsMetrics::default();
    let heads = flags.heads.context(&context, heads_metrics.clone());
    if heads.is_some() {
        heads_metrics.register(&mut registry);
    }
    Ok(Opened { context, lookup, heads, index, registry, banner, peer_secret })
}

/// The store, for the banner.
fn in_words(location: &StoreLocation) -> String {
    match location {
        StoreLocation::Memory => "memory (gone when the writer stops)".to_owned(),
        StoreLocation::Directory(_) | StoreLocation::Bucket(_) => location.to_string(),
    }
}

/// Opens the store. The conditional writes of a bucket must keep concurrent writers apart.
async fn open_store(flags: &Flags, registry: &mut Registry) -> anyhow::Result<OpenedStore> {
    let mut options = flags.machine.store_options(&flags.bucket)?;
    options.directory.accept_copy = flags.restored_at.is_some();
    let store = flags.store.open(&options).await?;
    match store.clone() {
        OpenedStore::Bucket(bucket) => {
            metrics::register_requests(registry, move || bucket.requests());
            let probed = probe::probe(&store.stores(), OsEntropy.nonce()).await;
            probed.with_context(|| {
                format!("{} cannot be used (`fasti doctor` says more)", flags.store)
            })?;
        }
        OpenedStore::Directory(directory) => {
            metrics::register_syncs(registry, move || directory.sync_count());
        }
        OpenedStore::Memory(_) => {}
    }
    Ok(store)
}

/// The other writers of the log.
fn peers(flags: &Flags, secret: PeerSecret) -> anyhow::Result<HttpPeers> {
    let Some(path) = &flags.peer_ca else { return Ok(HttpPeers::new(secret, None)?) };
    let authorities = std::fs::read(path);
    let authorities = authorities.with_context(|| format!("cannot read {}", path.display()))?;
    HttpPeers::new(secret, Some(&authorities))
        .with_context(|| format!("{} is not a PEM bundle of certificates", path.display()))
}

/// Opens the deduplication index. It can always be rebuilt, so one that does not open is removed.
/// It is large, and so is stored in a state directory only if the flags name one.
fn open_index(store: &StoreLocation, state: Option<&Path>) -> anyhow::Result<Arc<dyn DedupIndex>> {
    let path = match (state, store) {
        (Some(state), _) => state.join("dedup"),
        (None, StoreLocation::Directory(root)) => root.join("_writer/dedup"),
        (None, StoreLocation::Bucket(_)) => {
            tracing::warn!(
                "the deduplication index is kept in memory and rebuilt from the log at each \
                 start; use --state-dir to keep it on disk"
            );
            return Ok(Arc::new(MemoryIndex::default()));
        }
        (None, StoreLocation::Memory) => return Ok(Arc::new(MemoryIndex::default())),
    };
    std::fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match DiskIndex::open(&path) {
        Ok(index) => Ok(Arc::new(index)),
        Err(error) => {
            tracing::warn!(%error, "cannot open the deduplication index; rebuilding it");
            std::fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
            Ok(Arc::new(DiskIndex::open(&path)?))
        }
    }
}

impl Banner {
    /// Prints where everything is and what to try next, or logs it for programs. A closed stdout is
    /// not an error.
    pub fn show(
        &self,
        log: &Log,
        shards: &[String],
        url: &str,
        metrics: Option<SocketAddr>,
        is_for_programs: bool,
    ) {
        if !is_for_programs {
            drop(std::io::stdout().write_all(self.text(log, shards, url, metrics).as_bytes()));
            return;
        }
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            store = self.store,
            origin = %log.signer().origin(),
            verifier_key = %log.signer().verifier_key(),
            private_key = self.key,
            tree_size = log.published().head.size.get(),
            metrics = metrics.map(|address| format!("http://{address}/metrics")),
            url,
            "listening"
        );
    }

    fn text(&self, log: &Log, shards: &[String], url: &str, metrics: Option<SocketAddr>) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let key = log.signer().verifier_key();
        let further = log.signer().further().iter();
        let further: Vec<_> =
            further.map(|f| format!("\n  further key   {}", f.verifier_key())).collect();
        let further = further.concat();
        let index = self.index_key.as_ref().map(|key| format!("\n  index key     {key}"));
        let index = index.unwrap_or_default();
        let shards: String = shards.iter().flat_map(|shard| ["\n", shard]).collect();
        let new = if self.is_new_key { ", new" } else { "" };
        let metrics = metrics.map(|m| format!("\n  metrics on    http://{m}/metrics"));
        format!(
            "fasti-writer {version}\n  \
               store         {store}\n  \
               origin        {origin}\n  \
               verifier key  {key}{further}{index}\n  \
               private key   {private}{new}\n  \
               tree size     {size}{shards}{metrics}\n  \
               listening on  {url}\n\
             \n\
             Try next, in another terminal:\n  \
               export FASTI_LOG={url} FASTI_VKEY='{key}'\n  \
               cargo run --release -p fasti-cli --no-default-features -- loginfo\n",
            store = self.store,
            origin = log.signer().origin(),
            private = self.key,
            size = log.published().head.size,
            metrics = metrics.unwrap_or_default(),
        )
    }
}
