//! The log: from a submitted entry to a leaf in a published tree.
//!
//! In reading order, which is also the path of a submission:
//! - [`pool`]: waits for the next batch, in bounded space
//! - [`allowance`]: waits a little longer if its batch would rewrite too much
//! - [`sequence`]: gets an index ([`dedup`] knows the existing ones)
//! - [`integrate`]: becomes tiles, bundles and a root
//! - [`record`], [`commit`]: is committed by one create-only write
//! - [`guard`]: is checked again, before the write and before the signature
//! - [`publish`]: is written, signed and published
//! - [`lead`]: the loop that does all this, pipelined
//! - [`trim`]: removes what is no longer needed
//! - [`freeze`], [`give_way`]: the permanent end of a log
//! - [`seen`], [`remember`]: what this process has verified and what its key has signed limit what
//!   it signs next
//! - [`replay`], [`load`], [`recover`]: the next leader finishes, or refuses, what was left undone
//! - [`follow`], [`peers`]: a writer that does not lead forwards its submissions to the leader
//! - [`roles`], [`wake`]: who leads, and when another writer takes over
//! - [`progress`], [`answers`]: whether the log makes progress
//!
//! [`Log`] is the interface to the rest of the program. The invariants that the modules cite are in
//! `src/docs/safety.md`.

mod allowance;
mod answers;
pub mod commit;
pub mod dedup;
mod description;
mod follow;
mod freeze;
mod give_way;
pub mod guard;
pub mod integrate;
mod lead;
pub mod load;
pub mod metrics;
pub mod peers;
mod pool;
mod progress;
mod publish;
pub mod record;
mod recover;
mod remember;
mod replay;
mod roles;
mod seen;
mod sequence;
mod trim;
mod wake;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select, try_join_all};
use tiles_spec::{Hash, LeafIndex, ProofPlan, TileMap, TreeSize, plan_inclusion, verify_inclusion};
use tokio::sync::watch;

use fasti_seams::clock::Clock;
use fasti_seams::entropy::Entropy;
use fasti_seams::planted::{Bug, planted};
use fasti_signer::{SignedMemory, Signer};
use fasti_store::{ObjectPath, Store, StoreError, Stores};
pub use freeze::{Frozen, freeze};
pub use integrate::Leaf;
pub use lead::LogError;
pub use publish::{Publication, PublishError};
pub use record::RECORD_MAGIC;
pub use recover::RecoverError;
pub use roles::Driver;
pub use seen::Witness;

use crate::metrics::LogMetrics;
use answers::Answers;
use dedup::{Dedup, DedupIndex};
use peers::{NotTaken, PeerAnswer, PeerIncluded, Peers, Role, Standing};
use pool::{Pool, PoolLimits, Waiting};
use progress::Progress;
use record::Epoch;
use roles::State;

/// A takeover that takes longer is considered stuck.
const TAKEOVER_TIME: Duration = Duration::from_secs(5);

/// The limits of a log.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Most entries in one batch.
    pub batch_entries_max: usize,
    /// Most bytes of entries in one batch.
    pub batch_bytes_max: usize,
    /// Most entries that wait for a batch.
    pub pool_entries_max: usize,
    /// Most bytes of entries that wait for a batch.
    pub pool_bytes_max: usize,
    /// How often the checkpoint of an idle log is signed and published again.
    pub republish_interval: Duration,
    /// The address at which other writers reach this one; it is part of its records.
    pub writer_address: String,
    /// How often a follower asks the leader for its status.
    pub ping_interval: Duration,
    /// A leader that was silent for this long is considered gone.
    pub takeover_after: Duration,
    /// How long a submission waits for its answer at most.
    pub answer_time_max: Duration,
    /// Least time between two batches, for stores that limit the rate of writes to one name.
    pub batch_pace: Duration,
    /// How many bytes of unfinished bundles are rewritten per second, in addition to those that new
    /// entries allow.
    pub rewrite_rate: u64,
    /// The operator states that the log had at least this size; a smaller one is refused.
    pub size_seen: Option<TreeSize>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            batch_entries_max: 4096,
            batch_bytes_max: 16 << 20,
            pool_entries_max: 16_384,
            pool_bytes_max: 64 << 20,
            republish_interval: Duration::from_hours(1),
            writer_address: String::new(),
            ping_interval: Duration::from_millis(500),
            takeover_after: Duration::from_secs(2),
            answer_time_max: Duration::from_mins(1),
            batch_pace: Duration::ZERO,
            rewrite_rate: 128 << 20,
            size_seen: None,
        }
    }
}

