//! Follow: a writer that does not lead forwards its submissions to the leader.
//!
//! ```text
//! forwarder   take - forward - verify - answer          several batches at once
//! watcher     asks for the leader's status              every ping_interval
//! warmer      deduplication index up to the published tree, so that a takeover is quick
//! prover      proves that each tree extends those seen before; remembers it     every few seconds
//! ```
//! What the leader says is believed only as far as it is proved: each answer has a checkpoint
//! signed by the log's key, and an inclusion proof in its tree (I4). A submission that cannot be
//! answered because the leader is gone is submitted again automatically (see [`super::pool`]) and
//! answered by the next leader, which may be this writer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fasti_grow::Leaf;
use fasti_seams::causes::with_causes;
use fasti_seams::planted::{Bug, planted};
use fasti_seams::trace::{stage, within};
use fasti_signer::SignedMemoryError;
use futures::future::select;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tiles_spec::{TreeHead, verify_inclusion};
use tokio::sync::{Notify, watch};

use crate::acknowledged::Acknowledged;
use crate::catch_up::catch_up;
use crate::context::Context;
use crate::dedup::Dedup;
use crate::leader::{Leader, State, find_leader};
use crate::liveness::Liveness;
use crate::metrics::gauge;
use crate::patience::QUARREL;
use crate::peers::{
    FORWARD_BYTES_MAX, FORWARD_ENTRIES_MAX, PeerAnswer, PeerError, PeerIncluded, PeerStatus, Peers,
    Role,
};
use crate::pool::{Pool, PooledEntry};
use crate::prefix::prove_newest;
use crate::publication::Publication;
use crate::recover_error::RecoverError;
use crate::remember::remember;
use crate::seen::Seen;
use crate::sighting::{SeenBy, Sighting};
use crate::traced::traced;

/// Most batches forwarded to the leader at once.
const FORWARDS_MAX: usize = 4;
/// Pause after the leader failed to take a batch.
const FORWARD_PAUSE: Duration = Duration::from_millis(100);
/// Pause between two attempts to find the leader while the store does not answer.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// The deduplication index is brought up to date at most this often.
const WARM_PACE: Duration = Duration::from_secs(5);

/// What was seen is proved and remembered at most this often.
const PROVE_PACE: Duration = Duration::from_secs(5);

/// Why a writer stopped following.
pub(super) enum Followed {
    /// The pool is closed and everyone is answered.
    Drained,
    /// This writer no longer leads, or nobody has led yet.
    LeaderGone(Option<Leader>),
    /// There are two histories of the log.
    Refused(RecoverError),
}

/// Why a writer stopped following one leader.
enum Left {
    Drained,
    Gone,
    /// Another writer leads.
    Changed,
    /// There are two histories of the log.
    Refused(RecoverError),
}

/// See the module documentation.
pub(super) struct Follower<'a> {
    pub context: &'a Context,
    pub dedup: &'a Dedup,
    pub pool: &'a Pool,
    pub published: &'a watch::Sender<Arc<Publication>>,
    pub state: &'a watch::Sender<State>,
    pub liveness: &'a Liveness,
    pub seen: &'a Seen,
    /// How long a leader may be silent.
    pub patience: Duration,
}

