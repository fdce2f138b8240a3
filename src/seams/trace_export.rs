//! Sends queued traces to a collector, some at a time.
//!
//! Nobody waits for it: requests only ever put a trace into a bounded queue. What cannot be sent is
//! dropped and counted, not tried again, since newer traces are worth more (I12).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::causes::with_causes;
use super::clock::{Clock as _, SystemClock};
use super::collector::Collector;
use super::tracer::{FinishedTrace, TraceCounts, TraceQueue};

/// Most traces sent at once: with all their stages, some hundred KiB.
const TRACES_AT_ONCE: usize = 128;
/// How long to wait for more of them.
const GATHERED_FOR: Duration = Duration::from_millis(500);

/// Sends traces to a collector.
#[derive(Debug)]
pub struct TraceExport {
    collector: Collector,
    queue: TraceQueue,
}

impl TraceExport {
    /// Sends what is queued there.
    pub fn new(collector: Collector, queue: TraceQueue) -> Self {
        Self { collector, queue }
    }

    /// What became of the traces so far.
    pub fn counts(&self) -> &Arc<TraceCounts> {
        &self.queue.counts
    }

    /// Sends traces until the last tracer is gone, and all that is queued then.
    pub async fn run(mut self) {
        let mut some = Vec::new();
        while self.queue.traces.recv_many(&mut some, TRACES_AT_ONCE).await > 0 {
            self.send(std::mem::take(&mut some)).await;
            if self.queue.traces.len() < TRACES_AT_ONCE && !self.queue.traces.is_closed() {
                SystemClock.sleep(GATHERED_FOR).await;
            }
        }
    }

    async fn send(&self, traces: Vec<FinishedTrace>) {
        let TraceCounts { sent, not_sent, .. } = &*self.queue.counts;
        let count = traces.len() as u64;
        let add = |to: &AtomicU64| to.fetch_add(count, Ordering::Relaxed);
        match self.collector.send(traces).await {
            Ok(()) => add(sent),
            Err(error) => {
                tracing::warn!(error = with_causes(&error), traces = count, "cannot send traces");
                add(not_sent)
            }
        };
    }
}
