//! From flags to an opened log: store, key, deduplication index, metrics.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::dedup::{DedupIndex, DiskIndex, MemoryIndex};
use fasti::log::{Context, Log};
use fasti::metrics::{self, LogMetrics};
use fasti::signer::{FileSigner, SignedMemory, Signer, generate_key_file};
use fasti::store::{DirectoryOptions, DirectoryStore, MemoryStore, Stores};
use prometheus_client::registry::Registry;
use tiles_spec::NoteSigningKey;

use crate::flags::Flags;

/// What the writer runs on.
pub struct Opened {
    /// The log's parts.
    pub context: Context,
    /// The deduplication index.
    pub index: Arc<dyn DedupIndex>,
    /// What is counted.
    pub registry: Registry,
    /// What a person is told.
    pub banner: Banner,
}

/// What the writer prints when it is ready.
pub struct Banner {
    store: String,
    key: String,
    is_new_key: bool,
}

/// Opens everything the flags name. What has to be refused is refused here or by the log's own
/// recovery, before anything is listened to.
pub fn open(flags: &Flags) -> anyhow::Result<Opened> {
    let mut registry = Registry::with_prefix("fasti");
    let log_metrics = Arc::new(LogMetrics::default());
    log_metrics.register(&mut registry);
    let place = Place::parse(&flags.store)?;
    let (stores, private) = place.open(flags, &mut registry)?;
    let key = Key::open(flags, private.as_deref())?;
    let index = open_index(flags, private.as_deref())?;
    let context = Context {
        config: flags.log_config(),
        stores,
        signer: key.signer,
        memory: key.memory,
        peers: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: log_metrics,
    };
    let banner = Banner { store: place.to_string(), key: key.place, is_new_key: key.is_new };
    Ok(Opened { context, index, registry, banner })
}

enum Place {
    Memory,
    Directory(PathBuf),
}

impl Place {
    fn parse(store: &str) -> anyhow::Result<Self> {
        match store.split_once(':') {
            Some(("memory", _)) => Ok(Self::Memory),
            Some(("file", rest)) => match rest.strip_prefix("//") {
                Some(path) if path.starts_with('/') => Ok(Self::Directory(path.into())),
                _ => bail!("--store {store}: a file URL is file:///ABSOLUTE/PATH"),
            },
            Some((scheme, rest)) if rest.starts_with("//") => {
                bail!("--store {store}: this build writes to directories and memory:, not {scheme}")
            }
            _ if store.is_empty() => bail!("--store names nothing"),
            _ => Ok(Self::Directory(store.into())),
        }
    }

    /// The stores, and the directory for what is private to the writer.
    fn open(
        &self,
        flags: &Flags,
        registry: &mut Registry,
    ) -> anyhow::Result<(Stores, Option<PathBuf>)> {
        let Self::Directory(path) = self else {
            return Ok((Stores::shared(Arc::new(MemoryStore::default())), None));
        };
        let options = DirectoryOptions {
            accept_copy: flags.restored_at.is_some(),
            ..DirectoryOptions::default()
        };
        let store = Arc::new(DirectoryStore::open(path, options)?);
        let counted = store.clone();
        metrics::register_syncs(registry, move || counted.sync_count());
        Ok((Stores::of(store), Some(path.join("_writer"))))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("memory (gone when the writer stops)"),
            Self::Directory(path) => path.display().fmt(f),
        }
    }
}

struct Key {
    signer: Arc<dyn Signer>,
    memory: Option<SignedMemory>,
    place: String,
    is_new: bool,
}

impl Key {
    fn open(flags: &Flags, private: Option<&Path>) -> anyhow::Result<Self> {
        let origin = flags.origin.clone();
        let (path, may_be_made) = match (&flags.key, private) {
            (Some(path), _) => (path.clone(), false),
            (None, Some(private)) => (private.join("log.key"), true),
            (None, None) => {
                let key = NoteSigningKey::generate(&mut OsEntropy, origin.key_name());
                let signer = Arc::new(FileSigner::new(origin, key));
                let place = "memory".to_owned();
                return Ok(Self { signer, memory: None, place, is_new: true });
            }
        };
        let is_new = may_be_made && !path.exists();
        if is_new {
            generate_key_file(&path, &origin)?;
        }
        let signer = FileSigner::open(&path, origin).with_context(|| {
            "see `fasti keygen` for making a key, and --origin for naming the log".to_owned()
        })?;
        let memory = Some(SignedMemory::beside(&path));
        Ok(Self { signer: Arc::new(signer), memory, place: path.display().to_string(), is_new })
    }
}

/// The index can always be rebuilt, so one that does not open is moved out of the way.
fn open_index(flags: &Flags, private: Option<&Path>) -> anyhow::Result<Arc<dyn DedupIndex>> {
    let path = match (&flags.state_dir, private) {
        (Some(dir), _) => dir.join("dedup"),
        (None, Some(private)) => private.join("dedup"),
        (None, None) => return Ok(Arc::new(MemoryIndex::default())),
    };
    std::fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match DiskIndex::open(&path) {
        Ok(index) => Ok(Arc::new(index)),
        Err(error) => {
            tracing::warn!(%error, "the deduplication index does not open; rebuilding it");
            std::fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
            Ok(Arc::new(DiskIndex::open(&path)?))
        }
    }
}

impl Banner {
    /// Prints where everything is, and what to try next. Nobody has to be listening.
    pub fn print(&self, log: &Log, address: SocketAddr, metrics: Option<SocketAddr>) {
        drop(std::io::stdout().write_all(self.text(log, address, metrics).as_bytes()));
    }

    fn text(&self, log: &Log, address: SocketAddr, metrics: Option<SocketAddr>) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let key = log.signer().verifier_key();
        let new = if self.is_new_key { ", new" } else { "" };
        let metrics = metrics.map(|m| format!("\n  metrics on    http://{m}/metrics"));
        format!(
            "fasti-writer {version}\n  \
               store         {store}\n  \
               origin        {origin}\n  \
               verifier key  {key}\n  \
               private key   {private}{new}\n  \
               tree size     {size}{metrics}\n  \
               listening on  http://{address}\n\
             \n\
             Try next, in another terminal:\n  \
               export FASTI_LOG=http://{address} FASTI_VKEY='{key}'\n  \
               cargo run --release --bin fasti -- loginfo\n",
            store = self.store,
            origin = log.signer().origin(),
            private = self.key,
            size = log.published().head.size,
            metrics = metrics.unwrap_or_default(),
        )
    }
}
