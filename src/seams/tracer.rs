//! Decides which requests are traced, and queues the traces to be sent.
//!
//! A client that traces its own requests decides for them: `traceparent` says whether it records
//! this one. Of all others a fraction is traced, chosen by their IDs, so that whoever sees an ID
//! chooses the same. Traces never make a request wait: what is more than [`TRACES_PER_SECOND`], or
//! finds the queue full, is dropped and counted (I12).

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;

use super::clock::{Clock as _, SystemClock};
use super::entropy::{Entropy as _, OsEntropy};
use super::request_id::RequestId;
use super::trace::{Stage, Trace, Traces, within};
use super::trace_parent::{SpanId, TraceParent};

/// Most requests traced in one second, whoever asks for it.
pub const TRACES_PER_SECOND: u32 = 100;
/// Most traces that wait to be sent.
const QUEUE_MAX: usize = 1024;

/// Begins traces. Cheap to clone; the queue ends with the last clone.
#[derive(Clone, Debug)]
pub struct Tracer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    fraction: f64,
    second: Mutex<Second>,
    queue: mpsc::Sender<FinishedTrace>,
    counts: Arc<TraceCounts>,
}

/// What became of traces.
#[derive(Debug, Default)]
pub struct TraceCounts {
    /// Sent, and accepted.
    pub sent: AtomicU64,
    /// Not begun, because too many were in one second.
    pub too_many: AtomicU64,
    /// Dropped, because too many waited to be sent.
    pub queue_full: AtomicU64,
    /// Dropped, because they could not be sent.
    pub not_sent: AtomicU64,
}

/// The requests traced since a second began.
#[derive(Debug)]
struct Second {
    began: Instant,
    traced: u32,
}

impl Second {
    fn take(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.began) >= Duration::from_secs(1) {
            *self = Self { began: now, traced: 0 };
        }
        self.traced += 1;
        self.traced <= TRACES_PER_SECOND
    }
}

/// Returns a tracer that traces this fraction of the requests about which clients say nothing, and
/// the queue of its traces.
pub fn tracer(fraction: f64) -> (Tracer, TraceQueue) {
    let (queue, traces) = mpsc::channel(QUEUE_MAX);
    let counts = Arc::<TraceCounts>::default();
    let second = Mutex::new(Second { began: SystemClock.now(), traced: 0 });
    let tracer = Tracer(Arc::new(Shared { fraction, second, queue, counts: counts.clone() }));
    (tracer, TraceQueue { traces, counts })
}

/// Traces that wait to be sent.
#[derive(Debug)]
pub struct TraceQueue {
    /// The traces.
    pub traces: mpsc::Receiver<FinishedTrace>,
    /// What became of all traces.
    pub counts: Arc<TraceCounts>,
}

