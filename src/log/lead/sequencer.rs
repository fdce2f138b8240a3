//! The sequencer: takes what waits, gives it indices, and commits it.

use std::time::Duration;

use fasti_seams::clock::Clock;
use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_store::Attempt;
use futures::future::select;
use tokio::sync::mpsc;

use super::batch::{Committed, Grown};
use crate::allowance::Allowance;
use crate::commit::commit;
use crate::context::Context;
use crate::dedup::Dedup;
use crate::freeze_request::FreezeRequests;
use crate::liveness::{Liveness, Step};
use crate::log_error::LogError;
use crate::pool::Pool;
use crate::sequence::{Position, Sequenced, assign};
use crate::traced::traced;

/// A busy log takes a batch at most this often: each batch has a fixed cost, and when the
/// processors are saturated smaller batches would only add to the load. An idle log never waits: a
/// log is busy if the batch before had [`BUSY_ENTRIES`] or more.
const BUSY_PACE: Duration = Duration::from_millis(5);
const BUSY_ENTRIES: usize = 8;

pub(super) struct Sequencer<'a> {
    pub context: &'a Context,
    pub dedup: Dedup,
    pub position: Position,
    pub pool: &'a Pool,
    pub liveness: &'a Liveness,
    pub requests: &'a FreezeRequests,
}

impl Sequencer<'_> {
    pub async fn run(self, committed: mpsc::Sender<Committed>) -> Result<(), LogError> {
        let Self { context, dedup, mut position, pool, liveness, requests } = self;
        let config = &context.config;
        let metrics = &context.metrics;
        let mut allowance = Allowance::new(config.rewrite_rate, context.clock.now());
        // If there is no receiver, the finisher has failed; its error is the one that counts.
        while let Ok(room) = committed.reserve().await {
            if let Some(pause) = requests.pause(context.clock.now()) {
                context.clock.sleep(pause).await;
            }
            let written = position.edge.bundle_bytes();
            until_allowed(&mut allowance, &*context.clock, pool, written).await;
            let taken = pool.take(config.batch_entries_max, config.batch_bytes_max).await;
            let Some(batch) = taken else { break };
            let bytes: usize = batch.iter().map(|submission| submission.leaf.entry.len()).sum();
            let (taken, is_busy) = (context.clock.now(), batch.len() >= BUSY_ENTRIES);
            metrics.stages.waited(&batch, taken);
            let traces = traced(&batch, taken);
            let stage = |name| traces.as_ref().map(|traces| traces.stage(name));
            let (nonce, dedup) = (context.entropy.nonce(), dedup.clone());
            let date = context.clock.date();
            let previous = (position.previous, position.head().size);
            let sequencing = stage("sequence");
            let (back, sequenced, waiters) = offload(move || {
                let (leaves, waiters) = assign(&dedup, &position, batch);
                let any_new = !leaves.is_empty();
                let sequenced = any_new.then(|| position.sequence(leaves, nonce, date));
                (position, sequenced, waiters)
            })
            .await;
            position = back;
            drop(sequencing);
            let next = match sequenced.transpose()? {
                None => Committed { grown: None, leaves: Vec::new(), waiters, taken, traces },
                Some(Sequenced { record, grown, times, leaves }) => {
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
                    liveness.set(Step::Commit, Some(began));
                    let committing = stage("commit");
                    commit(commits, clock, number, &record.encoded).await?;
                    drop(committing);
                    liveness.set(Step::Commit, None);
                    metrics.stages.commit.observe((clock.now() - began).as_secs_f64());
                    position.advance(record);
                    liveness.set_next_record(position.number);
                    liveness.set_committed(position.head().size, metrics);
                    let time = position.time;
                    let grown = Some(Grown { number, previous, integrated: grown, times, time });
                    Committed { grown, leaves, waiters, taken, traces }
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
