//! A witness over HTTP (C2SP tlog-witness).
//!
//! | request | answer |
//! |---|---|
//! | `POST /add-checkpoint` | signature lines of the witness |
//! | `POST /sign-subtree` | the same for a part of a tree |
//! | `GET /<SHA-256 of the origin>/checkpoint` | the newest checkpoint that was cosigned |
//! | `GET /healthz` | that the process is alive |
//! | `GET /` | who this is, for people |
//!
//! A refusal says in plain text what is wrong; for a client that is behind or ahead it is the size
//! that the witness knows, and nothing else.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use fasti_rate::{Pace, Proxies, TooMany, seconds};
use fasti_seams::causes::with_causes;
use fasti_serve::{
    Answered, BodyError, Connection, Full as NoneLeft, HttpMetrics, Limits, Place, ReadBody,
    RequestLabels, Service, Shares, bytes_pool, leave, peer, place_of, read_body,
};
use futures::FutureExt as _;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode, request};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use thiserror::Error;
use tiles_spec::witness::{ADD_CHECKPOINT_BYTES_MAX, SIZE_MEDIA_TYPE, size_body};

use super::refusal::Refusal;
use super::witness::Witness;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// How long caches may keep a checkpoint.
const CHECKPOINT_LIFETIME: HeaderValue = HeaderValue::from_static("max-age=5");

/// Maximum bytes of all bodies that are read at once.
const BODY_MEMORY_BYTES_MAX: usize = 32 << 20;

/// How long a client should wait that was refused for lack of room, in seconds.
const BUSY_SECONDS: u64 = 1;

/// A witness over HTTP.
#[derive(Clone)]
pub struct WitnessService {
    parts: Arc<Parts>,
    proxies: Arc<Proxies>,
}

struct Parts {
    witness: Arc<Witness>,
    /// How often a client may ask.
    pace: Pace,
    limits: Limits,
    bodies: Arc<Shares>,
    metrics: HttpMetrics,
}

/// Everything that is answered with an error.
#[derive(Debug, Error)]
enum Problem {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Paced(#[from] TooMany),
    #[error("there is nothing here")]
    NotFound,
    #[error("use {0} here")]
    Method(&'static str),
    #[error("the witness is busy; try again")]
    Busy,
}

type HttpResponse = Response<Full<Bytes>>;

impl WitnessService {
    /// Serves a witness within these limits, to clients that may ask as often as `pace` says.
    pub fn new(
        witness: Arc<Witness>,
        pace: Pace,
        proxies: Proxies,
        limits: Limits,
        metrics: HttpMetrics,
    ) -> Self {
        let bodies = bytes_pool(BODY_MEMORY_BYTES_MAX, metrics.shares("bodies"));
        let parts = Arc::new(Parts { witness, pace, limits, bodies, metrics });
        Self { parts, proxies: Arc::new(proxies) }
    }

    /// The witness.
    pub fn witness(&self) -> &Witness {
        &self.parts.witness
    }

    /// The same behind other proxies.
    #[must_use]
    pub fn behind(&self, proxies: Proxies) -> Self {
        Self { parts: self.parts.clone(), proxies: Arc::new(proxies) }
    }
}

impl Service for WitnessService {
    type Body = Full<Bytes>;

    fn answer(
        &self,
        request: Request<Incoming>,
        has_room: Result<(), NoneLeft>,
    ) -> impl Future<Output = Answered<Full<Bytes>>> + Send {
        let this = self.clone();
        async move { this.parts.answer(request, has_room, &this.proxies).await }.boxed()
    }

    fn too_many_connections(&self) -> Vec<u8> {
        let words = "the witness has too many connections; try again\n";
        let length = words.len();
        format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
             cache-control: no-store\r\nretry-after: {BUSY_SECONDS}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{words}"
        )
        .into_bytes()
    }
}

impl Parts {
    async fn answer(
        &self,
        request: Request<Incoming>,
        has_room: Result<(), NoneLeft>,
        proxies: &Proxies,
    ) -> Answered<Full<Bytes>> {
        let (mut head, mut body) = request.into_parts();
        let (route, answered) = match has_room {
            Ok(()) => {
                Self::note_place(&mut head, proxies);
                self.route(&head, &mut body).await
            }
            Err(NoneLeft) => ("busy", Err(Problem::Busy)),
        };
        let (mut answer, unread) = match answered {
            Ok(answer) => (answer, None),
            Err(problem) => {
                let is_lost = matches!(&problem, Problem::Body(error) if error.is_lost());
                let mut answer = problem.into_response();
                let unread = leave(&mut answer, &head, body, is_lost).await;
                (answer, unread)
            }
        };
        if head.method == Method::HEAD {
            let body = std::mem::take(answer.body_mut());
            let length = body.size_hint().exact().unwrap_or_default();
            answer.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
        }
        let code = answer.status().as_u16();
        self.metrics.requests.get_or_create(&RequestLabels { route, code }).inc();
        (answer, unread)
    }

