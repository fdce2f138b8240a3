//! Driver: what a writer is at any time, and how it becomes something else.
//!
//! ```text
//!             ┌────────── its term has ended ◄─────────┐
//!             ▼                                        │
//!  start ─► follow ── nobody leads ──► recover ──► lead ┘
//!             ▲                           │
//!             └──── another was faster ◄──┘─► frozen
//! ```
//! Any number of writers can share a store. The commit records decide which of them leads (I7).
//! When to try is only a matter of liveness, and all waiting here is about that (I11). A writer
//! without peers leads or stops.
//!
//! Nothing is carried from one role to the next but the pool and the deduplication index: leading
//! begins with the [`Ready`] of a successful recovery (I9), and what a term has left unanswered is
//! submitted again by the clients that wait for it.

use std::sync::Arc;
use std::time::Duration;

use fasti_seams::causes::with_causes;
use fasti_seams::offload::offload;
use tiles_spec::TreeHead;
use tokio::sync::watch;

use crate::acknowledged::{Acknowledged, SubmitError};
use crate::context::Context;
use crate::dedup::Dedup;
use crate::follow::{Followed, Follower};
use crate::frozen::Frozen;
use crate::lead::Term;
use crate::leader::{Leader, State, epoch_of, find_leader};
use crate::liveness::Liveness;
use crate::log_error::LogError;
use crate::metrics::gauge;
use crate::patience::{QUARREL, QUARRELS_MAX, after_quarrels};
use crate::peers::Role;
use crate::picture::picture;
use crate::pool::Pool;
use crate::publication::Publication;
use crate::recover::{Ready, Recovered, recover};
use crate::recover_error::RecoverError;
use crate::seen::Seen;
use crate::sighting::SeenBy;

/// Pause before a recovery that has failed for a transient reason is tried again.
const RECOVERY_PAUSE: Duration = Duration::from_millis(500);
/// After this many refusals in a row a running writer stops: what it reads is not going to change.
const REFUSALS_MAX: u32 = 3;
/// How often the pause is doubled at most while a signer does not sign.
const UNSIGNED_MAX: u32 = 5;
/// How often a start is tried when the store does not answer properly.
const STARTS_MAX: u32 = 5;

/// What comes next.
enum Next {
    Lead(Box<Ready>),
    Follow,
    Rest(Frozen),
}

/// Runs a log that was opened.
pub struct Driver {
    context: Context,
    dedup: Dedup,
    pool: FailOnDrop,
    published: watch::Sender<Arc<Publication>>,
    state: watch::Sender<State>,
    liveness: Arc<Liveness>,
    seen: Arc<Seen>,
    next: Next,
}

/// The pool of a driver: when the driver is gone, nobody should wait any more.
struct FailOnDrop(Arc<Pool>);

impl Drop for FailOnDrop {
    fn drop(&mut self) {
        self.0.fail(&SubmitError::Halted("the writer has ended".to_owned()));
    }
}

impl Driver {
    /// Finds out whether to lead or to follow. Refuses everything that must be refused (I10).
    pub(super) async fn open(
        context: Context,
        dedup: Dedup,
        pool: Arc<Pool>,
    ) -> Result<Self, RecoverError> {
        let seen = Arc::default();
        let (next, publication, leader) = enter(&context, &seen, &dedup).await?;
        context.metrics.tree_size.set(gauge(publication.head.size.get()));
        context.metrics.republish_interval.set(gauge(context.config.republish_interval.as_secs()));
        let (published, _) = watch::channel(publication);
        let (state, _) =
            watch::channel(State { role: Role::Recovering, leader, heard: context.clock.now() });
        let (pool, liveness) = (FailOnDrop(pool), Arc::default());
        let driver = Self { context, dedup, pool, published, state, liveness, seen, next };
        match &driver.next {
            Next::Lead(_) => driver.enter_role(Role::Leading),
            Next::Follow => driver.enter_role(Role::Following),
            Next::Rest(frozen) => driver.freeze(frozen),
        }
        Ok(driver)
    }

