//! The finisher: publishes committed batches in order, and answers those who wait for them.

use std::sync::Arc;

use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_seams::trace::{Traces, stage, within};
use fasti_store::{Attempt, RecordNumber};
use futures::future::{Either, select};
use tiles_spec::tile::Slot;
use tiles_spec::{TileMap, TreeSize};
use tokio::sync::{mpsc, watch};

use super::batch::{Committed, Grown, Settled};
use crate::acknowledged::Acknowledged;
use crate::commit::{CommitError, still_stands};
use crate::context::Context;
use crate::dedup::Dedup;
use crate::liveness::{Liveness, Step};
use crate::log_error::LogError;
use crate::metrics::gauge;
use crate::publication::{Batch, Publication};
use crate::publish::Publisher;
use crate::record::RecordDigest;
use crate::replay::read_checkpoint;
use crate::sequence::Waiter;

pub(super) struct Finisher<'a> {
    pub context: &'a Context,
    pub dedup: Dedup,
    pub publisher: Publisher,
    pub published: &'a watch::Sender<Arc<Publication>>,
    pub liveness: &'a Liveness,
    pub settled: mpsc::Sender<Settled>,
}

impl Finisher<'_> {
    pub async fn run(mut self, mut batches: mpsc::Receiver<Committed>) -> Result<(), LogError> {
        loop {
            let next = {
                let next = std::pin::pin!(batches.recv());
                let idle = self.context.clock.sleep(self.context.config.republish_interval);
                let late = std::pin::pin!(self.publisher.join_late());
                match select(next, select(idle, late)).await {
                    Either::Left((next, _)) => Some(next),
                    Either::Right((Either::Left(_), _)) => None,
                    Either::Right((Either::Right((error, _)), _)) => return Err(error.into()),
                }
            };
            match next {
                Some(Some(batch)) => {
                    let traces = batch.traces.clone();
                    within(traces, Box::pin(self.finish(batch))).await?;
                }
                Some(None) => return Ok(()),
                None => self.republish().await?,
            }
        }
    }

    async fn finish(&mut self, batch: Committed) -> Result<(), LogError> {
        let Committed { grown, leaves, waiters, taken, traces } = batch;
        let Some(Grown { number, previous, integrated: grown, times, time }) = grown else {
            let publication = self.published.borrow().clone();
            return answer(waiters, traces.as_ref(), &publication);
        };
        let (clock, metrics) = (&*self.context.clock, &self.context.metrics);
        let began = clock.now();
        let objects = grown.objects.iter().chain(&times);
        let bytes = objects.map(|object| object.bytes.len() as u64).sum();
        self.liveness.set(Step::Publish, Some(began));
        let apply = async { Ok(self.publisher.apply(&grown, times, Attempt::First).await?) };
        let applying = stage("apply");
        tokio::try_join!(biased; apply, stands(self.context, number, previous))?;
        drop(applying);
        let mut publication = self.publisher.publish(grown.tiles).await?;
        publication.batch = time.map(|time| Batch { from: previous.1, time });
        let publication = Arc::new(publication);
        self.liveness.set(Step::Publish, None);
        metrics.stages.publish.observe((clock.now() - began).as_secs_f64());
        metrics.published(clock.date());
        metrics.tree_size.set(gauge(publication.head.size.get()));
        metrics.written_bytes.inc_by(bytes + publication.checkpoint.len() as u64);
        metrics.batches.inc();
        metrics.entries.inc_by(leaves.len() as u64);
        metrics.duplicates.inc_by((waiters.len() - leaves.len()) as u64);
        self.published.send_replace(publication.clone());
        answer(waiters, traces.as_ref(), &publication)?;
        metrics.stages.batch.observe((clock.now() - taken).as_secs_f64());
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
        self.context.metrics.published(self.context.clock.date());
        self.published.send_replace(Arc::new(publication));
        Ok(())
    }
}

/// Tells each submitter where its leaf is. For a new leaf, the guard has folded the whole published
/// batch, so finding the hash in its slot is the proof; a duplicate is proved by the caller.
fn answer(
    waiters: Vec<Waiter>,
    traces: Option<&Traces>,
    publication: &Arc<Publication>,
) -> Result<(), LogError> {
    if let Some(traces) = traces {
        traces.enter_last("acknowledge");
    }
    for Waiter { index, leaf, duplicate, answer } in waiters {
        let included = publication.contains(index)
            && (duplicate || publication.tiles.hash(Slot::of_leaf(index)) == Some(leaf));
        if !included {
            return Err(LogError::NotIncluded(index));
        }
        let publication = publication.clone();
        drop(answer.send(Ok(Acknowledged { index, leaf, duplicate, publication, proof: None })));
    }
    Ok(())
}

/// Checks that the new record counts: a record that was created beyond a gap begins nothing.
/// In a store that is not shared, a lock ensures this.
async fn stands(
    context: &Context,
    created: RecordNumber,
    (digest, size): (RecordDigest, TreeSize),
) -> Result<(), LogError> {
    let (commits, clock) = (&*context.stores.commits, &*context.clock);
    let is_asked = context.store_is_shared() && !planted(Bug::PutBackPassedOver);
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
