//! The trace of a request: when each of its stages began and ended.
//!
//! [`stage`] times what is done where it stands, for whoever it is done: the request that is being
//! answered there, or each traced request of a batch. Where nothing is traced, it only finds that
//! out. [`super::tracer`] decides what is traced, and sends it on.
//!
//! Invariant (I12): a trace has at most [`STAGES_MAX`] stages.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::clock::{Clock as _, SystemClock};
use super::trace_parent::TraceParent;

/// Most stages of one trace. A submission has a dozen, and some more for each term of leadership
/// that it outlives.
const STAGES_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: Traces;
}

/// A part of what was done for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What was done.
    pub name: &'static str,
    /// When it began.
    pub began: Instant,
    /// When it ended; `None` if it ends with the request.
    pub ended: Option<Instant>,
    /// For how many entries it was done, if for a batch of them.
    pub entries: Option<usize>,
}

/// The trace of a request that is being answered. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Recording>);

#[derive(Debug)]
struct Recording {
    span: TraceParent,
    collected: Mutex<Collected>,
}

/// What a trace has collected.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub stages: Vec<Stage>,
    /// The route and the status of the answer.
    pub answer: Option<(&'static str, u16)>,
}

impl Trace {
    /// A trace in which `span` is the request's own.
    pub(super) fn new(span: TraceParent) -> Self {
        Self(Arc::new(Recording { span, collected: Mutex::default() }))
    }

    /// The trace of the request that is being answered here.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|traces| traces.0.first().cloned()).ok().flatten()
    }

    /// The request's span, as others whom it asks are told.
    pub fn span(&self) -> TraceParent {
        self.0.span
    }

    /// Adds a stage.
    pub fn add(&self, stage: Stage) {
        let stages = &mut self.collected().stages;
        if stages.len() < STAGES_MAX {
            stages.push(stage);
        }
    }

    /// Notes how the request was answered.
    pub fn answered(&self, route: &'static str, status: u16) {
        self.collected().answer = Some((route, status));
    }

    /// Takes what was collected.
    pub(super) fn take(&self) -> Collected {
        std::mem::take(&mut *self.collected())
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.0.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether they are one trace.
impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The traces of the requests for which something is done; at least one.
#[derive(Clone, Debug)]
pub struct Traces(Arc<[Trace]>);

impl Traces {
    /// These, if there are any.
    pub fn of(traces: Vec<Trace>) -> Option<Self> {
        (!traces.is_empty()).then(|| Self(traces.into()))
    }

    /// Begins a stage of what is done for them. It ends when the value is dropped.
    #[must_use = "the stage ends when this is dropped"]
    pub fn stage(&self, name: &'static str) -> Timed {
        Timed { traces: self.clone(), name, began: SystemClock.now() }
    }

    /// From here on, each of the requests is in this stage, to its end.
    pub fn enter_last(&self, name: &'static str) {
        self.add(Stage { name, began: SystemClock.now(), ended: None, entries: None });
    }

    fn add(&self, stage: Stage) {
        for trace in &*self.0 {
            trace.add(stage);
        }
    }
}

/// Does `work`, which is for the requests with these traces.
pub async fn within<F: Future>(traces: Option<Traces>, work: F) -> F::Output {
    match traces {
        Some(traces) => CURRENT.scope(traces, work).await,
        None => work.await,
    }
}

/// Begins a stage of what is being done here. It ends when the value is dropped; `None` if nothing
/// is traced.
#[must_use = "the stage ends when this is dropped"]
pub fn stage(name: &'static str) -> Option<Timed> {
    CURRENT.try_with(|traces| traces.stage(name)).ok()
}

/// A stage that has begun.
#[derive(Debug)]
pub struct Timed {
    traces: Traces,
    name: &'static str,
    began: Instant,
}

impl Drop for Timed {
    fn drop(&mut self) {
        let (name, began, ended) = (self.name, self.began, Some(SystemClock.now()));
        self.traces.add(Stage { name, began, ended, entries: None });
    }
}

#[cfg(test)]
mod tests {
    use super::super::entropy::OsEntropy;
    use super::super::request_id::RequestId;
    use super::*;

    fn trace() -> Trace {
        let trace = RequestId::new(&OsEntropy);
        Trace::new(TraceParent { trace, parent: [1; 8], is_sampled: true })
    }

    #[tokio::test]
    async fn a_stage_counts_for_all_for_whom_it_is_done_and_only_there() {
        assert!(stage("nobody's").is_none());
        assert_eq!(Trace::current(), None);
        let (one, other) = (trace(), trace());
        let traces = Traces::of(vec![one.clone(), other.clone()]);
        let work = async {
            let whole = stage("whole");
            drop(stage("part"));
            assert_eq!(Trace::current().as_ref(), Some(&one));
            drop(whole);
        };
        within(traces.clone(), work).await;
        within(None, async { assert!(stage("nobody's").is_none()) }).await;
        traces.expect("two").enter_last("last");
        for trace in [one, other] {
            let stages = trace.take().stages;
            let names: Vec<_> = stages.iter().map(|stage| stage.name).collect();
            assert_eq!(names, ["part", "whole", "last"]);
            assert!(stages[1].began <= stages[0].began && stages[0].ended <= stages[1].ended);
            assert_eq!(stages[2].ended, None);
        }
    }

    #[test]
    fn a_trace_has_only_so_many_stages() {
        let (trace, now) = (trace(), SystemClock.now());
        for _ in 0..10 * STAGES_MAX {
            trace.add(Stage { name: "again", began: now, ended: None, entries: None });
        }
        assert_eq!(trace.take().stages.len(), STAGES_MAX);
    }
}
