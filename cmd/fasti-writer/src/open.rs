//! Opens what the flags name: store, key, deduplication index, metrics.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use fasti::clock::SystemClock;
use fasti::entropy::{Entropy as _, OsEntropy};
use fasti::http::{HttpPeers, PeerSecret};
use fasti::log::dedup::{DedupIndex, DiskIndex, MemoryIndex};
use fasti::log::{Context, Log, Sharing};
use fasti::lookup::Site;
use fasti::metrics::{self, LogMetrics, LookupMetrics};
use fasti::store::{
    BucketLocation, BucketStore, DirectoryOptions, DirectoryStore, MemoryStore, Shelf, Stores,
    probe,
};
use fasti_flags::NoState;
use prometheus_client::registry::Registry;

use crate::flags::Flags;
use crate::key::Key;
use crate::memory;
use crate::origin;

/// What the writer runs on.
pub struct Opened {
    /// The log's parts.
    pub context: Context,
    /// The lookup index, if one is kept.
    pub lookup: Option<Site>,
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
}

/// Opens everything the flags name. Whatever must be refused is refused here or by the log's own
/// recovery, before the writer accepts any connection.
pub async fn open(flags: &Flags) -> anyhow::Result<Opened> {
    let mut registry = Registry::with_prefix("fasti");
    let log_metrics = Arc::new(LogMetrics::default());
    log_metrics.register(&mut registry);
    let place = Place::parse(&flags.store)?;
    let state = match &place {
        Place::Memory => Err(NoState::Unnamed),
        Place::Directory(_) | Place::Bucket(_) => flags.machine.state(),
    };
    let named_state = flags.machine.state_dir.as_deref().filter(|_| state.is_ok());
    // Before the store is touched: the key of a log in a bucket is stored elsewhere.
    let bucket_key = match &place {
        Place::Bucket(_) => Some(Key::open_for_bucket(flags).await?),
        Place::Memory | Place::Directory(_) => None,
    };
    match &place {
        Place::Memory => origin::check(&flags.origin, true)?,
        Place::Directory(path) => origin::check(&flags.origin, !path.join("checkpoint").exists())?,
        Place::Bucket(_) => {}
    }
    let store = place.open(flags, &mut registry).await?;
    if let Place::Bucket(_) = place {
        origin::check_in(&flags.origin, &*store.stores.objects).await?;
    }
    let key = match (bucket_key, &place) {
        (Some(key), _) => key,
        (None, Place::Directory(root)) => {
            Key::open_for_directory(flags, root, state.as_ref().ok()).await?
        }
        (None, _) => Key::open_for_memory(flags).await?,
    };
    let memory = match &place {
        Place::Memory => None,
        Place::Directory(root) => memory::open(&key.opened, state, Some(root)),
        Place::Bucket(_) => memory::open(&key.opened, state, None),
    };
    if let Some(size) = flags.restored_at {
        memory::refuse_needless(size, store.was_copied, memory.as_ref(), &*key.opened.signer)?;
    }
    let Store { stores, private, shelf, .. } = store;
    let peer_secret = match place {
        Place::Bucket(_) => Some(key.peer_secret(flags)?),
        Place::Memory | Place::Directory(_) => None,
    };
    let peers = peer_secret.clone().map(|secret| peers(flags, secret)).transpose()?;
    let index = open_index(flags, named_state, private.as_deref())?;
    let context = Context {
        config: flags.log_config(),
        stores,
        signer: key.opened.signer,
        memory,
        sharing: peers.map_or(Sharing::Alone, |peers| Sharing::Shared(Arc::new(peers))),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: log_metrics,
    };
    let lookup_metrics = Arc::new(LookupMetrics::default());
    lookup_metrics.register(&mut registry);
    let lookup = flags.lookup.site(&context, shelf, lookup_metrics)?;
    let banner = Banner { store: place.to_string(), key: key.place, is_new_key: key.is_new };
    Ok(Opened { context, lookup, index, registry, banner, peer_secret })
}

/// An opened store.
struct Store {
    stores: Stores,
    /// The directory for files private to the writer.
    private: Option<PathBuf>,
    /// Removes old parts of the lookup index.
    shelf: Option<Arc<dyn Shelf>>,
    /// Whether the directory was a copy, and was accepted as one.
    was_copied: bool,
}

enum Place {
    Memory,
    Directory(PathBuf),
    Bucket(BucketLocation),
}

