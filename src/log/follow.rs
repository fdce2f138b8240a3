//! Follow: a writer that does not lead hands what it takes to the one that does.
//!
//! ```text
//! forwarder   take - hand over - verify - answer        several batches at once
//! watcher     how does the leader stand?                 every ping_interval
//! warmer      deduplication index up to the published tree, so that a takeover is quick
//! witness     each tree that was met begins with those before it; remembered      every few seconds
//! ```
//! What the leader says is believed only as far as it is proved: each answer has a checkpoint that
//! the log's key has signed, and an inclusion proof in its tree (I4). Whoever cannot be answered
//! because the leader is gone comes back by itself (see [`super::pool`]) and is answered by the next
//! one, which may be this writer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::select;
use futures::stream::{FuturesUnordered, StreamExt as _};
use tiles_spec::{TileMap, TreeHead, verify_inclusion};
use tokio::sync::{Notify, watch};

use super::dedup::Dedup;
use super::integrate::Leaf;
use super::lead::is_final_for_submitter;
use super::peers::{
    FORWARD_BYTES_MAX, FORWARD_ENTRIES_MAX, PeerAnswer, PeerError, PeerIncluded, Peers, Role,
    Standing,
};
use super::pool::{Pool, Submission};
use super::publish::Publication;
use super::recover::{RecoverError, catch_up};
use super::remember::remember;
use super::roles::{Leader, QUARREL, State, chain, find_leader, gauge};
use super::seen::{Seen, Sighting, Witness};
use super::{Acknowledged, Context};
use crate::planted::{Bug, planted};
use crate::signer::SignedMemoryError;

/// Most batches that are with the leader at once.
const FORWARDS_MAX: usize = 4;
/// Pause after the leader did not take a batch.
const FORWARD_PAUSE: Duration = Duration::from_millis(100);
/// Pause between two looks for a leader while the store does not answer.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// The deduplication index is brought up to date at most this often.
const WARM_PACE: Duration = Duration::from_secs(5);

/// What was seen is proved and remembered at most this often.
const WITNESS_PACE: Duration = Duration::from_secs(5);

/// Why a writer follows no more.
pub(super) enum Followed {
    /// The pool is closed and everyone is answered.
    Drained,
    /// This one leads no more, or nobody ever did.
    LeaderGone(Option<Leader>),
    /// There are two histories of the log.
    Refused(RecoverError),
}

/// Why a leader is followed no more.
enum Left {
    Drained,
    Gone,
    /// Somebody else leads.
    Changed,
    /// There are two histories of the log.
    Refused(RecoverError),
}

/// See the module's text.
pub(super) struct Follower<'a> {
    pub context: &'a Context,
    pub dedup: &'a Dedup,
    pub pool: &'a Pool,
    pub published: &'a watch::Sender<Arc<Publication>>,
    pub state: &'a watch::Sender<State>,
    pub seen: &'a Seen,
    /// How long a leader may be silent.
    pub patience: Duration,
}