impl Tracer {
    /// Begins the trace of a request, if it is to be traced: because `parent` is, or else, if there
    /// is no parent, `by_chance`.
    pub fn begin(
        &self,
        id: RequestId,
        parent: Option<TraceParent>,
        method: &'static str,
        by_chance: bool,
    ) -> Option<TracedRequest> {
        let is_chosen = match parent {
            Some(parent) => parent.is_sampled,
            None => by_chance && is_in(self.0.fraction, id),
        };
        if !is_chosen {
            return None;
        }
        let began = SystemClock.now();
        if !self.0.second.lock().unwrap_or_else(PoisonError::into_inner).take(began) {
            self.0.counts.too_many.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let span = TraceParent { trace: id, parent: new_span(), is_sampled: true };
        Some(TracedRequest {
            tracer: self.clone(),
            trace: Trace::new(span),
            parent: parent.map(|parent| parent.parent),
            method,
            date: SystemClock.date(),
            began,
        })
    }

    fn queue(&self, trace: FinishedTrace) {
        if self.0.queue.try_send(trace).is_err() {
            self.0.counts.queue_full.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether a trace belongs to this fraction of all. The last 56 bits of its ID are random, and it
/// does if they are large enough, as OpenTelemetry has it.
#[allow(clippy::cast_precision_loss, reason = "53 of the 56 bits are enough")]
fn is_in(fraction: f64, id: RequestId) -> bool {
    let random = u128::from_be_bytes(id.bytes()) & ((1 << 56) - 1);
    random as f64 >= (1.0 - fraction) * (1_u64 << 56) as f64
}

/// A new ID, so small that the numbers that follow it are IDs too.
fn new_span() -> SpanId {
    let mut span = SpanId::default();
    for (byte, random) in span.iter_mut().zip(OsEntropy.nonce()) {
        *byte = random;
    }
    span[0] = (span[0] & 0x7f) | 1;
    span
}

/// A traced request that is being answered. The trace ends when this is dropped.
#[derive(Debug)]
pub struct TracedRequest {
    tracer: Tracer,
    trace: Trace,
    parent: Option<SpanId>,
    method: &'static str,
    date: SystemTime,
    began: Instant,
}

impl TracedRequest {
    /// Answers the request by `work`, and ends the trace.
    pub async fn within<F: Future>(self, work: F) -> F::Output {
        within(Traces::of(vec![self.trace.clone()]), work).await
    }
}

impl Drop for TracedRequest {
    fn drop(&mut self) {
        let collected = self.trace.take();
        self.tracer.queue(FinishedTrace {
            span: self.trace.span(),
            parent: self.parent,
            method: self.method,
            answer: collected.answer,
            date: self.date,
            began: self.began,
            ended: SystemClock.now(),
            stages: collected.stages,
        });
    }
}

/// The trace of a request that was answered, or given up by its client.
#[derive(Debug)]
pub struct FinishedTrace {
    /// The trace, and the request's span in it.
    pub span: TraceParent,
    /// The client's span, if there is one.
    pub parent: Option<SpanId>,
    /// The method of the request.
    pub method: &'static str,
    /// The route and the status of the answer; `None` if the request was not answered.
    pub answer: Option<(&'static str, u16)>,
    /// When the request came, by the wall clock.
    pub date: SystemTime,
    /// The same, by the clock that measures all that follows.
    pub began: Instant,
    /// When it was answered.
    pub ended: Instant,
    /// What was done in between.
    pub stages: Vec<Stage>,
}

impl FinishedTrace {
    /// The ID for the span of a stage.
    pub fn span_of(&self, stage: usize) -> SpanId {
        (u64::from_be_bytes(self.span.parent) + 1 + stage as u64).to_be_bytes()
    }

    /// What the wall clock showed at a time, if nobody has set it since the request came.
    pub fn date_of(&self, time: Instant) -> SystemTime {
        self.date + time.saturating_duration_since(self.began)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::stage;
    use super::*;

    fn new_id() -> RequestId {
        RequestId::new(&OsEntropy)
    }

    fn parent(is_sampled: bool) -> TraceParent {
        TraceParent { trace: new_id(), parent: [7; 8], is_sampled }
    }

    #[tokio::test]
    async fn a_client_decides_about_its_own_requests_and_chance_about_others() {
        let (none, _queue) = tracer(0.0);
        let (all, _queue) = tracer(1.0);
        for (tracer, parent, by_chance, expected) in [
            (&none, Some(parent(true)), true, true),
            (&none, Some(parent(true)), false, true),
            (&none, None, true, false),
            (&all, Some(parent(false)), true, false),
            (&all, None, true, true),
            (&all, None, false, false),
        ] {
            let begun = tracer.begin(new_id(), parent, "POST", by_chance);
            assert_eq!(begun.is_some(), expected, "{parent:?} {by_chance}");
        }
        let chosen = (0..10_000).filter(|_| is_in(0.25, new_id())).count();
        assert!((2_000..3_000).contains(&chosen), "{chosen}");
    }

    #[tokio::test]
    async fn a_trace_has_what_was_done_for_its_request() {
        let (tracer, mut queue) = tracer(0.0);
        let (id, parent) = (new_id(), Some(parent(true)));
        let traced = tracer.begin(id, parent, "POST", true).expect("it is sampled");
        let work = async {
            drop(stage("work"));
            Trace::current().expect("it is traced").answered("entries", 201);
        };
        traced.within(work).await;
        // A client that goes away ends its trace, too.
        drop(tracer.begin(id, parent, "POST", true).expect("it is sampled").within(async {}));
        let trace = queue.traces.recv().await.expect("a trace");
        assert_eq!((trace.span.trace, trace.parent), (id, Some([7; 8])));
        assert_eq!(trace.answer, Some(("entries", 201)));
        assert_eq!(trace.stages.len(), 1);
        assert!(trace.began <= trace.stages[0].began && trace.stages[0].ended <= Some(trace.ended));
        assert_eq!(queue.traces.recv().await.expect("a trace").answer, None);
        drop(tracer);
        assert!(queue.traces.recv().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_can_be_traced_or_sent_is_dropped_and_counted() {
        let (tracer, queue) = tracer(1.0);
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let seconds = QUEUE_MAX as u64 / u64::from(TRACES_PER_SECOND) + 1;
        for _ in 0..seconds {
            let all = 0..TRACES_PER_SECOND + 10;
            let begun = all.filter_map(|_| tracer.begin(new_id(), None, "POST", true)).count();
            assert_eq!(begun, TRACES_PER_SECOND as usize);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(count(&queue.counts.too_many), 10 * seconds);
        let begun = seconds * u64::from(TRACES_PER_SECOND);
        assert_eq!(count(&queue.counts.queue_full), begun - QUEUE_MAX as u64);
        assert_eq!(queue.traces.len(), QUEUE_MAX);
    }
}
