//! Lead: the loop that turns waiting submissions into published leaves.
//!
//! ```text
//! sequencer   take - assign - integrate - guard - COMMIT | take - assign - ...
//! publisher                                              | apply - guard - sign - publish - answer
//! settler                                                                  | settle
//! ```
//! Three tasks in one, in step: while batch k is published, batch k + 1 is sequenced and
//! committed. There is one commit in flight at a time, and the publisher finishes batches in
//! order. The first failure of any of them ends all three, and everyone who waits is told (I9):
//! what was committed is finished by the next recovery.

use std::sync::Arc;
use std::time::Duration;

use tiles_spec::{Hash, LeafIndex, Level, TileMap, TileSource, TileWidth, TreeSize};
use tokio::sync::{mpsc, watch};

use super::commit::{CommitError, commit};
use super::dedup::{Dedup, DedupError};
use super::integrate::Integrated;
use super::pool::Pool;
use super::publish::{Publication, PublishError, Publisher};
use super::recover::Ready;
use super::sequence::{Position, SequenceError, Sequenced, Waiter, assign};
use super::{Acknowledged, Context, SubmitError};
use crate::offload::offload;
use crate::store::{Attempt, RecordNumber, StoreError};

/// How many committed batches may wait to be published.
const PIPELINE_DEPTH: usize = 2;

/// A busy log takes a batch at most this often: each has its fixed cost, and with the processors
/// saturated smaller ones would only add to it. An idle log never waits: what counts is that the
/// batch before had [`BUSY_ENTRIES`] or more.
const BUSY_PACE: Duration = Duration::from_millis(5);
const BUSY_ENTRIES: usize = 8;

/// Why a log has stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A batch could not be made ready.
    #[error("cannot make a batch ready")]
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
    /// A leaf is not where it was to be published (I4).
    #[error("leaf {0} is not in the published tree")]
    NotIncluded(LeafIndex),
}

/// Runs a log that was recovered.
pub struct Driver {
    context: Context,
    dedup: Dedup,
    position: Position,
    publisher: Publisher,
    pool: FailOnDrop,
    published: watch::Sender<Arc<Publication>>,
}

/// The pool of a driver: when the driver is gone, nobody must wait any more.
struct FailOnDrop(Arc<Pool>);

impl Drop for FailOnDrop {
    fn drop(&mut self) {
        self.0.fail(&SubmitError::Halted("the writer has ended".to_owned()));
    }
}

/// A committed batch on its way to the publisher; without growth where all were duplicates.
struct Committed {
    grown: Option<(RecordNumber, Integrated)>,
    leaves: Vec<(Hash, LeafIndex)>,
    waiters: Vec<Waiter>,
}

impl Driver {
    pub(super) fn new(context: Context, dedup: Dedup, ready: Ready, pool: Arc<Pool>) -> Self {
        let Ready { position, publisher, published } = ready;
        context.metrics.tree_size.set(gauge(published.head.size));
        let (published, _) = watch::channel(Arc::new(published));
        Self { context, dedup, position, publisher, pool: FailOnDrop(pool), published }
    }

    pub(super) fn published(&self) -> watch::Receiver<Arc<Publication>> {
        self.published.subscribe()
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Runs until the log is shut down and everything is answered, or until something fails.
    pub async fn run(self) -> Result<(), LogError> {
        let Self { context, dedup, position, publisher, pool, published } = self;
        let (context, metrics) = (&context, context.metrics.clone());
        let (committed, to_publish) = mpsc::channel(PIPELINE_DEPTH);
        let (settled, to_settle) = watch::channel(None);
        let sequencer = Sequencer { context, dedup: dedup.clone(), position, pool: &pool.0 };
        let finisher = Finisher { context, dedup, publisher, published, settled };
        let ended = tokio::try_join!(
            sequencer.run(committed),
            finisher.run(to_publish),
            settle(context, to_settle),
        );
        metrics.halted.set(i64::from(ended.is_err()));
        if let Err(error) = &ended {
            pool.0.fail(&SubmitError::Halted(chain(error)));
        }
        ended.map(|_| ())
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

struct Sequencer<'a> {
    context: &'a Context,
    dedup: Dedup,
    position: Position,
    pool: &'a Pool,
}

impl Sequencer<'_> {
    async fn run(self, committed: mpsc::Sender<Committed>) -> Result<(), LogError> {
        let Self { context, dedup, mut position, pool } = self;
        let config = &context.config;
        let metrics = &context.metrics;
        while let Some(batch) = pool.take(config.batch_entries_max, config.batch_bytes_max).await {
            metrics.pool_entries.set(i64::try_from(pool.len()).unwrap_or(i64::MAX));
            let (taken, is_busy) = (context.clock.now(), batch.len() >= BUSY_ENTRIES);
            let (nonce, dedup) = (context.entropy.nonce(), dedup.clone());
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
                    let (clock, commits) = (&*context.clock, &*context.stores.commits);
                    let (number, began) = (position.number, clock.now());
                    // Here the batch enters the log. A crash before this line has lost nothing that
                    // was promised; one after it is finished by recovery.
                    commit(commits, clock, number, &record.encoded).await?;
                    metrics.commit_seconds.observe((clock.now() - began).as_secs_f64());
                    position.advance(record);
                    Committed { grown: Some((number, grown)), leaves, waiters }
                }
            };
            if committed.send(next).await.is_err() {
                // The publisher has failed; its error is the one that counts.
                return Ok(());
            }
            let pause = BUSY_PACE.checked_sub(context.clock.now() - taken);
            if let Some(pause) = pause.filter(|_| is_busy && !pool.is_closed()) {
                context.clock.sleep(pause).await;
            }
        }
        Ok(())
    }
}