/// Everything a log is made of.
pub struct Context {
    /// The limits.
    pub config: LogConfig,
    /// Where it is stored.
    pub stores: Stores,
    /// Its key.
    pub signer: Arc<dyn Signer>,
    /// What the key has signed and its writers have verified, if a memory is kept.
    pub memory: Option<SignedMemory>,
    /// The other writers of this log, if there can be any.
    pub peers: Option<Arc<dyn Peers>>,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The metrics.
    pub metrics: Arc<LogMetrics>,
}

impl Context {
    /// A random time below `limit`.
    fn below(&self, limit: Duration) -> Duration {
        let [first, second, ..] = self.entropy.nonce();
        limit * u32::from(u16::from_be_bytes([first, second])) / (1 << 16)
    }
}

/// The answer to a submission.
pub type Answer = Result<Acknowledged, SubmitError>;

/// A leaf that is in the published tree, for ever (I4).
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Its index.
    pub index: LeafIndex,
    /// Its leaf hash, which was proved to be at that index.
    pub leaf: Hash,
    /// Whether the log held it before this submission.
    pub duplicate: bool,
    /// A published tree that contains it.
    pub publication: Arc<Publication>,
    /// The inclusion proof in that tree, if another writer has supplied it.
    pub proof: Option<Vec<Hash>>,
}

/// A submission was not accepted, or not answered. Exhaustive, so that everything that passes it on
/// has to decide on each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The entry is too long.
    #[error("the entry has {0} bytes; a log takes at most 65535")]
    TooLarge(usize),
    /// Too much is waiting. Nothing was accepted; try again later.
    #[error("the log is busy; try again")]
    Pushback,
    /// The writer is shutting down. Nothing was accepted; try another writer, or try later.
    #[error("the writer is shutting down; try again")]
    ShuttingDown,
    /// The log has stopped. It is not known whether the entry is in it; submitting it again is
    /// safe.
    #[error("the log has stopped: {0}")]
    Halted(String),
    /// No writer published the entry in time. It is not known whether it is in the log, or will be;
    /// submitting it again is safe.
    #[error("the entry was not published in time; it may still be. Submit it again")]
    Unanswered,
    /// It could not be determined whether the log holds the entry already. Nothing was accepted.
    #[error("cannot look up whether the entry is in the log: {0}")]
    Lookup(String),
    /// No indices are left.
    #[error("the log is full")]
    LogIsFull,
    /// The log is frozen (I17). Nothing was accepted, and nothing ever will be.
    #[error("This log has been frozen, please switch to the latest log.")]
    Frozen,
}

