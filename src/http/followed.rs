//! A log that others write, as its published files show it: what a server without keys reads.
//!
//! | module | what it is |
//! |---|---|
//! | `files` | the log's files, wherever they are, and what is kept of them |
//! | `snapshot` | the files that change, as of one verified checkpoint |
//! | `error` | why a newer checkpoint is not shown |
//!
//! The files that change are read again and again. A checkpoint is shown once a trusted key has
//! signed it and its tree was proved to extend the tree shown before. A smaller or forked one is
//! never shown; the one before it stays, and after a while the server says that it is not ready.
//!
//! Nothing is kept beyond the process: after a start, the first checkpoint has nothing before it.

mod error;
mod files;
mod snapshot;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fasti_client::description::Description;
use fasti_client::fetch::{Fetch, StoreFetch};
use fasti_client::reader::View;
use fasti_client::trust::{OpenedCheckpoint, Trust};
use fasti_objects::Published;
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use fasti_store::Store;
use tiles_spec::{TreeHead, VerifierKey};

pub use self::error::FollowError;
use self::files::Files;
use crate::metrics::FollowedMetrics;

/// How a log is followed.
#[derive(Clone, Copy, Debug)]
pub struct FollowConfig {
    /// How long to wait before the files that change are read again.
    pub refresh: Duration,
    /// After how long without success the server says that it is not ready.
    pub stale_after: Duration,
    /// Maximum bytes of files kept in memory.
    pub kept_bytes_max: usize,
}

/// A log that others write.
pub struct FollowedLog {
    files: Arc<Files>,
    objects: Arc<dyn Store>,
    trust: Trust,
    key: VerifierKey,
    public_key: Vec<u8>,
    clock: Arc<dyn Clock>,
    config: FollowConfig,
    metrics: FollowedMetrics,
    freshness: Mutex<Freshness>,
    is_closed: AtomicBool,
}

/// How old what is shown is.
struct Freshness {
    refreshed: Instant,
    /// Why it was not refreshed since.
    fault: Option<String>,
    /// When what was kept was forgotten, because some of it was wrong.
    forgotten: Option<Instant>,
}

impl FollowedLog {
    /// Opens the log at its newest checkpoint, signed by a trusted key.
    pub async fn open(
        fetch: Arc<dyn Fetch>,
        trust: Trust,
        config: FollowConfig,
        clock: Arc<dyn Clock>,
        metrics: FollowedMetrics,
    ) -> Result<Arc<Self>, FollowError> {
        let kept = config.kept_bytes_max;
        let files = Arc::new(Files::new(fetch, kept, clock.clone(), metrics.clone()));
        let objects: Arc<dyn Store> = files.clone();
        let newest = files.newest().await?;
        let opened = trust.open(newest.checkpoint())?;
        let (head, key) = (opened.head(), opened.log().key.clone());
        let public_key = key.public_key().to_spki_der().ok_or(FollowError::Key)?;
        View::at(Arc::new(StoreFetch::new(objects.clone())), opened).await?;
        files.show(newest.of(head));
        let freshness =
            Mutex::new(Freshness { refreshed: clock.now(), fault: None, forgotten: None });
        let is_closed = AtomicBool::new(false);
        metrics.show(head.size);
        Ok(Arc::new(Self {
            files,
            objects,
            trust,
            key,
            public_key,
            clock,
            config,
            metrics,
            freshness,
            is_closed,
        }))
    }

    /// Follows the log, for ever.
    pub async fn keep_current(&self) {
        loop {
            self.clock.sleep(self.config.refresh).await;
            let refreshed = self.refresh().await;
            self.note(refreshed);
        }
    }

    /// Tells those who watch the server's health that it ends.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// The tree that is shown.
    pub fn head(&self) -> TreeHead {
        self.files.shown().head()
    }

