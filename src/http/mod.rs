//! HTTP: the writer's front doors.
//!
//! | request | module |
//! |---|---|
//! | `POST /api/v2/log/entries`, `POST /add` | [`submit`] |
//! | `GET /checkpoint`, `/tile/...`, `/log.json`, the same under `/api/v2/` | [`read`] |
//! | `GET /healthz`, `/readyz`, `/` | [`health`] |
//! | `GET /metrics`, on a listener of its own | [`health`] |
//!
//! [`serve`] accepts connections within [`limits`]; [`problem`] turns every error into its status.

mod health;
mod limits;
mod problem;
mod read;
mod serve;
mod submit;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use hyper::body::Body;
use tokio::sync::Semaphore;

pub use limits::Limits;
pub use problem::{Answer, Problem};
pub use serve::{serve, serve_metrics};

use crate::log::Log;
use crate::metrics::{HttpMetrics, RequestLabels};

/// What to do with an entry that the log holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Answer with the existing entry, as if it were new.
    #[default]
    Answer,
    /// Answer 409 with its index.
    Reject,
}

/// How the front doors are set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpConfig {
    /// `POST /add` takes any bytes.
    pub accept_opaque: bool,
    /// What to do with duplicates.
    pub duplicates: Duplicates,
    /// What one client may take.
    pub limits: Limits,
}

/// The writer as its clients see it.
pub struct App {
    log: Log,
    config: HttpConfig,
    metrics: HttpMetrics,
    /// Permits for the submissions that are being verified or wait for it.
    queue: Semaphore,
    /// Permits for the processors, so that verification never takes all of the blocking pool.
    processors: Arc<Semaphore>,
}

impl App {
    /// An app in front of `log`.
    pub fn new(log: Log, config: HttpConfig, metrics: HttpMetrics) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            log,
            config,
            metrics,
            queue: Semaphore::new(config.limits.verifying_max),
            processors: Arc::new(Semaphore::new(2 * processors)),
        }
    }

    /// Answers one request.
    pub async fn handle<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let is_head = request.method() == Method::HEAD;
        let (route, answered) = self.route(request).await;
        let mut answer = answered.unwrap_or_else(Problem::into_answer);
        if is_head {
            *answer.body_mut() = http_body_util::Full::default();
        }
        let code = answer.status().as_u16();
        self.metrics.requests.get_or_create(&RequestLabels { route, code }).inc();
        answer
    }

    async fn route<B>(&self, request: Request<B>) -> (&'static str, Result<Answer, Problem>)
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let path = request.uri().path();
        match path {
            "/api/v2/log/entries" => match expect(&request, &[Method::POST], "POST") {
                Ok(()) => ("entries", self.submit_rekor(request).await),
                Err(problem) => ("entries", Err(problem)),
            },
            "/add" => match expect(&request, &[Method::POST], "POST") {
                Ok(()) => ("add", self.submit_opaque(request).await),
                Err(problem) => ("add", Err(problem)),
            },
            _ => match expect(&request, &[Method::GET, Method::HEAD], "GET, HEAD") {
                Ok(()) => self.route_read(path, request.headers()).await,
                Err(problem) => ("other", Err(problem)),
            },
        }
    }

    async fn route_read(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> (&'static str, Result<Answer, Problem>) {
        match path {
            "/" => ("front", Ok(self.front_page())),
            "/healthz" => ("healthz", Ok(health::alive())),
            "/readyz" => ("readyz", self.ready()),
            _ => {
                let relative = path.strip_prefix("/api/v2/").or_else(|| path.strip_prefix('/'));
                let objects = &**self.log.objects();
                let read = read::read(objects, relative.unwrap_or_default(), headers);
                ("read", read.await)
            }
        }
    }
}

fn expect<B>(
    request: &Request<B>,
    methods: &[Method],
    allowed: &'static str,
) -> Result<(), Problem> {
    if methods.contains(request.method()) {
        return Ok(());
    }
    Err(Problem::Method { method: request.method().to_string(), allowed })
}