struct Finisher<'a> {
    context: &'a Context,
    dedup: Dedup,
    publisher: Publisher,
    published: watch::Sender<Arc<Publication>>,
    settled: watch::Sender<Option<(RecordNumber, TreeSize)>>,
}

impl Finisher<'_> {
    async fn run(mut self, mut batches: mpsc::Receiver<Committed>) -> Result<(), LogError> {
        loop {
            let idle = self.context.clock.sleep(self.context.config.republish_interval);
            tokio::select! {
                batch = batches.recv() => match batch {
                    Some(batch) => self.finish(batch).await?,
                    None => return Ok(()),
                },
                () = idle => self.republish().await?,
            }
        }
    }

    async fn finish(&mut self, batch: Committed) -> Result<(), LogError> {
        let Committed { grown, leaves, waiters } = batch;
        let Some((number, grown)) = grown else {
            let publication = self.published.borrow().clone();
            return answer(waiters, &publication);
        };
        let (clock, metrics) = (&*self.context.clock, &self.context.metrics);
        let began = clock.now();
        self.publisher.apply(&grown, Attempt::First).await?;
        let publication = Arc::new(self.publisher.publish(grown.tiles).await?);
        metrics.publish_seconds.observe((clock.now() - began).as_secs_f64());
        metrics.tree_size.set(gauge(publication.head.size));
        metrics.batches.inc();
        metrics.entries.inc_by(leaves.len() as u64);
        metrics.duplicates.inc_by((waiters.len() - leaves.len()) as u64);
        self.published.send_replace(publication.clone());
        answer(waiters, &publication)?;
        let (dedup, head) = (self.dedup.clone(), publication.head);
        offload(move || dedup.publish(&leaves, head)).await?;
        self.settled.send_replace(Some((number, head.size)));
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

/// Tells everyone where their leaf is. For a new leaf the guard has folded the whole published
/// batch, so that finding the hash in its slot is the proof; a duplicate is proved by whoever
/// asked.
fn answer(waiters: Vec<Waiter>, publication: &Arc<Publication>) -> Result<(), LogError> {
    for Waiter { index, leaf, duplicate, answer } in waiters {
        let included = publication.contains(index)
            && (duplicate || slot(&publication.tiles, index) == Some(leaf));
        if !included {
            return Err(LogError::NotIncluded(index));
        }
        let publication = publication.clone();
        drop(answer.send(Ok(Acknowledged { index, leaf, duplicate, publication })));
    }
    Ok(())
}

fn slot(tiles: &TileMap, index: LeafIndex) -> Option<Hash> {
    let position = u16::try_from(index.get() % 256).ok()?;
    let tile = tiles_spec::TileIndex::new(index.get() / 256);
    let hashes = tiles.tile(Level::ZERO, tile, TileWidth::new(position + 1)?)?;
    hashes.get(usize::from(position)).copied()
}

/// Lets the store make durable in bulk what was published, beside the other two.
async fn settle(
    context: &Context,
    mut published: watch::Receiver<Option<(RecordNumber, TreeSize)>>,
) -> Result<(), LogError> {
    let commits = &context.stores.commits;
    while published.changed().await.is_ok() {
        let newest = *published.borrow_and_update();
        if let Some((number, size)) = newest {
            commits.settle(number, size).await.map_err(LogError::Settle)?;
        }
    }
    let last = *published.borrow();
    if let Some((number, size)) = last {
        commits.end(number, size).await.map_err(LogError::Settle)?;
    }
    Ok(())
}

fn gauge(size: TreeSize) -> i64 {
    i64::try_from(size.get()).expect("tree sizes are below 2^63")
}