    pub(super) fn published(&self) -> watch::Receiver<Arc<Publication>> {
        self.published.subscribe()
    }

    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(super) fn liveness(&self) -> &Arc<Liveness> {
        &self.liveness
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Runs until the log is shut down and everything is answered, or until something fails that
    /// trying again does not fix.
    pub async fn run(mut self) -> Result<(), LogError> {
        let ended = self.play().await;
        self.context.metrics.leading.set(0);
        self.context.metrics.halted.set(i64::from(ended.is_err()));
        if let Err(error) = &ended {
            self.pool.0.fail(&SubmitError::Halted(with_causes(error)));
        }
        ended
    }

    async fn play(&mut self) -> Result<(), LogError> {
        let mut quarrels = 0;
        loop {
            match std::mem::replace(&mut self.next, Next::Follow) {
                Next::Lead(ready) => {
                    let began = self.context.clock.now();
                    let error = match self.lead(*ready).await {
                        Ok(()) => return Ok(()),
                        Err(error) if self.context.store_is_shared() && error.is_passing() => error,
                        Err(error) => return Err(error),
                    };
                    let lasted = self.context.clock.now() - began;
                    quarrels = if lasted < QUARREL { (quarrels + 1).min(QUARRELS_MAX) } else { 0 };
                    self.context.metrics.terms_lost.inc();
                    tracing::warn!(error = with_causes(&error), "no longer leading");
                }
                Next::Rest(frozen) => return self.rest(&frozen).await,
                Next::Follow => {
                    let patience = after_quarrels(self.context.config.takeover_after, quarrels);
                    let follower = Follower {
                        context: &self.context,
                        dedup: &self.dedup,
                        pool: &self.pool.0,
                        published: &self.published,
                        state: &self.state,
                        liveness: &self.liveness,
                        seen: &self.seen,
                        patience,
                    };
                    match follower.run().await {
                        Followed::Drained => return Ok(()),
                        Followed::Refused(error) => return Err(LogError::Recover(error)),
                        Followed::LeaderGone(leader) => {
                            self.next = self.take_over(leader, quarrels).await?;
                        }
                    }
                }
            }
        }
    }

    async fn lead(&mut self, ready: Ready) -> Result<(), LogError> {
        let (epoch, address) = (ready.epoch(), self.context.config.writer_address.clone());
        let leader = Leader { epoch, address, is_last: false };
        self.liveness.set_committed(ready.published.head.size, &self.context.metrics);
        self.published.send_replace(ready.published.clone());
        self.state.send_modify(|state| state.leader = leader);
        self.enter_role(Role::Leading);
        tracing::info!(epoch = epoch.0, size = %self.published.borrow().head.size, "leads");
        let (context, pool) = (&self.context, &*self.pool.0);
        let (dedup, published, liveness) = (&self.dedup, &self.published, &*self.liveness);
        let ended = Term { context, dedup, pool, published, liveness }.run(ready).await;
        liveness.reset();
        self.enter_role(Role::Recovering);
        ended
    }

    /// Recovers, unless another writer has begun to lead in the meantime.
    async fn take_over(&self, gone: Option<Leader>, quarrels: u32) -> Result<Next, LogError> {
        let (context, mut refusals, mut unsigned) = (&self.context, 0, 0);
        self.enter_role(Role::Recovering);
        // Rivals that noticed at the same time should not all try at the same time. And each term
        // leaves a record behind, so a store on which no term lasts is tried less and less often.
        let pause = after_quarrels(context.config.ping_interval, quarrels);
        context.clock.sleep(context.entropy.below(pause)).await;
        let over = Some(epoch_of(gone.as_ref()));
        loop {
            let error = match find_leader(context).await {
                Ok(leader) if leader != gone => return Ok(Next::Follow),
                Ok(_) => match recover(context, &self.seen, &self.dedup, over).await {
                    Ok(Recovered::Ready(ready)) => {
                        context.metrics.takeovers.inc();
                        return Ok(Next::Lead(ready));
                    }
                    Ok(Recovered::Frozen(frozen)) => return Ok(Next::Rest(frozen)),
                    Err(RecoverError::Fenced) => return Ok(Next::Follow),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            refusals = if error.is_passing() { 0 } else { refusals + 1 };
            // A writer that is shutting down and cannot lead has nobody to forward anything to.
            if refusals == REFUSALS_MAX || error.is_final() || self.pool.0.is_closed() {
                return Err(LogError::Recover(error));
            }
            tracing::warn!(error = with_causes(&error), "cannot lead yet");
            // By then a record was written that stays, as in a term that is soon lost.
            unsigned = if error.is_of_signer() { (unsigned + 1).min(UNSIGNED_MAX) } else { 0 };
            context.clock.sleep(after_quarrels(RECOVERY_PAUSE, unsigned)).await;
        }
    }

    /// The log has ended: from here on it is only read.
    fn freeze(&self, frozen: &Frozen) {
        let head = frozen.head();
        self.published.send_replace(frozen.publication.clone());
        let leader = Leader { epoch: frozen.epoch, address: String::new(), is_last: true };
        self.state.send_modify(|state| state.leader = leader);
        self.enter_role(Role::Frozen);
        let metrics = &self.context.metrics;
        metrics.tree_size.set(gauge(head.size.get()));
        self.liveness.set_committed(head.size, metrics);
        metrics.frozen.set(1);
        self.pool.0.freeze();
        tracing::info!(size = %head.size, root = %head.root, "the log is frozen");
    }

    /// Answers submissions that came before the end: with the index, if the entry is in the log.
    async fn rest(&self, frozen: &Frozen) -> Result<(), LogError> {
        self.freeze(frozen);
        let config = &self.context.config;
        let (entries_max, bytes_max) = (config.batch_entries_max, config.batch_bytes_max);
        while let Some(batch) = self.pool.0.take(entries_max, bytes_max).await {
            let leaves: Vec<_> = batch.iter().map(|one| one.leaf.hash).collect();
            let index = self.dedup.index().clone();
            let found = offload(move || index.find(&leaves)).await?;
            for (submission, found) in batch.into_iter().zip(found) {
                let answer = found.map(|index| Acknowledged {
                    index,
                    leaf: submission.leaf.hash,
                    duplicate: true,
                    publication: frozen.publication.clone(),
                    proof: None,
                });
                drop(submission.waiter.send(answer.ok_or(SubmitError::Frozen)));
            }
        }
        Ok(())
    }

    fn enter_role(&self, role: Role) {
        let metrics = &self.context.metrics;
        metrics.leading.set(i64::from(role == Role::Leading));
        self.state.send_modify(|state| {
            if state.role == Role::Leading {
                state.heard = self.context.clock.now();
            }
            state.role = role;
        });
        metrics.epoch.set(gauge(self.state.borrow().leader.epoch.0));
    }
}

/// The first role of a writer: it follows the leader if one answers, and leads otherwise.
async fn enter(
    context: &Context,
    seen: &Arc<Seen>,
    dedup: &Dedup,
) -> Result<(Next, Arc<Publication>, Leader), RecoverError> {
    for attempt in 1.. {
        match try_to_enter(context, seen, dedup).await {
            Err(error)
                if context.store_is_shared() && error.is_passing() && attempt < STARTS_MAX =>
            {
                tracing::warn!(error = with_causes(&error), "cannot start yet");
                context.clock.sleep(RECOVERY_PAUSE).await;
            }
            entered => return entered,
        }
    }
    unreachable!("the last attempt returns")
}

async fn try_to_enter(
    context: &Context,
    seen: &Arc<Seen>,
    dedup: &Dedup,
) -> Result<(Next, Arc<Publication>, Leader), RecoverError> {
    let mut over = None;
    if let Some(peers) = context.peers() {
        let found = find_leader(context).await?;
        over = Some(epoch_of(found.as_ref()));
        if let Some(leader) = found
            && !leader.is_last
            && leader.address != context.config.writer_address
            && let Ok(status) = peers.status(&leader.address, leader.epoch).await
            && (status.role, status.epoch) == (Role::Leading, leader.epoch)
        {
            seen.verify(context, &status.checkpoint, SeenBy::Peer(leader.address.clone()));
            let shown = picture(context, seen).await?.replay.checkpoint;
            let (head, checkpoint) = (shown.head.unwrap_or(TreeHead::EMPTY), shown.bytes);
            let publication = Publication::of(head, checkpoint);
            return Ok((Next::Follow, Arc::new(publication), leader));
        }
    }
    Ok(match recover(context, seen, dedup, over).await? {
        Recovered::Ready(ready) => {
            let (epoch, address) = (ready.epoch(), context.config.writer_address.clone());
            let leader = Leader { epoch, address, is_last: false };
            let publication = ready.published.clone();
            (Next::Lead(ready), publication, leader)
        }
        Recovered::Frozen(frozen) => {
            let leader = Leader { epoch: frozen.epoch, address: String::new(), is_last: true };
            let publication = frozen.publication.clone();
            (Next::Rest(frozen), publication, leader)
        }
    })
}
