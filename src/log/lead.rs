//! Lead: the loop that turns waiting submissions into published leaves.
//!
//! ```text
//! sequencer   take - assign - integrate - guard - COMMIT | take - assign - ...
//! publisher                                              | apply - guard - sign - publish - answer
//! settler                                                                  | settle - trim
//! ```
//! Three tasks in step: while batch k is published, batch k + 1 is sequenced and committed. Only
//! one commit is in flight at a time, and the publisher finishes batches in order. The first
//! failure of any task ends the term, and all three with it (I9): the next recovery finishes what
//! was committed, and submissions that still wait are submitted again.

use std::sync::Arc;
use std::time::Duration;

use fasti_seams::clock::Clock;
use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_store::{Attempt, RecordNumber, StoreError};
use futures::future::{Either, select};
use tiles_spec::{Hash, LeafIndex, Level, TileMap, TileSource, TileWidth, TreeSize};
use tokio::sync::{mpsc, watch};

use super::allowance::Allowance;
use super::commit::{CommitError, commit, still_stands};
use super::dedup::{Dedup, DedupError};
use super::give_way::GiveWay;
use super::integrate::Integrated;
use super::pool::Pool;
use super::progress::{Progress, Step};
use super::publish::{Publication, PublishError, Publisher};
use super::record::RecordDigest;
use super::recover::{Ready, RecoverError};
use super::replay::read_checkpoint;
use super::roles::gauge;
use super::sequence::{Position, SequenceError, Sequenced, Waiter, assign};
use super::trim::Trimmer;
use super::wake;
use super::{Acknowledged, Context, SubmitError};

/// How many committed batches may wait to be published. A batch is taken only when there is room:
/// what stays in the pool makes the next batch larger, and waits no longer for it.
const PIPELINE_DEPTH: usize = 1;
/// How many published batches may wait to be settled before some are skipped.
const SETTLES_MAX: usize = 1024;

/// A busy log takes a batch at most this often: each batch has a fixed cost, and when the
/// processors are saturated smaller batches would only add to the load. An idle log never waits: a
/// log is busy if the batch before had [`BUSY_ENTRIES`] or more.
const BUSY_PACE: Duration = Duration::from_millis(5);
const BUSY_ENTRIES: usize = 8;

