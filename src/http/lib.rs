//! The writer's HTTP server.
//!
//! | request | module |
//! |---|---|
//! | `POST /api/v2/log/entries`, `POST /add` | [`submit`] |
//! | `GET /checkpoint`, `/tile/...`, `/lookup/...`, `/log.json`, the same under `/api/v2/` | [`read`] |
//! | `/api/v1/...`: search and entries, as in Rekor v1 | [`rekor_v1`] |
//! | `GET /healthz`, `/readyz`, `/` | [`health`] |
//! | `GET /openapi.json` | [`openapi`] |
//! | gRPC: `CreateEntry`, health, reflection | [`grpc`] |
//! | `GET /metrics`, on a listener of its own | [`health`] |
//! | `POST /_writer/forward`, from another writer of the log | [`forward`], called by [`peers`] |
//!
//! [`cors`] decides which of these web pages may use.
//!
//! [`serve`] accepts connections within [`limits`], with or without [`tls`], and closes idle ones
//! ([`connection`]). Clients share connections and the memory for bodies ([`body`]) and answers
//! ([`delivery`]) fairly ([`shares`]), and clients that are too slow are cut off ([`headway`]).
//! [`door`] asks [`fasti_admit`] who may write. [`problem`] turns every error into its status.

mod accept;
mod body;
mod connection;
mod cors;
mod delivery;
mod door;
mod forward;
mod grpc;
mod headway;
mod health;
mod limits;
pub mod metrics;
mod openapi;
mod packed;
mod peers;
mod problem;
mod read;
mod rekor_v1;
mod represent;
mod secret;
mod serve;
mod shares;
mod submit;
mod tls;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue};
use http::{Method, Request, StatusCode, request};
use hyper::body::Body;
use tokio::sync::Semaphore;

pub use cors::{Site, SiteError};
pub use limits::Limits;
pub use peers::HttpPeers;
pub use problem::{Answer, Problem};
pub use secret::PeerSecret;
pub use serve::{serve, serve_metrics};
pub use shares::SharesMetrics;
pub use tls::{Tls, TlsError};

use accept::ErrorForm;
use body::discard;
use fasti_admit::Admission;
use fasti_log::Log;
use limits::Pools;
use read::Reads;
use rekor_v1::RekorV1;

use crate::metrics::{HttpMetrics, RequestLabels};

/// What to do with an entry that is already in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Answer with the existing entry, as if it were new.
    #[default]
    Answer,
    /// Answer 409 with its index.
    Reject,
}

/// The configuration of the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct HttpConfig {
    /// Whether `POST /add` accepts arbitrary bytes.
    pub accept_opaque: bool,
    /// What to do with duplicates.
    pub duplicates: Duplicates,
    /// The resources that clients can use.
    pub limits: Limits,
    /// Who may write, and how much.
    pub admission: Arc<Admission>,
    /// Sites whose pages may submit.
    pub submitting_sites: Vec<Site>,
    /// The secret shared by the writers of this log, if there can be several.
    pub peer_secret: Option<PeerSecret>,
    /// The address at which other writers reach this one. Only questions to it are answered.
    pub writer_address: String,
}

/// The writer as its clients see it.
pub struct App {
    log: Log,
    config: HttpConfig,
    metrics: HttpMetrics,
    reads: Reads,
    v1: RekorV1,
    services: grpc::Services,
    /// The resources that clients share.
    pools: Pools,
    /// Permits for the bytes that peers forward, separate from all others.
    peer_memory: Semaphore,
    /// Permits for submissions being verified or waiting for it.
    queue: Semaphore,
    /// Permits for processors, so that verification never uses up the blocking pool.
    processors: Arc<Semaphore>,
}

impl App {
    /// Creates the app in front of `log`.
    pub fn new(log: Log, config: HttpConfig, metrics: HttpMetrics) -> Self {
        let processors = fasti_seams::offload::processors();
        let limits = config.limits;
        let pools = Pools::new(&limits, &metrics);
        Self {
            services: grpc::Services::new(log.clone()),
            v1: RekorV1::new(&log),
            log,
            config,
            metrics,
            reads: Reads::new(pools.answers.clone()),
            pools,
            peer_memory: Semaphore::new(forward::MEMORY_BYTES_MAX),
            queue: Semaphore::new(limits.verifying_max),
            processors: Arc::new(Semaphore::new(2 * processors)),
        }
    }

    /// Answers one request. Also returns the body of a refused request if the rest of it is still
    /// to be read.
    pub async fn handle<B>(&self, request: Request<B>) -> (Answer, Option<B>)
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let (mut head, mut body) = request.into_parts();
        self.note_place(&head.headers, &mut head.extensions);
        let (route, answered) = match self.preflight(&head) {
            Some(answered) => ("preflight", answered),
            None => self.route(&head, &mut body).await,
        };
        let (mut answer, unread) = match answered {
            Ok(answer) => (answer, None),
            Err(problem) => self.refuse(problem, &head, body).await,
        };
        cors::share(&head, &mut answer);
        if head.method == Method::HEAD {
            let body = std::mem::take(answer.body_mut());
            if answer.status() != StatusCode::NOT_MODIFIED {
                let length = body.size_hint().exact().unwrap_or_default();
                answer.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
            }
        }
        let code = answer.status().as_u16();
        self.metrics.requests.get_or_create(&RequestLabels { route, code }).inc();
        (answer, unread)
    }

    /// Returns the answer to a request that failed. If its body is long, the answer does not wait
    /// for it and closes the connection. The rest of the body is returned to be read, so that the
    /// answer is not lost.
    async fn refuse<B>(
        &self,
        problem: Problem,
        head: &request::Parts,
        mut body: B,
    ) -> (Answer, Option<B>)
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let is_lost = matches!(
            problem,
            Problem::BodyTooSlow(_)
                | Problem::BodyStandsStill { .. }
                | Problem::BodyBroken(_)
                | Problem::Peer(_)
        );
        // A client that asks before sending a body (Expect) need not send it.
        let comes = !is_lost && !head.headers.contains_key(EXPECT);
        let is_read = body.is_end_stream() || comes && discard(&mut body).await;
        let mut answer = problem.into_answer(ErrorForm::wanted(&head.uri, &head.headers));
        if !is_read {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        (answer, (comes && !is_read).then_some(body))
    }

    async fn route<B>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> (&'static str, Result<Answer, Problem>)
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        match head.uri.path() {
            "/api/v2/log/entries" => ("entries", self.submit_rekor(head, body).await),
            "/add" => ("add", self.submit_opaque(head, body).await),
            forward::FORWARD_PATH => ("forward", self.answer_peer(head, body).await),
            "/" => ("front", self.front_page(&head.method)),
            "/healthz" => ("healthz", health::alive(&head.method)),
            "/readyz" => ("readyz", self.ready(&head.method)),
            "/openapi.json" => ("openapi", openapi::describe(head)),
            path if path.starts_with(rekor_v1::PREFIX) => {
                ("v1", Box::pin(self.rekor_v1(head, body)).await)
            }
            _ => ("read", self.reads.answer(&**self.log.objects(), head).await),
        }
    }
}

/// The methods of resources that are only read.
const READ: (&[Method], &str) = (&[Method::GET, Method::HEAD], "GET, HEAD");
/// The methods of resources that accept submissions.
const SUBMIT: (&[Method], &str) = (&[Method::POST], "POST");

fn expect(method: &Method, (methods, allowed): (&[Method], &'static str)) -> Result<(), Problem> {
    if methods.contains(method) {
        return Ok(());
    }
    Err(Problem::Method { method: method.to_string(), allowed })
}