impl Follower<'_> {
    /// Follows whoever leads, until nobody does.
    pub async fn run(&self) -> Followed {
        let Some(peers) = &self.context.peers else { return Followed::LeaderGone(None) };
        loop {
            let leader = match find_leader(self.context).await {
                Ok(Some(leader)) => leader,
                Ok(None) => return Followed::LeaderGone(None),
                // A writer that is going down cannot wait for a store that does not answer.
                Err(_) if self.pool.is_closed() => return Followed::LeaderGone(None),
                Err(error) => {
                    tracing::warn!(error = chain(&error), "cannot find out who leads");
                    self.context.clock.sleep(LOOK_PAUSE).await;
                    continue;
                }
            };
            // A record of this very writer's is of a term that it has lost; after the last one
            // nobody leads.
            if leader.is_last || leader.address == self.context.config.writer_address {
                return Followed::LeaderGone(Some(leader));
            }
            self.state.send_modify(|state| {
                state.role = Role::Following;
                state.leader = leader.clone();
            });
            tracing::info!(epoch = leader.epoch.0, leader = leader.address, "follows");
            match self.follow(&**peers, &leader).await {
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
            error = self.witness() => Left::Refused(error),
        }
    }

    /// Asks the leader how it stands, until it does not lead any more.
    async fn watch(&self, peers: &dyn Peers, leader: &Leader, doubt: &Notify) -> Left {
        let clock = &*self.context.clock;
        let began = clock.now();
        let mut heard = began;
        loop {
            match peers.status(&leader.address).await {
                Ok(standing) if standing.epoch > leader.epoch => return Left::Changed,
                Ok(standing) => match standing.role {
                    Role::Leading => {
                        heard = clock.now();
                        self.state.send_modify(|state| state.heard = heard);
                        self.advance(leader, &standing);
                    }
                    Role::Leaving | Role::Frozen => return Left::Gone,
                    Role::Following | Role::Recovering => {}
                },
                Err(error) => tracing::debug!(error = chain(&error), "the leader is silent"),
            }
            // A leader that has lasted is not one to quarrel with.
            let has_lasted = heard - began >= QUARREL;
            let usual = self.context.config.takeover_after;
            let patience = if has_lasted { usual } else { self.patience };
            if clock.now() - heard >= patience && !planted(Bug::NeverTakeOver) {
                tracing::warn!(leader = leader.address, "the leader is gone");
                return Left::Gone;
            }
            let pause = std::pin::pin!(clock.sleep(self.context.config.ping_interval));
            select(std::pin::pin!(doubt.notified()), pause).await;
        }
    }

    /// Takes note of what the leader has published.
    fn advance(&self, leader: &Leader, standing: &Standing) {
        let Some(head) = self.open(leader, &standing.checkpoint) else { return };
        if head.size > self.published.borrow().head.size {
            let (checkpoint, tiles) = (standing.checkpoint.clone(), TileMap::default());
            self.published.send_replace(Arc::new(Publication { head, checkpoint, tiles }));
            self.context.metrics.tree_size.set(gauge(head.size));
            self.context.metrics.committed_size.set(gauge(head.size));
        }
    }

    /// The tree of a checkpoint that the leader has shown, if the log's key has signed it.
    fn open(&self, leader: &Leader, checkpoint: &Bytes) -> Option<TreeHead> {
        if planted(Bug::PeerCheckpointBelieved) {
            return Some(tiles_spec::SignedCheckpoint::parse(checkpoint).ok()?.checkpoint().head);
        }
        self.seen.verify(self.context, checkpoint, Witness::Peer(leader.address.clone()))
    }

    /// Proves what was seen and remembers it, until it proves to be of two histories.
    async fn witness(&self) -> RecoverError {
        loop {
            self.seen.news().await;
            match self.seen.prove(self.context).await {
                Ok(newest) => {
                    if let Err(error) = self.remember(newest).await {
                        return error;
                    }
                }
                Err(error @ RecoverError::Forked { .. }) => return error,
                Err(error) => tracing::warn!(error = chain(&error), "cannot prove what was seen"),
            }
            self.context.clock.sleep(WITNESS_PACE).await;
        }
    }

    /// Remembers a tree that was proved to be the newest. That the memory is ahead is the rule where
    /// the leader shares it, and that it cannot be used, no reason to stop before it is needed.
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
                tracing::warn!(error = chain(&error), "what was seen is not remembered");
                Ok(())
            }
        }
    }

    /// Keeps the deduplication index near the published tree.
    async fn warm(&self) -> Infallible {
        let mut published = self.published.subscribe();
        published.mark_changed();
        loop {
            published.changed().await.expect("the sender outlives its borrower");
            let head = published.borrow_and_update().head;
            if let Err(error) = catch_up(self.context, self.dedup, head).await {
                tracing::warn!(error = chain(&error), "the deduplication index lags behind");
            }
            self.context.clock.sleep(WARM_PACE).await;
        }
    }

    /// Hands over what waits, until nothing and nobody is left.
    async fn forward(&self, peers: &dyn Peers, leader: &Leader, doubt: &Notify) -> Left {
        let mut with_leader = FuturesUnordered::new();
        loop {
            let batch = tokio::select! {
                biased;
                Some(handed_over) = with_leader.next() => {
                    if let Err(error) = handed_over {
                        let error: PeerError = error;
                        tracing::warn!(error = chain(&error), "the leader did not take a batch");
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

    /// Hands one batch over and answers those who wait for it. Whoever is not answered comes back.
    async fn hand_over(
        &self,
        peers: &dyn Peers,
        leader: &Leader,
        batch: Vec<Submission>,
    ) -> Result<(), PeerError> {
        let entries: Vec<_> = batch.iter().map(|one| one.leaf.entry.clone()).collect();
        let answers = peers.forward(&leader.address, &entries).await?;
        let improper = |reason: &str| PeerError::Improper {
            address: leader.address.clone(),
            reason: reason.to_owned(),
        };
        if answers.len() != batch.len() {
            return Err(improper("there are not as many answers as entries"));
        }
        let mut opened = None;
        for (submission, answer) in batch.into_iter().zip(answers) {
            let answer = match answer {
                PeerAnswer::Included(included) => {
                    let proved = self.prove(leader, &submission.leaf, included, &mut opened);
                    Ok(proved.ok_or_else(|| improper("an entry is not where it is said to be"))?)
                }
                PeerAnswer::Refused(reason) if is_final_for_submitter(&reason) => Err(reason),
                PeerAnswer::Refused(_) => continue,
            };
            self.context.metrics.forwarded.inc();
            drop(submission.waiter.send(answer));
        }
        Ok(())
    }

    /// What the leader said of a leaf, if it is so. Most of a batch share one checkpoint, which is
    /// verified once.
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
                let (checkpoint, tiles) = (said.checkpoint, TileMap::default());
                opened.insert(Arc::new(Publication { head, checkpoint, tiles })).clone()
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