    /// Notes where a request comes from, according to trusted proxies.
    fn note_place(head: &mut request::Parts, proxies: &Proxies) {
        let client = proxies.client(peer(&head.extensions), &head.headers);
        let connection = head.extensions.get::<Arc<Connection>>();
        let connection = connection.map_or(u64::MAX, |one| one.place().connection);
        head.extensions.insert(Place { client, connection });
    }

    async fn route(
        &self,
        head: &request::Parts,
        body: &mut Incoming,
    ) -> (&'static str, Result<HttpResponse, Problem>) {
        let path = head.uri.path().to_owned();
        match path.as_str() {
            "/add-checkpoint" => {
                let asked = self.read(head, body).await;
                let answered = match asked {
                    Ok(body) => {
                        self.witness.add_checkpoint(body.bytes()).await.map_err(Problem::from)
                    }
                    Err(problem) => Err(problem),
                };
                ("add-checkpoint", answered.map(|lines| text(lines, NO_STORE)))
            }
            "/sign-subtree" => {
                let asked = self.read(head, body).await;
                let answered = match asked {
                    Ok(body) => {
                        self.witness.sign_subtree(body.bytes()).await.map_err(Problem::from)
                    }
                    Err(problem) => Err(problem),
                };
                ("sign-subtree", answered.map(|lines| text(lines, NO_STORE)))
            }
            "/healthz" => ("healthz", read_only(head).map(|()| text("ok\n", NO_STORE))),
            "/" => ("front", read_only(head).map(|()| text(self.front_page(), NO_STORE))),
            path => match path[1..].strip_suffix("/checkpoint") {
                Some(hash) => ("checkpoint", self.newest(head, hash).await),
                None => ("none", Err(Problem::NotFound)),
            },
        }
    }

    /// Reads the body of a submission, which keeps its share of the memory until it is answered.
    async fn read(&self, head: &request::Parts, body: &mut Incoming) -> Result<ReadBody, Problem> {
        if head.method != Method::POST {
            return Err(Problem::Method("POST"));
        }
        self.pace.take(place_of(head).client, 0)?;
        let read =
            read_body(head, body, ADD_CHECKPOINT_BYTES_MAX, &self.limits, &self.bodies).await;
        if read.as_ref().is_err_and(BodyError::is_slow) {
            self.metrics.bodies_too_slow.inc();
        }
        Ok(read?)
    }

    async fn newest(&self, head: &request::Parts, hash: &str) -> Result<HttpResponse, Problem> {
        read_only(head)?;
        let checkpoint = self.witness.newest(hash).await?;
        Ok(text(checkpoint, CHECKPOINT_LIFETIME))
    }

    fn front_page(&self) -> String {
        let line = |key| format!("verifier key  {key}\n");
        let keys: String = self.witness.keys().verifier_keys().iter().map(line).collect();
        format!(
            "fasti: a witness of transparency logs (c2sp.org/tlog-witness)\n\n{keys}logs          \
             {}\n\nPOST  /add-checkpoint  /sign-subtree\n\
             GET   /<SHA-256 of the origin, in hexadecimal>/checkpoint  /healthz\n",
            self.witness.log_count()
        )
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        let status = match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Body(BodyError::TooLarge { .. }) => 413,
            Self::Body(BodyError::TooSlow(_) | BodyError::StandsStill { .. }) => 408,
            Self::Body(BodyError::Broken(_)) => 400,
            Self::Body(BodyError::Encoded(_)) => 415,
            Self::Body(BodyError::NoRoom) | Self::Busy => 503,
            Self::Paced(_) => 429,
            Self::NotFound => 404,
            Self::Method(_) => 405,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn into_response(self) -> HttpResponse {
        let status = self.status();
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(error = with_causes(&self), "request failed");
        }
        let size = match &self {
            Self::Refused(refusal) => refusal.size(),
            _ => None,
        };
        let mut answer = match size {
            Some(size) => text(size_body(size), NO_STORE),
            None => text(format!("{self}\n"), NO_STORE),
        };
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        if size.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(SIZE_MEDIA_TYPE));
        }
        match self {
            Self::Method(allowed) => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Refused(Refusal::TooMany(wait)) | Self::Paced(TooMany { wait, .. }) => {
                headers.insert(RETRY_AFTER, seconds(wait).into());
            }
            Self::Busy | Self::Body(BodyError::NoRoom) => {
                headers.insert(RETRY_AFTER, BUSY_SECONDS.into());
            }
            _ => {}
        }
        answer
    }
}

fn read_only(head: &request::Parts) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD].contains(&head.method) {
        Ok(())
    } else {
        Err(Problem::Method("GET, HEAD"))
    }
}

fn text(body: impl Into<Bytes>, lifetime: HeaderValue) -> HttpResponse {
    let mut answer = Response::new(Full::new(body.into()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, TEXT);
    headers.insert(CACHE_CONTROL, lifetime);
    answer
}