/// Why a log has stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A batch could not be prepared.
    #[error("cannot prepare a batch")]
    Sequence(#[from] SequenceError),
    /// A batch could not be committed.
    #[error("cannot commit")]
    Commit(#[from] CommitError),
    /// A committed batch could not be published.
    #[error("cannot publish")]
    Publish(#[from] PublishError),
    /// What was published could not be settled.
    #[error("cannot settle what was published")]
    Settle(#[source] StoreError),
    /// The deduplication index could not be written.
    #[error(transparent)]
    Dedup(#[from] DedupError),
    /// A leaf is not where it should be in the published tree (I4).
    #[error("leaf {0} is not in the published tree")]
    NotIncluded(LeafIndex),
    /// The log cannot be continued.
    #[error("the log cannot be continued")]
    Recover(#[source] RecoverError),
}

impl LogError {
    /// The term is over, and a recovery may continue from there.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Commit(error) => error.is_passing(),
            Self::Publish(error) => error.is_passing(),
            Self::Settle(error) => error.is_passing(),
            Self::Recover(error) => error.is_passing(),
            Self::Sequence(_) | Self::Dedup(_) | Self::NotIncluded(_) => false,
        }
    }
}

/// Whether trying again, here or elsewhere, would not help the submitter.
pub(super) fn is_final_for_submitter(reason: &SubmitError) -> bool {
    !matches!(reason, SubmitError::Halted(_) | SubmitError::ShuttingDown | SubmitError::Unanswered)
}

/// How a record changed the tree.
struct Grown {
    number: RecordNumber,
    /// The previous record, and the size of its tree.
    previous: (RecordDigest, TreeSize),
    integrated: Integrated,
}

/// A committed batch on its way to the publisher; without growth if all entries were duplicates.
struct Committed {
    grown: Option<Grown>,
    leaves: Vec<(Hash, LeafIndex)>,
    waiters: Vec<Waiter>,
}

/// What was written for a published batch.
struct Settled {
    number: RecordNumber,
    size: TreeSize,
    /// The bytes of its tiles and bundles.
    bytes: u64,
}

/// One term of leadership.
pub(super) struct Term<'a> {
    pub context: &'a Context,
    pub dedup: &'a Dedup,
    pub pool: &'a Pool,
    pub published: &'a watch::Sender<Arc<Publication>>,
    pub progress: &'a Progress,
}

impl Term<'_> {
    /// Leads until the pool is drained, or until something fails.
    pub async fn run(self, ready: Ready) -> Result<(), LogError> {
        let Self { context, dedup, pool, published, progress } = self;
        let Ready { position, publisher, published: recovered } = ready;
        let dedup = dedup.of_new_term();
        let term = position.epoch;
        progress.set_next_record(position.number);
        let (committed, to_publish) = mpsc::channel(PIPELINE_DEPTH);
        let (settled, to_settle) = mpsc::channel(SETTLES_MAX);
        let give_way = GiveWay::default();
        let settler = Settler {
            context,
            give_way: &give_way,
            // Recovery has finished everything up to here.
            finished: position.number.previous().map(|n| (n, recovered.head.size)),
            trimmer: context.stores.shelf.clone().map(|shelf| {
                Trimmer::new(shelf, context, position.number.previous(), recovered.head.size)
            }),
        };
        let sequencer = Sequencer {
            context,
            dedup: dedup.clone(),
            position,
            pool,
            progress,
            give_way: &give_way,
        };
        let finisher = Finisher { context, dedup, publisher, published, progress, settled };
        let led = async {
            tokio::try_join!(
                biased;
                sequencer.run(committed),
                finisher.run(to_publish),
                settler.run(to_settle),
            )
        };
        let woken = wake::watch(context, term, progress);
        match select(std::pin::pin!(led), std::pin::pin!(woken)).await {
            Either::Left((ended, _)) => ended.map(|_| ()),
            Either::Right((Err(fenced), _)) => Err(fenced.into()),
        }
    }
}

struct Sequencer<'a> {
    context: &'a Context,
    dedup: Dedup,
    position: Position,
    pool: &'a Pool,
    progress: &'a Progress,
    give_way: &'a GiveWay,
}

impl Sequencer<'_> {
    async fn run(self, committed: mpsc::Sender<Committed>) -> Result<(), LogError> {
        let Self { context, dedup, mut position, pool, progress, give_way } = self;
        let config = &context.config;
        let metrics = &context.metrics;
        let mut allowance = Allowance::new(config.rewrite_rate, context.clock.now());
        // If there is no receiver, the publisher has failed; its error is the one that counts.
        while let Ok(room) = committed.reserve().await {
            if let Some(pause) = give_way.pause(context.clock.now()) {
                context.clock.sleep(pause).await;
            }
            let written = position.edge.bundle_bytes();
            until_allowed(&mut allowance, &*context.clock, pool, written).await;
            let taken = pool.take(config.batch_entries_max, config.batch_bytes_max).await;
            let Some(batch) = taken else { break };
            let bytes: usize = batch.iter().map(|submission| submission.leaf.entry.len()).sum();
            metrics.pool_entries.set(i64::try_from(pool.len()).unwrap_or(i64::MAX));
            let (taken, is_busy) = (context.clock.now(), batch.len() >= BUSY_ENTRIES);
            let (nonce, dedup) = (context.entropy.nonce(), dedup.clone());
            let previous = (position.previous, position.head().size);
            let (back, sequenced, waiters) = offload(move || {
                let (leaves, waiters) = assign(&dedup, &position, batch);
                let any_new = !leaves.is_empty();
                let sequenced = any_new.then(|| position.sequence(leaves, nonce));
                (position, sequenced, waiters)
            })
            .await;
            position = back;
            let next = match sequenced.transpose()? {
                None => Committed { grown: None, leaves: Vec::new(), waiters },
                Some(Sequenced { record, grown, leaves }) => {
                    allowance.spend(context.clock.now(), written, bytes);
                    let (clock, commits) = (&*context.clock, &*context.stores.commits);
                    let (number, began) = (position.number, clock.now());
                    metrics.taken_bytes.inc_by(bytes as u64);
                    metrics.written_bytes.inc_by(record.encoded.bytes.len() as u64);
                    if planted(Bug::ApplyBeforeCommit) {
                        let put =
                            context.stores.objects.put_immutable(&grown.objects, Attempt::First);
                        drop(put.await);
                    }
                    // Here the batch enters the log. A crash before this line loses nothing that
                    // was promised; after a crash later on, recovery finishes the batch.
                    progress.set(Step::Commit, Some(began));
                    commit(commits, clock, number, &record.encoded).await?;
                    progress.set(Step::Commit, None);
                    metrics.commit_seconds.observe((clock.now() - began).as_secs_f64());
                    position.advance(record);
                    progress.set_next_record(position.number);
                    metrics.committed_size.set(gauge(position.head().size));
                    let grown = Some(Grown { number, previous, integrated: grown });
                    Committed { grown, leaves, waiters }
                }
            };
            room.send(next);
            let pace = if is_busy { BUSY_PACE.max(config.batch_pace) } else { config.batch_pace };
            let pause = pace.checked_sub(context.clock.now() - taken);
            if let Some(pause) = pause.filter(|_| !pool.is_closed()) {
                context.clock.sleep(pause).await;
            }
        }
        Ok(())
    }
}

