//! A running log, as the rest of the program sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fasti_grow::{GrowthWatch, Leadership, Leaf};
use fasti_seams::clock::Clock;
use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_signer::Signer;
use fasti_store::Store;
use futures::future::{Either, select};
use tiles_spec::{Hash, LeafIndex, TreeSize};
use tokio::sync::watch;

use crate::acknowledged::{Acknowledged, SubmitError, SubmitResult};
use crate::context::Context;
use crate::dedup::{Dedup, DedupIndex};
use crate::driver::Driver;
use crate::inclusion::{ProveError, prove};
use crate::leader::State;
use crate::liveness::Liveness;
use crate::metrics::LogMetrics;
use crate::peers::Role;
use crate::pool::{Pool, PoolLimits, Waiting};
use crate::publication::Publication;
use crate::recover_error::RecoverError;
use crate::waiting_clients::WaitingClients;

/// A running log: accepts entries, and answers once they are published. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    pub(super) pool: Arc<Pool>,
    pub(super) published: watch::Receiver<Arc<Publication>>,
    pub(super) state: watch::Receiver<State>,
    pub(super) is_draining: Arc<AtomicBool>,
    pub(super) liveness: Arc<Liveness>,
    pub(super) clients: Arc<WaitingClients>,
    /// A leader that makes no progress for this long lets others try.
    pub(super) patience: Duration,
    pub(super) batch_pace: Duration,
    answer_time_max: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) objects: Arc<dyn Store>,
    index: Arc<dyn DedupIndex>,
    signer: Arc<dyn Signer>,
    pub(super) metrics: Arc<LogMetrics>,
}

impl Log {
    /// Recovers or creates the log of `context`, or joins its other writers. Nothing happens unless
    /// the [`Driver`] is run; it ends when the log is shut down or has failed.
    pub async fn open(
        context: Context,
        index: Arc<dyn DedupIndex>,
    ) -> Result<(Self, Driver), RecoverError> {
        let limits = PoolLimits {
            entries_max: context.config.pool_entries_max,
            bytes_max: context.config.pool_bytes_max,
        };
        let pool = Arc::new(Pool::new(limits));
        let driver = Driver::open(context, Dedup::new(index.clone()), pool.clone()).await?;
        let log = Self {
            pool,
            index,
            published: driver.published(),
            state: driver.state(),
            is_draining: Arc::default(),
            liveness: driver.liveness().clone(),
            clients: Arc::default(),
            patience: driver.context().config.takeover_after,
            batch_pace: driver.context().config.batch_pace,
            answer_time_max: driver.context().config.answer_time_max,
            clock: driver.context().clock.clone(),
            objects: driver.context().stores.objects.clone(),
            signer: driver.context().signer.clone(),
            metrics: driver.context().metrics.clone(),
        };
        Ok((log, driver))
    }

    /// Submits an entry and waits until it is published. A duplicate gets its existing index.
    ///
    /// Dropping the future abandons the answer, and also the entry if its batch is not yet
    /// committed.
    pub async fn submit(&self, entry: Bytes) -> SubmitResult {
        let length = entry.len();
        let leaf = Leaf::new(entry).ok_or(SubmitError::TooLarge(length))?;
        let began = self.clock.now();
        let waiting = self.pool.submit(leaf.clone(), began).inspect_err(|error| {
            if *error == SubmitError::Pushback {
                self.metrics.pushbacks.inc();
            }
        })?;
        let wait = self.clients.wait(began);
        let answered = std::pin::pin!(self.wait(leaf, waiting));
        let answer = match select(answered, self.clock.sleep(self.answer_time_max)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => return Err(SubmitError::Unanswered),
        };
        let now = self.clock.now();
        wait.end(now);
        self.metrics.stages.submission.observe(now.saturating_duration_since(began).as_secs_f64());
        self.confirm(answer?).await
    }

    /// Waits for the answer, over as many terms as needed.
    async fn wait(&self, leaf: Leaf, mut waiting: Waiting) -> SubmitResult {
        loop {
            match (&mut waiting.answer).await {
                Ok(answer) => return answer,
                Err(_) if planted(Bug::WaitersForgotten) => std::future::pending().await,
                // The batch's term has ended. The next term takes the entry again, and finds it if
                // it is in the log by then.
                Err(_) => self.pool.submit_again(leaf.clone(), &mut waiting, self.clock.now())?,
            }
        }
    }

    /// A hit in the index is believed only when the tree proves it (I13). The proof goes with the
    /// answer.
    pub(super) async fn confirm(&self, mut found: Acknowledged) -> SubmitResult {
        if found.duplicate && found.proof.is_none() && !planted(Bug::HitBelieved) {
            let proof = self.prove(&found.leaf, found.index, &found.publication).await;
            found.proof = Some(proof.map_err(|error| SubmitError::Dedup(error.to_string()))?);
        }
        Ok(found)
    }

    /// The verified inclusion proof of any leaf in a published tree.
    pub async fn prove(
        &self,
        leaf: &Hash,
        index: LeafIndex,
        publication: &Publication,
    ) -> Result<Vec<Hash>, ProveError> {
        prove(&*self.objects, publication, leaf, index).await
    }

    /// Where leaves with these hashes are, as far as this writer knows: all that it has published
    /// itself, and on a writer that follows, nearly all. A hit is believed only after its inclusion
    /// is proved.
    pub async fn find(&self, leaves: Vec<Hash>) -> Result<Vec<Option<LeafIndex>>, SubmitError> {
        let index = self.index.clone();
        let found = offload(move || index.find(&leaves)).await;
        found.map_err(|error| SubmitError::Dedup(error.to_string()))
    }

    /// The newest published tree.
    pub fn published(&self) -> Arc<Publication> {
        self.published.borrow().clone()
    }

    /// The log's objects, for reading.
    pub fn objects(&self) -> &Arc<dyn Store> {
        &self.objects
    }

    /// The log's key and origin.
    pub fn signer(&self) -> &Arc<dyn Signer> {
        &self.signer
    }

    /// The log's source of time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The log accepts no entries, and will not before a restart.
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Its metrics.
    pub fn metrics(&self) -> &LogMetrics {
        &self.metrics
    }

    /// The number of entries that wait for the next batch.
    pub fn waiting(&self) -> usize {
        self.pool.len()
    }

    /// Reports that it is not ready, so that load balancers send no more, but accepts entries as
    /// before.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Accepts no more entries; the driver ends when everything that waits is answered.
    pub fn shut_down(&self) {
        self.pool.close(SubmitError::ShuttingDown);
    }
}

#[async_trait]
impl GrowthWatch for Log {
    /// Never returns if the log shuts down.
    async fn beyond(&self, size: TreeSize) {
        let mut published = self.published.clone();
        if published.wait_for(|published| published.head.size > size).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Leadership for Log {
    async fn until_in_charge(&self, is_in_charge: bool) -> bool {
        let mut state = self.state.clone();
        let is_it =
            |state: &State| matches!(state.role, Role::Leading | Role::Frozen) == is_in_charge;
        // What a log that has shut down was last is still there to see.
        state.wait_for(is_it).await.is_ok() && self.state.has_changed().is_ok()
    }
}