/// A proof could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The leaf is not in that tree.
    #[error("leaf {index} is not in the tree of size {size}")]
    OutOfTree {
        /// The leaf.
        index: LeafIndex,
        /// The tree.
        size: TreeSize,
    },
    /// A tile is missing (I3).
    #[error("the tile {0} is missing")]
    MissingTile(ObjectPath),
    /// The tiles do not prove that this leaf is at this index.
    #[error("the tiles do not prove that the leaf is at index {index}")]
    NotProved {
        /// The index.
        index: LeafIndex,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A running log: accepts entries, and answers once they are published. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    pool: Arc<Pool>,
    published: watch::Receiver<Arc<Publication>>,
    state: watch::Receiver<State>,
    is_draining: Arc<AtomicBool>,
    progress: Arc<Progress>,
    answers: Arc<Answers>,
    /// A leader that makes no progress for this long lets others try.
    patience: Duration,
    batch_pace: Duration,
    answer_time_max: Duration,
    clock: Arc<dyn Clock>,
    objects: Arc<dyn Store>,
    signer: Arc<dyn Signer>,
    metrics: Arc<LogMetrics>,
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
        let driver = Driver::open(context, Dedup::new(index), pool.clone()).await?;
        let log = Self {
            pool,
            published: driver.published(),
            state: driver.state(),
            is_draining: Arc::default(),
            progress: driver.progress().clone(),
            answers: Arc::default(),
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
    pub async fn submit(&self, entry: Bytes) -> Answer {
        let length = entry.len();
        let leaf = Leaf::new(entry).ok_or(SubmitError::TooLarge(length))?;
        let waiting = self.pool.submit(leaf.clone()).inspect_err(|error| {
            if *error == SubmitError::Pushback {
                self.metrics.pushbacks.inc();
            }
        })?;
        let wait = self.answers.wait(self.clock.now());
        let answered = std::pin::pin!(self.wait(leaf, waiting));
        let answer = match select(answered, self.clock.sleep(self.answer_time_max)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => return Err(SubmitError::Unanswered),
        };
        wait.end(self.clock.now());
        self.confirm(answer?).await
    }

    /// Waits for the answer, over as many terms as needed.
    async fn wait(&self, leaf: Leaf, mut waiting: Waiting) -> Answer {
        loop {
            match (&mut waiting.answer).await {
                Ok(answer) => return answer,
                Err(_) if planted(Bug::WaitersForgotten) => std::future::pending().await,
                // The batch's term has ended. The next term takes the entry again, and finds it if
                // it is in the log by then.
                Err(_) => self.pool.submit_again(leaf.clone(), &mut waiting)?,
            }
        }
    }

    /// A hit in the index is believed only when the tree proves it.
    async fn confirm(&self, acknowledged: Acknowledged) -> Answer {
        if acknowledged.duplicate && !planted(Bug::HitBelieved) {
            let proof = self.prove(&acknowledged).await;
            proof.map_err(|error| SubmitError::Lookup(error.to_string()))?;
        }
        Ok(acknowledged)
    }

    /// Accepts entries that a peer has verified, and answers once they are published. Fails if this
    /// writer does not lead in `term`, or loses leadership before all are answered.
    pub async fn take_forwarded(
        &self,
        term: Epoch,
        entries: Vec<Bytes>,
    ) -> Result<Vec<PeerAnswer>, NotTaken> {
        let State { role, leader, .. } = self.state.borrow().clone();
        if role != Role::Leading {
            return Err(NotTaken::NotLeading);
        }
        if leader.epoch != term {
            return Err(NotTaken::OtherTerm);
        }
        try_join_all(entries.into_iter().map(|entry| self.take_one(entry))).await
    }

    async fn take_one(&self, entry: Bytes) -> Result<PeerAnswer, NotTaken> {
        let length = entry.len();
        let Some(leaf) = Leaf::new(entry) else {
            return Ok(PeerAnswer::Refused(SubmitError::TooLarge(length)));
        };
        let waiting = match self.pool.submit(leaf) {
            Ok(waiting) => waiting,
            Err(SubmitError::ShuttingDown | SubmitError::Halted(_) | SubmitError::Frozen) => {
                return Err(NotTaken::NotLeading);
            }
            Err(reason) => return Ok(PeerAnswer::Refused(reason)),
        };
        let wait = self.answers.wait(self.clock.now());
        let answer = waiting.answer.await.map_err(|_| NotTaken::NotLeading)?;
        wait.end(self.clock.now());
        let answer = match answer {
            Ok(acknowledged) => self.confirm(acknowledged).await,
            refused => refused,
        };
        let acknowledged = match answer {
            Ok(acknowledged) => acknowledged,
            Err(SubmitError::Halted(_) | SubmitError::Frozen) => return Err(NotTaken::NotLeading),
            Err(reason) => return Ok(PeerAnswer::Refused(reason)),
        };
        Ok(match self.prove(&acknowledged).await {
            Ok(proof) => PeerAnswer::Included(PeerIncluded {
                index: acknowledged.index,
                duplicate: acknowledged.duplicate,
                checkpoint: acknowledged.publication.checkpoint.clone(),
                proof,
            }),
            Err(error) => PeerAnswer::Refused(SubmitError::Lookup(error.to_string())),
        })
    }

    /// The verified inclusion proof of an acknowledged leaf in the tree of its acknowledgement.
    pub async fn prove(&self, leaf: &Acknowledged) -> Result<Vec<Hash>, ProveError> {
        let head = leaf.publication.head;
        if let Some(proof) = &leaf.proof {
            verify_inclusion(&leaf.leaf, leaf.index, &head, proof)
                .map_err(|_| ProveError::NotProved { index: leaf.index })?;
            return Ok(proof.clone());
        }
        let plan = plan_inclusion(leaf.index, head.size)
            .map_err(|_| ProveError::OutOfTree { index: leaf.index, size: head.size })?;
        let proof = match plan.build(&leaf.publication.tiles) {
            Ok(proof) => proof,
            Err(_) => self.prove_from_store(&plan, leaf.index).await?,
        };
        verify_inclusion(&leaf.leaf, leaf.index, &head, &proof)
            .map_err(|_| ProveError::NotProved { index: leaf.index })?;
        Ok(proof)
    }

    async fn prove_from_store(
        &self,
        plan: &ProofPlan,
        index: LeafIndex,
    ) -> Result<Vec<Hash>, ProveError> {
        let mut tiles = TileMap::default();
        for &coord in plan.tiles() {
            let tile = load::tile(&*self.objects, coord).await?;
            tiles.insert(coord, tile.ok_or_else(|| ProveError::MissingTile(coord.into()))?);
        }
        plan.build(&tiles).map_err(|_| ProveError::NotProved { index })
    }

    /// The newest published tree.
    pub fn published(&self) -> Arc<Publication> {
        self.published.borrow().clone()
    }

    /// Waits until the published tree is larger than `size`; for ever if the log shuts down.
    pub async fn grown_beyond(&self, size: TreeSize) {
        let mut published = self.published.clone();
        if published.wait_for(|published| published.head.size > size).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until this writer is, or is not, in charge of work that follows from the log. It is in
    /// charge while it leads, and once the log has ended. `false` when the log shuts down.
    pub async fn until_in_charge(&self, is_in_charge: bool) -> bool {
        let mut state = self.state.clone();
        let is_it =
            |state: &State| matches!(state.role, Role::Leading | Role::Frozen) == is_in_charge;
        state.wait_for(is_it).await.is_ok()
    }

    /// The log's objects, for reading.
    pub fn objects(&self) -> &Arc<dyn Store> {
        &self.objects
    }

    /// The log's key and origin.
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// The log's source of time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The log accepts no entries, and will not before a restart.
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// The number of entries that wait for the next batch.
    pub fn waiting(&self) -> usize {
        self.pool.len()
    }

    /// The log can serve: its driver is running, a writer leads or soon will, and it is not
    /// shutting down. A frozen log is ready, since it can still be read. During a takeover entries
    /// wait: if all writers said no then, a load balancer would have nowhere to send them. A writer
    /// that cannot reach the leader for longer is not ready, and neither is one that is stuck.
    pub fn is_ready(&self) -> bool {
        let is_running = self.published.has_changed().is_ok() && !self.pool.is_closed();
        let is_stalled = self.stalled_for().is_some();
        let state = self.state.borrow();
        let silence = self.clock.now().saturating_duration_since(state.heard);
        let is_sure = matches!(state.role, Role::Leading | Role::Frozen);
        is_running
            && !self.is_draining.load(Ordering::Relaxed)
            && (is_sure || silence < self.patience + TAKEOVER_TIME)
            && !is_stalled
    }

    /// How long entries have been waiting without any being answered, if that is too long: longer
    /// than a leader may be silent, or, if this writer does not lead, longer than a takeover takes.
    pub fn stalled_for(&self) -> Option<Duration> {
        let now = self.clock.now();
        let (silence, limit) = (self.answers.silence(now), self.patience + self.batch_pace);
        match self.state.borrow().role {
            Role::Frozen => None,
            Role::Leading if self.is_stalled() => Some(silence.max(self.patience)),
            Role::Leading => (silence > limit).then_some(silence),
            _ => (silence > limit + TAKEOVER_TIME).then_some(silence),
        }
    }

    /// The log has ended, as far as this writer knows.
    pub fn is_frozen(&self) -> bool {
        self.state.borrow().role == Role::Frozen
    }

    /// The status of this writer, for a peer that believes it to lead in `term`.
    pub fn standing_for_peer(&self, term: Epoch) -> Standing {
        let standing = self.standing();
        if standing.epoch == term {
            self.progress.hear();
        }
        standing
    }

    /// The status of this writer.
    pub fn standing(&self) -> Standing {
        let State { role, leader, .. } = self.state.borrow().clone();
        let published = self.published();
        Standing {
            role: match role {
                Role::Leading if self.pool.is_closed() => Role::Leaving,
                Role::Leading if self.is_stalled() => Role::Recovering,
                role => role,
            },
            epoch: leader.epoch,
            leader: leader.address,
            published: published.head.size,
            checkpoint: published.checkpoint.clone(),
        }
    }

    fn is_stalled(&self) -> bool {
        self.progress.is_stalled(self.clock.now(), self.patience)
    }

    /// By how many entries the published tree is behind the committed one, as far as this writer
    /// knows.
    pub fn lag(&self) -> u64 {
        let committed = u64::try_from(self.metrics.committed_size.get()).unwrap_or_default();
        committed.saturating_sub(self.published().head.size.get())
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