/// Waits until a batch from the pool is allowed to rewrite the unfinished bundle, which has
/// `written` bytes.
async fn until_allowed(allowance: &mut Allowance, clock: &dyn Clock, pool: &Pool, written: usize) {
    let waiting = pool.bytes_waiting().await;
    let pause = allowance.pause(clock.now(), written, waiting);
    if !pause.is_zero() {
        let enough = std::pin::pin!(pool.reach(allowance.enough(written)));
        select(clock.sleep(pause), enough).await;
    }
}

/// Checks that the new record counts: a record that was created beyond a gap begins nothing.
/// Without peers, a lock ensures this.
async fn stands(
    context: &Context,
    created: RecordNumber,
    (digest, size): (RecordDigest, TreeSize),
) -> Result<(), LogError> {
    let (commits, clock) = (&*context.stores.commits, &*context.clock);
    let is_asked = context.peers.is_some() && !planted(Bug::PutBackPassedOver);
    let Some(previous) = created.previous().filter(|_| is_asked) else { return Ok(()) };
    match still_stands(commits, clock, (previous, digest)).await {
        Err(CommitError::Gone { number }) if is_published_beyond(context, size).await? => {
            Err(CommitError::Overtaken { number }.into())
        }
        stands => Ok(stands?),
    }
}

/// Only records whose tree is strictly smaller than the published one are ever trimmed, and the
/// published tree never shrinks. If `checkpoint` shows less, nobody has trimmed anything. If it
/// shows more after the store was rolled back, recovery finds that out: it compares with what this
/// process has published.
async fn is_published_beyond(context: &Context, size: TreeSize) -> Result<bool, LogError> {
    let shown = read_checkpoint(context).await.map_err(LogError::Recover)?.head;
    Ok(shown.is_some_and(|shown| shown.size > size) && !planted(Bug::TrimmedIsGone))
}

struct Finisher<'a> {
    context: &'a Context,
    dedup: Dedup,
    publisher: Publisher,
    published: &'a watch::Sender<Arc<Publication>>,
    progress: &'a Progress,
    settled: mpsc::Sender<Settled>,
}