impl Place {
    fn parse(store: &str) -> anyhow::Result<Self> {
        match store.split_once(':') {
            _ if BucketLocation::is_meant_by(store) => {
                Ok(Self::Bucket(store.parse().context("--store")?))
            }
            Some(("memory", _)) => Ok(Self::Memory),
            Some(("file", rest)) => match rest.strip_prefix("//") {
                Some(path) if path.starts_with('/') => Ok(Self::Directory(path.into())),
                _ => bail!("--store {store}: a file URL must be file:///ABSOLUTE/PATH"),
            },
            Some((scheme, rest)) if rest.starts_with("//") => {
                bail!(
                    "--store {store}: {scheme}:// is not supported; use s3://, gs://, az://, a \
                     directory or memory:"
                )
            }
            _ if store.is_empty() => bail!("--store is empty"),
            _ => Ok(Self::Directory(store.into())),
        }
    }

    async fn open(&self, flags: &Flags, registry: &mut Registry) -> anyhow::Result<Store> {
        let path = match self {
            Self::Memory => {
                return Ok(Store::shared(Stores::shared(Arc::new(MemoryStore::default()))));
            }
            Self::Bucket(location) => {
                return Ok(Store::shared(open_bucket(location.clone(), flags, registry).await?));
            }
            Self::Directory(path) => path,
        };
        let options = DirectoryOptions {
            accept_copy: flags.restored_at.is_some(),
            ..flags.machine.directory_options()
        };
        let store = Arc::new(DirectoryStore::open(path, options)?);
        let counted = store.clone();
        metrics::register_syncs(registry, move || counted.sync_count());
        Ok(Store {
            private: Some(path.join("_writer")),
            shelf: Some(store.clone()),
            was_copied: store.was_copied(),
            stores: Stores::of(store),
        })
    }
}

impl Store {
    fn shared(stores: Stores) -> Self {
        Self { private: None, shelf: stores.shelf.clone(), was_copied: false, stores }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("memory (gone when the writer stops)"),
            Self::Directory(path) => path.display().fmt(f),
            Self::Bucket(location) => location.fmt(f),
        }
    }
}

/// Opens a bucket and checks that its conditional writes keep concurrent writers apart.
async fn open_bucket(
    location: BucketLocation,
    flags: &Flags,
    registry: &mut Registry,
) -> anyhow::Result<Stores> {
    let name = location.to_string();
    let store = Arc::new(BucketStore::open(location, &flags.bucket.options()?).await?);
    let counted = store.clone();
    metrics::register_requests(registry, move || counted.requests());
    let stores = Stores::shared(store);
    let probed = probe::probe(&stores, OsEntropy.nonce()).await;
    probed.with_context(|| format!("{name} cannot be used (`fasti doctor` says more)"))?;
    Ok(stores)
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
fn open_index(
    flags: &Flags,
    state: Option<&Path>,
    private: Option<&Path>,
) -> anyhow::Result<Arc<dyn DedupIndex>> {
    let path = match (state, private) {
        (Some(state), _) => state.join("dedup"),
        (None, Some(private)) => private.join("dedup"),
        (None, None) => {
            if BucketLocation::is_meant_by(&flags.store) {
                tracing::warn!(
                    "the deduplication index is kept in memory and rebuilt from the log at each \
                     start; use --state-dir to keep it on disk"
                );
            }
            return Ok(Arc::new(MemoryIndex::default()));
        }
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
    /// Prints where everything is and what to try next. A closed stdout is not an error.
    pub fn print(&self, log: &Log, url: &str, metrics: Option<SocketAddr>) {
        drop(std::io::stdout().write_all(self.text(log, url, metrics).as_bytes()));
    }

    fn text(&self, log: &Log, url: &str, metrics: Option<SocketAddr>) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let key = log.signer().verifier_key();
        let further = log.signer().further().iter();
        let further: Vec<_> =
            further.map(|f| format!("\n  further key   {}", f.verifier_key())).collect();
        let further = further.concat();
        let new = if self.is_new_key { ", new" } else { "" };
        let metrics = metrics.map(|m| format!("\n  metrics on    http://{m}/metrics"));
        format!(
            "fasti-writer {version}\n  \
               store         {store}\n  \
               origin        {origin}\n  \
               verifier key  {key}{further}\n  \
               private key   {private}{new}\n  \
               tree size     {size}{metrics}\n  \
               listening on  {url}\n\
             \n\
             Try next, in another terminal:\n  \
               export FASTI_LOG={url} FASTI_VKEY='{key}'\n  \
               cargo run --release --bin fasti -- loginfo\n",
            store = self.store,
            origin = log.signer().origin(),
            private = self.key,
            size = log.published().head.size,
            metrics = metrics.unwrap_or_default(),
        )
    }
}