    /// The log's key.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The DER `SubjectPublicKeyInfo` of the log's key.
    pub(super) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(super) fn objects(&self) -> &Arc<dyn Store> {
        &self.objects
    }

    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// The tree that is shown, with its checkpoint.
    pub(super) fn published(&self) -> (TreeHead, Bytes) {
        let shown = self.files.shown();
        (shown.head(), shown.checkpoint().clone())
    }

    /// What the log says about itself.
    pub(super) fn description(&self) -> Description {
        let shown = self.files.shown();
        let description = shown.get(&Published::Description);
        description.map_or_else(Description::default, |json| Description::parse(json))
    }

    /// Whether the log says that what is shown is its last tree.
    pub(super) fn is_frozen(&self) -> bool {
        self.description().last_tree() == Some(self.files.shown().head())
    }

    /// Whether what is shown is fresh enough; if not, why.
    pub fn is_fresh(&self) -> Result<(), String> {
        let freshness = self.freshness.lock().unwrap_or_else(PoisonError::into_inner);
        let age = self.clock.now().saturating_duration_since(freshness.refreshed);
        if age <= self.config.stale_after {
            return Ok(());
        }
        let fault = freshness.fault.as_deref().unwrap_or("it takes too long to read");
        Err(format!("the checkpoint was not refreshed for {} seconds: {fault}", age.as_secs()))
    }

    /// Keeps nothing any more: some of what is kept may not be what was signed. It may also be that
    /// what is read is always wrong, so this helps only from time to time.
    pub(super) fn distrust(&self) {
        let mut freshness = self.freshness.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let last = freshness.forgotten.map(|last| now.saturating_duration_since(last));
        if last.is_none_or(|age| age >= self.config.refresh) {
            freshness.forgotten = Some(now);
            self.files.forget();
        }
    }

    async fn refresh(&self) -> Result<(), FollowError> {
        let newest = self.files.newest().await?;
        let opened = self.trust.open(newest.checkpoint())?;
        let head = opened.head();
        self.expect_growth(opened).await?;
        self.files.show(newest.of(head));
        self.metrics.show(head.size);
        Ok(())
    }

    /// Refuses a tree that was not proved to extend the one that is shown.
    async fn expect_growth(&self, newest: OpenedCheckpoint) -> Result<(), FollowError> {
        let (shown, found) = (self.head(), newest.head());
        if newest.log().origin() != self.key.name().as_str() {
            return Err(FollowError::OtherLog { origin: newest.log().origin().to_owned() });
        }
        if found == shown {
            return Ok(());
        }
        if found.size < shown.size {
            return Err(FollowError::Shrunk { shown, found });
        }
        if found.size == shown.size {
            return Err(FollowError::Fork { shown, found });
        }
        let files = Arc::new(StoreFetch::new(self.objects.clone()));
        let mut view = View::at(files, newest).await?;
        match view.head_at(shown.size).await? {
            before if before == shown => Ok(()),
            _ => Err(FollowError::Fork { shown, found }),
        }
    }

    /// Remembers how it went, and says so when it goes differently.
    fn note(&self, refreshed: Result<(), FollowError>) {
        let mut freshness = self.freshness.lock().unwrap_or_else(PoisonError::into_inner);
        let error = match refreshed {
            Ok(()) => {
                if freshness.fault.take().is_some() {
                    tracing::info!("the log can be followed again");
                }
                freshness.refreshed = self.clock.now();
                return;
            }
            Err(error) => error,
        };
        self.metrics.refresh_failures.inc();
        let is_refusal = error.is_refusal();
        if is_refusal {
            // A file that was kept can be what is wrong.
            self.files.forget();
        }
        let fault = with_causes(&error);
        if freshness.fault.as_ref() == Some(&fault) {
            return;
        }
        let shown = self.files.shown().head().size;
        if is_refusal {
            tracing::error!(%shown, error = fault, "a newer checkpoint is refused and not shown");
        } else {
            tracing::warn!(%shown, error = fault, "the log's files cannot be read");
        }
        freshness.fault = Some(fault);
    }
}