impl Finisher<'_> {
    async fn run(mut self, mut batches: mpsc::Receiver<Committed>) -> Result<(), LogError> {
        loop {
            let next = std::pin::pin!(batches.recv());
            let idle = self.context.clock.sleep(self.context.config.republish_interval);
            match select(next, std::pin::pin!(idle)).await {
                Either::Left((Some(batch), _)) => self.finish(batch).await?,
                Either::Left((None, _)) => return Ok(()),
                Either::Right(_) => self.republish().await?,
            }
        }
    }

    async fn finish(&mut self, batch: Committed) -> Result<(), LogError> {
        let Committed { grown, leaves, waiters } = batch;
        let Some(Grown { number, previous, integrated: grown }) = grown else {
            let publication = self.published.borrow().clone();
            return answer(waiters, &publication);
        };
        let (clock, metrics) = (&*self.context.clock, &self.context.metrics);
        let began = clock.now();
        let bytes = grown.objects.iter().map(|object| object.bytes.len() as u64).sum();
        self.progress.set(Step::Publish, Some(began));
        let apply = async { Ok(self.publisher.apply(&grown, Attempt::First).await?) };
        tokio::try_join!(biased; apply, stands(self.context, number, previous))?;
        let publication = Arc::new(self.publisher.publish(grown.tiles).await?);
        self.progress.set(Step::Publish, None);
        metrics.publish_seconds.observe((clock.now() - began).as_secs_f64());
        metrics.tree_size.set(gauge(publication.head.size));
        metrics.written_bytes.inc_by(bytes + publication.checkpoint.len() as u64);
        metrics.batches.inc();
        metrics.entries.inc_by(leaves.len() as u64);
        metrics.duplicates.inc_by((waiters.len() - leaves.len()) as u64);
        self.published.send_replace(publication.clone());
        answer(waiters, &publication)?;
        let (dedup, head) = (self.dedup.clone(), publication.head);
        offload(move || dedup.publish(&leaves, head)).await?;
        // A settler that is far behind can skip a batch.
        self.settled.try_send(Settled { number, size: head.size, bytes }).ok();
        Ok(())
    }

    /// Signs the same tree again, so that readers see that the log is alive.
    async fn republish(&mut self) -> Result<(), LogError> {
        let tiles = TileMap::default();
        let publication = self.publisher.publish(tiles).await?;
        self.published.send_replace(Arc::new(publication));
        Ok(())
    }
}

/// Tells each submitter where its leaf is. For a new leaf, the guard has folded the whole published
/// batch, so finding the hash in its slot is the proof; a duplicate is proved by the caller.
fn answer(waiters: Vec<Waiter>, publication: &Arc<Publication>) -> Result<(), LogError> {
    for Waiter { index, leaf, duplicate, answer } in waiters {
        let included = publication.contains(index)
            && (duplicate || slot(&publication.tiles, index) == Some(leaf));
        if !included {
            return Err(LogError::NotIncluded(index));
        }
        let publication = publication.clone();
        drop(answer.send(Ok(Acknowledged { index, leaf, duplicate, publication, proof: None })));
    }
    Ok(())
}

fn slot(tiles: &TileMap, index: LeafIndex) -> Option<Hash> {
    let position = u16::try_from(index.get() % 256).ok()?;
    let tile = tiles_spec::TileIndex::new(index.get() / 256);
    let hashes = tiles.tile(Level::ZERO, tile, TileWidth::new(position + 1)?)?;
    hashes.get(usize::from(position)).copied()
}

/// Lets the store make published objects durable in bulk, and removes what is no longer needed,
/// alongside the other two tasks.
struct Settler<'a> {
    context: &'a Context,
    give_way: &'a GiveWay,
    /// The newest published record and its tree.
    finished: Option<(RecordNumber, TreeSize)>,
    trimmer: Option<Trimmer>,
}

impl Settler<'_> {
    async fn run(mut self, mut published: mpsc::Receiver<Settled>) -> Result<(), LogError> {
        let commits = &self.context.stores.commits;
        let mut waiting = Vec::new();
        while published.recv_many(&mut waiting, SETTLES_MAX).await > 0 {
            for Settled { number, size, bytes } in waiting.drain(..) {
                if let Some(trimmer) = &mut self.trimmer {
                    trimmer.note(number, size, bytes);
                }
                self.finished = Some((number, size));
            }
            if let Some((number, size)) = self.finished {
                commits.settle(number, size).await.map_err(LogError::Settle)?;
            }
            if let Some(trimmer) = &mut self.trimmer {
                trimmer.trim_some().await;
            }
            self.give_way.look(self.context).await;
        }
        if let Some((number, size)) = self.finished {
            commits.end(number, size).await.map_err(LogError::Settle)?;
        }
        if let Some(mut trimmer) = self.trimmer {
            trimmer.trim_all().await;
        }
        Ok(())
    }
}
