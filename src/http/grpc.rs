//! gRPC on the HTTP port: `CreateEntry`, handled like every submission, health, and reflection.
//!
//! A call is a POST over HTTP/2 with a body of type `application/grpc`. Anything else goes to the
//! HTTP routes.
//!
//! | service | module |
//! |---|---|
//! | `dev.sigstore.rekor.v2.Rekor` | [`create_entry`] |
//! | `grpc.health.v1.Health` | [`health`] |
//! | `grpc.reflection.v1.ServerReflection`, `v1alpha` | [`reflection`] |
//!
//! Invariants (I12): messages are read within the limits of HTTP bodies, and calls that can stay
//! open are counted.

mod create_entry;
mod health;
mod reflection;
pub mod services;

use std::sync::Arc;

use bytes::Bytes;
use fasti_serve::{Connection, HttpMetrics, place_of};
use http::{HeaderMap, Request, Response, request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use tonic::Status;
pub use tonic::body::Body as Reply;

use super::app::App;
use super::paths;
use super::problem::Problem;

/// Maximum length of a health request.
const HEALTH_BYTES_MAX: usize = 4 << 10;

impl App {
    /// Answers one call. Also returns the unread body of a refused one. A call that stays open
    /// keeps its connection open.
    pub async fn call(&self, call: Request<Incoming>) -> (Response<Reply>, Option<Incoming>) {
        let began = HttpMetrics::begin();
        let (mut head, body) = call.into_parts();
        self.note_place(&head.headers, &mut head.extensions);
        let call = Request::from_parts(head, body);
        let path = call.uri().path();
        if path == paths::CREATE_ENTRY {
            return self.create_entry(call, began).await;
        }
        let (route, answered) = if path.starts_with(health::PREFIX) {
            ("grpc_health", self.call_health(call).await)
        } else if reflection::PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            ("grpc_reflection", self.call_reflection(call).await)
        } else {
            let unknown = Status::unimplemented("there is no such method here");
            ("grpc", Ok(unknown.into_http()))
        };
        let code = answered.as_ref().map_or_else(Problem::http_status, Response::status).as_u16();
        self.answered(route, code, began);
        (answered.map_or_else(refusal, in_full), None)
    }

    async fn call_health(&self, call: Request<Incoming>) -> Result<Response<Reply>, Problem> {
        let (head, mut body) = call.into_parts();
        // A check is answered at once, however many clients watch.
        let watch = head.uri.path() == health::WATCH;
        let open = if watch { Some(self.open_call(&head)?) } else { None };
        let memory = &self.pools.questions;
        let message =
            self.read_body(&head, &mut body, HEALTH_BYTES_MAX, memory).await?.into_bytes();
        let call = Request::from_parts(head, Reply::new(Full::new(message)));
        let answer = self.services.health.answer(call).await;
        Ok(if watch { keep(answer, open) } else { answer })
    }

    async fn call_reflection(&self, call: Request<Incoming>) -> Result<Response<Reply>, Problem> {
        let (head, body) = call.into_parts();
        let open = self.open_call(&head)?;
        let call = Request::from_parts(head, body);
        let answer =
            self.services.reflection.answer(call, self.config.limits.server.body_timeout).await;
        Ok(keep(answer, open))
    }

    /// Counts a call as an open request of its connection, for as long as it stays open.
    fn open_call(&self, head: &request::Parts) -> Result<impl Send + 'static, Problem> {
        let connection = head.extensions.get::<Arc<Connection>>().cloned().ok_or(Problem::Busy)?;
        let share = self.pools.calls.take(place_of(head), 1, connection.clone())?;
        let (open, _) = connection.request(0);
        Ok((share, open))
    }
}

/// The answer to a refused call.
pub fn refusal(problem: Problem) -> Response<Reply> {
    in_full(problem.into_grpc().into_http())
}

/// Splits an answer that has everything in its headers into headers and trailers, so that it has an
/// end, which shows when all of it has been taken.
fn in_full(mut answer: Response<Reply>) -> Response<Reply> {
    if !answer.body().is_end_stream() {
        return answer;
    }
    let mut trailers = HeaderMap::new();
    for (name, value) in answer.headers() {
        if name.as_str().starts_with("grpc-") {
            trailers.append(name.clone(), value.clone());
        }
    }
    for name in trailers.keys() {
        answer.headers_mut().remove(name);
    }
    let body = Full::new(Bytes::new()).with_trailers(std::future::ready(Some(Ok(trailers))));
    answer.map(|_| Reply::new(body))
}

/// Keeps `what` until the whole answer has been sent or is no longer wanted.
fn keep<K: Send + 'static>(answer: Response<Reply>, what: K) -> Response<Reply> {
    answer.map(|body| {
        Reply::new(body.map_frame(move |frame| {
            let _kept = &what;
            frame
        }))
    })
}
