//! Traces: which requests have one, and how they were answered.

use std::time::Instant;

use fasti_seams::request_id::RequestId;
use fasti_seams::trace::Trace;
use fasti_seams::tracer::TracedRequest;
use fasti_serve::parent;
use http::{Method, Request};

use super::app::App;
use super::paths;

/// Where submissions come in. Files are read far more often, and their answers come from caches, so
/// chance chooses among submissions only.
const SUBMISSIONS: [&str; 4] = [paths::ENTRIES, paths::ADD, paths::V1_ENTRIES, paths::CREATE_ENTRY];

impl App {
    /// Begins the trace of a request, if it is traced.
    pub(super) fn trace<B>(&self, request: &Request<B>) -> Option<TracedRequest> {
        let tracer = self.config.tracer.as_ref()?;
        let by_chance =
            request.method() == Method::POST && SUBMISSIONS.contains(&request.uri().path());
        let parent = parent(request.headers());
        tracer.begin(RequestId::current()?, parent, name(request.method()), by_chance)
    }

    /// Counts the answer to a request that has begun at `began`, and notes it in its trace.
    pub(super) fn answered(&self, route: &'static str, code: u16, began: Instant) {
        self.metrics.answered(route, code, began);
        if let Some(trace) = Trace::current() {
            trace.answered(route, code);
        }
    }
}

/// The name of a method in traces, which have none for unusual ones.
fn name(method: &Method) -> &'static str {
    let usual = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    usual.into_iter().find(|name| method.as_str() == *name).unwrap_or("_OTHER")
}