impl Follower<'_> {
    /// Follows each leader in turn, until nobody leads.
    pub async fn run(&self) -> Followed {
        let Some(peers) = self.context.peers() else { return Followed::LeaderGone(None) };
        loop {
            let leader = match find_leader(self.context).await {
                Ok(Some(leader)) => leader,
                Ok(None) => return Followed::LeaderGone(None),
                // A writer that is shutting down cannot wait for a store that does not answer.
                Err(_) if self.pool.is_closed() => return Followed::LeaderGone(None),
                Err(error) => {
                    tracing::warn!(error = with_causes(&error), "cannot find out who leads");
                    self.context.clock.sleep(LOOK_PAUSE).await;
                    continue;
                }
            };
            // A record of this very writer is from a term that it has lost; after the last record
            // nobody leads.
            if leader.is_last || leader.address == self.context.config.writer_address {
                return Followed::LeaderGone(Some(leader));
            }
            self.state.send_modify(|state| {
                state.role = Role::Following;
                state.leader = leader.clone();
            });
            tracing::info!(epoch = leader.epoch.0, leader = leader.address, "follows");
            match self.follow(peers, &leader).await {
                Left::Drained => return Followed::Drained,
                Left::Gone => return Followed::LeaderGone(Some(leader)),
                Left::Refused(error) => return Followed::Refused(error),
                Left::Changed => {}
            }
        }
    }

    async fn follow(&self, peers: &dyn Peers, leader: &Leader) -> Left {
        let doubt = Notify::new();
        tokio::select! {
            biased;
            left = self.watch(peers, leader, &doubt) => left,
            left = self.forward(peers, leader, &doubt) => left,
            never = self.warm() => match never {},
            error = self.prove_seen() => Left::Refused(error),
        }
    }

    /// Asks the leader for its status, until it no longer leads.
    async fn watch(&self, peers: &dyn Peers, leader: &Leader, doubt: &Notify) -> Left {
        let clock = &*self.context.clock;
        let began = clock.now();
        let mut heard = began;
        let mut silence = String::new();
        loop {
            match peers.status(&leader.address, leader.epoch).await {
                Ok(status) if status.epoch > leader.epoch => return Left::Changed,
                Ok(status) => match status.role {
                    Role::Leading if status.epoch == leader.epoch => {
                        heard = clock.now();
                        self.state.send_modify(|state| state.heard = heard);
                        self.advance(leader, &status);
                    }
                    Role::Leaving | Role::Frozen => return Left::Gone,
                    Role::Leading | Role::Following | Role::Recovering => {}
                },
                Err(error) => silence = with_causes(&error),
            }
            // A leader that has lasted ends the quarrel.
            let has_lasted = heard - began >= QUARREL;
            let usual = self.context.config.takeover_after;
            let patience = if has_lasted { usual } else { self.patience };
            if clock.now() - heard >= patience {
                tracing::warn!(leader = leader.address, silence, "the leader is gone");
                return Left::Gone;
            }
            let pause = std::pin::pin!(clock.sleep(self.context.config.ping_interval));
            select(std::pin::pin!(doubt.notified()), pause).await;
        }
    }

    /// Notes what the leader has published.
    fn advance(&self, leader: &Leader, status: &PeerStatus) {
        let Some(head) = self.open(leader, &status.checkpoint) else { return };
        if head.size > self.published.borrow().head.size {
            let publication = Publication::of(head, status.checkpoint.clone());
            self.published.send_replace(Arc::new(publication));
            self.context.metrics.tree_size.set(gauge(head.size.get()));
            self.context.metrics.published(self.context.clock.date());
            self.liveness.set_committed(head.size, &self.context.metrics);
        }
    }

    /// The tree of a checkpoint from the leader, if the log's key has signed it.
    fn open(&self, leader: &Leader, checkpoint: &Bytes) -> Option<TreeHead> {
        if planted(Bug::PeerCheckpointBelieved) {
            return Some(tiles_spec::SignedCheckpoint::parse(checkpoint).ok()?.checkpoint().head);
        }
        self.seen.verify(self.context, checkpoint, SeenBy::Peer(leader.address.clone()))
    }

    /// Proves what was seen and remembers it, until two histories are found.
    async fn prove_seen(&self) -> RecoverError {
        loop {
            self.seen.news().await;
            match prove_newest(self.context, self.seen).await {
                Ok(newest) => {
                    if let Err(error) = self.remember(newest).await {
                        return error;
                    }
                }
                Err(error @ RecoverError::Forked { .. }) => return error,
                Err(error) => tracing::warn!(
                    error = with_causes(&error),
                    "cannot prove that the trees seen so far are consistent"
                ),
            }
            self.context.clock.sleep(PROVE_PACE).await;
        }
    }

    /// Remembers a tree that was proved to be the newest. It is normal that the memory is ahead
    /// when the leader shares it. A memory that cannot be used is no reason to stop before it is
    /// needed.
    async fn remember(&self, newest: Option<Sighting>) -> Result<(), RecoverError> {
        let Context { memory, signer, stores, clock, .. } = self.context;
        let (Some(memory), Some(Sighting { head, checkpoint, .. })) = (memory, newest) else {
            return Ok(());
        };
        let new = (head, &checkpoint);
        match remember(memory, &**signer, &*stores.objects, &**clock, new).await {
            Ok(()) | Err(SignedMemoryError::Behind { .. }) => Ok(()),
            Err(error @ SignedMemoryError::Forked { .. }) => Err(error.into()),
            Err(error) => {
                tracing::warn!(
                    error = with_causes(&error),
                    "cannot write the newest tree seen to the memory file"
                );
                Ok(())
            }
        }
    }

    /// Keeps the deduplication index close to the published tree.
    async fn warm(&self) -> Infallible {
        let mut published = self.published.subscribe();
        published.mark_changed();
        loop {
            published.changed().await.expect("the sender outlives its borrower");
            let head = published.borrow_and_update().head;
            if let Err(error) = catch_up(self.context, self.dedup, head).await {
                tracing::warn!(error = with_causes(&error), "the deduplication index lags behind");
            }
            self.context.clock.sleep(WARM_PACE).await;
        }
    }

    /// Forwards what waits, until nothing is left and nobody waits.
    async fn forward(&self, peers: &dyn Peers, leader: &Leader, doubt: &Notify) -> Left {
        let mut with_leader = FuturesUnordered::new();
        loop {
            let batch = tokio::select! {
                biased;
                Some(handed_over) = with_leader.next() => {
                    if let Err(error) = handed_over {
                        let error: PeerError = error;
                        tracing::warn!(error = with_causes(&error), "the leader did not take a batch");
                        self.context.metrics.forward_failures.inc();
                        doubt.notify_one();
                        self.context.clock.sleep(FORWARD_PAUSE).await;
                    }
                    continue;
                }
                batch = self.pool.take(FORWARD_ENTRIES_MAX, FORWARD_BYTES_MAX),
                    if with_leader.len() < FORWARDS_MAX => batch,
            };
            match batch {
                Some(batch) => with_leader.push(self.hand_over(peers, leader, batch)),
                None if planted(Bug::FollowerStays) => std::future::pending().await,
                None => return Left::Drained,
            }
        }
    }

    /// Forwards one batch and answers its submitters. A submission without an answer comes back.
    async fn hand_over(
        &self,
        peers: &dyn Peers,
        leader: &Leader,
        batch: Vec<PooledEntry>,
    ) -> Result<(), PeerError> {
        let now = self.context.clock.now();
        self.context.metrics.stages.waited(&batch, now);
        let traces = traced(&batch, now);
        let entries: Vec<_> = batch.iter().map(|one| one.leaf.entry.clone()).collect();
        let forwarded = async {
            let _forward = stage("forward");
            peers.forward(&leader.address, leader.epoch, &entries).await
        };
        let answers = within(traces.clone(), Box::pin(forwarded)).await?;
        if let Some(traces) = traces {
            traces.enter_last("acknowledge");
        }
        let improper = |reason: &str| PeerError::Improper {
            address: leader.address.clone(),
            reason: reason.to_owned(),
        };
        if answers.len() != batch.len() {
            return Err(improper("the number of answers differs from the number of entries"));
        }
        let mut opened = None;
        for (submission, answer) in batch.into_iter().zip(answers) {
            let answer = match answer {
                PeerAnswer::Included(included) => {
                    let proved = self.prove(leader, &submission.leaf, included, &mut opened);
                    Ok(proved.ok_or_else(|| improper("the proof of an entry does not verify"))?)
                }
                PeerAnswer::Refused(reason) if reason.is_final() => Err(reason),
                PeerAnswer::Refused(_) => continue,
            };
            self.context.metrics.forwarded.inc();
            drop(submission.waiter.send(answer));
        }
        Ok(())
    }

    /// What the leader said about a leaf, if it is proved. Most of a batch share one checkpoint,
    /// which is verified once.
    fn prove(
        &self,
        leader: &Leader,
        leaf: &Leaf,
        said: PeerIncluded,
        opened: &mut Option<Arc<Publication>>,
    ) -> Option<Acknowledged> {
        let publication = match opened {
            Some(publication) if publication.checkpoint == said.checkpoint => publication.clone(),
            _ => {
                let head = self.open(leader, &said.checkpoint)?;
                opened.insert(Arc::new(Publication::of(head, said.checkpoint))).clone()
            }
        };
        let proved = verify_inclusion(&leaf.hash, said.index, &publication.head, &said.proof);
        if !planted(Bug::PeerBelieved) {
            proved.ok()?;
        }
        Some(Acknowledged {
            index: said.index,
            leaf: leaf.hash,
            duplicate: said.duplicate,
            publication,
            proof: Some(said.proof),
        })
    }
}
