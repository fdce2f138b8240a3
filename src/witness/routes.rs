//! A witness over HTTP (C2SP tlog-witness), and the mirror beside it, if there is one.
//!
//! | request | answer |
//! |---|---|
//! | `POST /add-checkpoint` | signature lines of the witness |
//! | `POST /sign-subtree` | the same for a part of a tree |
//! | `GET /<SHA-256 of the origin>/checkpoint` | the newest checkpoint that was cosigned |
//! | `GET /healthz` | that the process is alive |
//! | `GET /` | who this is, for people |
//! | `POST /add-entries`, `GET /mirror/...` | see `mirror_routes` |
//!
//! A refusal says in plain text what is wrong; for a client that is behind or ahead it is the size
//! that the witness knows, and nothing else.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use fasti_rate::{Pace, Proxies};
use fasti_serve::{
    Answered, BodyError, Connection, Full as NoneLeft, HttpMetrics, Limits, Place, ReadBody,
    Service, Shares, bytes_pool, leave, peer, place_of, read_body,
};
use futures::FutureExt as _;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, request};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use tiles_spec::witness::ADD_CHECKPOINT_BYTES_MAX;

use super::mirror::Mirror;
use super::mirror_routes::MirrorRoutes;
use super::problem::{BUSY_SECONDS, HttpResponse, NO_STORE, Problem, read_only, text};
use super::witness::Witness;

/// How long caches may keep a checkpoint.
const CHECKPOINT_LIFETIME: HeaderValue = HeaderValue::from_static("max-age=5");

/// The route of uploads, which can be packed.
const ADD_ENTRIES: &str = "add-entries";

/// Maximum bytes of all bodies that are read at once.
const BODY_MEMORY_BYTES_MAX: usize = 32 << 20;

/// A witness over HTTP.
#[derive(Clone)]
pub struct WitnessService {
    parts: Arc<Parts>,
    proxies: Arc<Proxies>,
}

struct Parts {
    witness: Arc<Witness>,
    mirror: Option<MirrorRoutes>,
    /// How often a client may ask.
    pace: Pace,
    limits: Limits,
    bodies: Arc<Shares>,
    metrics: HttpMetrics,
}

impl WitnessService {
    /// Serves a witness, and the mirror beside it, within these limits, to clients that may ask as
    /// often as `pace` says.
    pub fn new(
        witness: Arc<Witness>,
        mirror: Option<Arc<Mirror>>,
        pace: Pace,
        proxies: Proxies,
        limits: Limits,
        metrics: HttpMetrics,
    ) -> Self {
        let bodies = bytes_pool(BODY_MEMORY_BYTES_MAX, metrics.shares("bodies"));
        let mirror = mirror.map(|mirror| MirrorRoutes::new(mirror, limits, &metrics));
        let parts = Arc::new(Parts { witness, mirror, pace, limits, bodies, metrics });
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
        let began = HttpMetrics::begin();
        let (mut head, mut body) = request.into_parts();
        let (route, answered) = match has_room {
            Ok(()) => {
                Self::note_place(&mut head, proxies);
                self.route(&head, &mut body).await
            }
            Err(NoneLeft) => ("busy", Err(Problem::Busy)),
        };
        let (mut answer, unread) = match answered {
            // An upload can be answered before its end.
            Ok(mut answer) if !body.is_end_stream() => {
                let unread = leave(&mut answer, &head, body, false).await;
                (answer, unread)
            }
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
        if route == ADD_ENTRIES {
            answer.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self.metrics.answered(route, answer.status().as_u16(), began);
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
                        let mirror = self.mirror.as_ref().map(|mirror| mirror.keys().clone());
                        let signed = self.witness.sign_subtree(body.bytes(), mirror).await;
                        signed.map_err(Problem::from)
                    }
                    Err(problem) => Err(problem),
                };
                ("sign-subtree", answered.map(|lines| text(lines, NO_STORE)))
            }
            "/add-entries" => (ADD_ENTRIES, self.add_entries(head, body).await),
            "/healthz" => ("healthz", read_only(head).map(|()| text("ok\n", NO_STORE))),
            "/" => ("front", read_only(head).map(|()| text(self.front_page(), NO_STORE))),
            path => match (path.strip_prefix("/mirror/"), path[1..].strip_suffix("/checkpoint")) {
                (Some(path), _) => ("mirror", self.mirrored(head, path).await),
                (None, Some(hash)) => ("checkpoint", self.newest(head, hash).await),
                (None, None) => ("none", Err(Problem::NotFound)),
            },
        }
    }

    async fn add_entries(
        &self,
        head: &request::Parts,
        body: &mut Incoming,
    ) -> Result<HttpResponse, Problem> {
        let mirror = self.mirror.as_ref().ok_or(Problem::NotFound)?;
        self.expect_post(head)?;
        let added = mirror.add_entries(head, body).await;
        if let Err(Problem::Body(error)) = &added {
            self.note_slow(error);
        }
        added
    }

    async fn mirrored(&self, head: &request::Parts, path: &str) -> Result<HttpResponse, Problem> {
        read_only(head)?;
        self.mirror.as_ref().ok_or(Problem::NotFound)?.read(head, path).await
    }

    fn expect_post(&self, head: &request::Parts) -> Result<(), Problem> {
        if head.method != Method::POST {
            return Err(Problem::Method("POST"));
        }
        Ok(self.pace.take(place_of(head).client, 0)?)
    }

    fn note_slow(&self, error: &BodyError) {
        if error.is_slow() {
            self.metrics.bodies_too_slow.inc();
        }
    }

    /// Reads the body of a submission, which keeps its share of the memory until it is answered.
    async fn read(&self, head: &request::Parts, body: &mut Incoming) -> Result<ReadBody, Problem> {
        self.expect_post(head)?;
        let read =
            read_body(head, body, ADD_CHECKPOINT_BYTES_MAX, &self.limits, &self.bodies).await;
        Ok(read.inspect_err(|error| self.note_slow(error))?)
    }

    async fn newest(&self, head: &request::Parts, hash: &str) -> Result<HttpResponse, Problem> {
        read_only(head)?;
        let checkpoint = self.witness.newest(hash).await?;
        Ok(text(checkpoint, CHECKPOINT_LIFETIME))
    }

    fn front_page(&self) -> String {
        let line = |key| format!("verifier key  {key}\n");
        let keys: String = self.witness.keys().verifier_keys().iter().map(line).collect();
        let mirror = self.mirror.as_ref().map(MirrorRoutes::front_page).unwrap_or_default();
        format!(
            "fasti: a witness of transparency logs (c2sp.org/tlog-witness)\n\n{keys}logs          \
             {}\n\nPOST  /add-checkpoint  /sign-subtree\n\
             GET   /<SHA-256 of the origin, in hexadecimal>/checkpoint  /healthz\n{mirror}",
            self.witness.log_count()
        )
    }
}
