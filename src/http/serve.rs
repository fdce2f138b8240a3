//! Accepts connections, within limits, until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fasti_admit::Client;
use futures::FutureExt as _;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Response, Version};
use http_body_util::{Either, Empty, Full};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use prometheus_client::registry::Registry;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::either::Either as Stream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept::ErrorForm;
use super::app::App;
use super::body::drain;
use super::connection::Connection;
use super::delivery::{AccountedFor, Delivery};
use super::limits::{Limits, Pools};
use super::place::PeerAddress;
use super::problem::{HttpResponse, Problem};
use super::shares::Full as NoneLeft;
use super::tls::Tls;
use super::{grpc, grpc_call, health};
use crate::metrics::HttpMetrics;

/// Maximum bytes of a request's head, and of what HTTP/1 reads or writes ahead.
const HEAD_BYTES_MAX: u32 = 16 << 10;
/// Memory that a request takes in addition to its head and answer: tasks, tables, frames.
const REQUEST_BYTES: usize = 4 << 10;
/// Maximum number of concurrent requests on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// How many bytes of a body an HTTP/2 client can send before they are read.
const STREAM_WINDOW: u32 = 128 << 10;
/// The same for all bodies on a connection.
const CONNECTION_WINDOW: u32 = 512 << 10;
/// How many bytes of an answer can wait in an HTTP/2 stream, in addition to one piece.
const SEND_BUFFER_BYTES: usize = 32 << 10;
/// Maximum number of HTTP/2 streams that a client has reset before the server accepted them.
const PENDING_RESETS_MAX: usize = 20;
/// Maximum number of streams reset for a client's errors.
const ERROR_RESETS_MAX: usize = 64;
/// Maximum bytes that the kernel keeps for a client and has not sent yet.
const UNSENT_BYTES_MAX: u32 = 64 << 10;
/// Maximum number of connections on the metrics address.
const METRICS_CONNECTIONS_MAX: usize = 64;
/// How many connections above the limit get a refusal at a time; others are just closed.
const REFUSALS_MAX: usize = 256;
/// How long to keep reading from a refused client, so that it can read the refusal.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);
/// How long a stalled connection gets to close gracefully.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long the stopping server still accepts requests, in order to refuse them with a message:
/// they may have been sent before.
const LAST_CALL: Duration = Duration::from_millis(500);
/// How long open connections get to finish after that.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// The answer to a request or to a gRPC call.
type Reply = Response<Either<Full<Bytes>, grpc::Reply>>;

/// An answer, and the body of a refused request if its rest is still to be read.
type Answered = (Reply, Option<Incoming>);

/// What the connections of one listener share.
struct Doors {
    limits: Limits,
    pools: Pools,
    metrics: HttpMetrics,
    tls: Option<Arc<Tls>>,
    builder: Builder<TokioExecutor>,
    /// Permits for refusing connections above the limit.
    refusals: Arc<Semaphore>,
    /// Cancelled to finish open requests and accept no more.
    stop: CancellationToken,
    open: TaskTracker,
}

/// Answers requests on `listener` until `stop` is ready, then lets open requests finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    app: Arc<App>,
    stop: impl Future<Output = ()>,
) {
    let doors = Doors::new(app.config.limits, app.pools.clone(), app.metrics.clone(), tls);
    let answer = move |request: Request<Incoming>, has_room: Result<(), NoneLeft>| {
        let app = app.clone();
        let is_call = grpc_call::is_call(&request);
        if has_room.is_err() {
            return std::future::ready(busy(request, is_call)).boxed();
        }
        let answered = async move {
            if is_call {
                let (answer, unread) = app.call(request).await;
                return (answer.map(Either::Right), unread);
            }
            // Nothing reads such a body, so it would stay in memory until the answer.
            if request.version() == Version::HTTP_2
                && [Method::GET, Method::HEAD].contains(request.method())
            {
                let (answer, _) = app.handle(request.map(|_| Empty::<Bytes>::new())).await;
                return (answer.map(Either::Left), None);
            }
            let (answer, unread) = app.handle(request).await;
            (answer.map(Either::Left), unread)
        };
        // Drop what was needed to build the answer before the client takes it.
        answered.boxed()
    };
    accept(listener, doors, answer, stop).await;
}

/// The answer to a request for which there is no memory.
fn busy(request: Request<Incoming>, is_call: bool) -> Answered {
    let answer = if is_call {
        grpc::refusal(Problem::Busy).map(Either::Right)
    } else {
        let form = ErrorForm::wanted(request.uri(), request.headers());
        Problem::Busy.into_response(form).map(Either::Left)
    };
    let body = request.into_body();
    (answer, (!body.is_end_stream()).then_some(body))
}

/// Answers `GET /metrics` on a listener of its own, forever.
pub async fn serve_metrics(listener: TcpListener, registry: Arc<Registry>) {
    let limits = Limits { connections_max: METRICS_CONNECTIONS_MAX, ..Limits::default() };
    let uncounted = HttpMetrics::default();
    let doors = Doors::new(limits, Pools::new(&limits, &uncounted), uncounted, None);
    let answer = move |request: Request<Incoming>, _| {
        let form = ErrorForm::wanted(request.uri(), request.headers());
        let answer = metrics(&request, &registry);
        let answer = answer.unwrap_or_else(|problem| problem.into_response(form));
        std::future::ready((answer.map(Either::Left), None))
    };
    accept(listener, doors, answer, std::future::pending()).await;
}

fn metrics(request: &Request<Incoming>, registry: &Registry) -> Result<HttpResponse, Problem> {
    match request.uri().path() {
        "/metrics" => health::metrics(request.method(), registry),
        path => Err(Problem::NotFound(path.to_owned())),
    }
}

/// Accepts connections and answers their requests with `answer`.
async fn accept<A, F>(
    listener: TcpListener,
    doors: Doors,
    answer: A,
    stop: impl Future<Output = ()>,
) where
    A: Fn(Request<Incoming>, Result<(), NoneLeft>) -> F + Clone + Send + 'static,
    F: Future<Output = Answered> + Send + 'static,
{
    let doors = Arc::new(doors);
    let stop = async {
        stop.await;
        sleep(LAST_CALL).await;
    };
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => doors.let_in(stream, peer, answer.clone()),
            Err(error) => {
                // Most likely out of file descriptors: wait for some to be closed.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    doors.stop.cancel();
    doors.open.close();
    if timeout(DRAIN_TIME_MAX, doors.open.wait()).await.is_err() {
        tracing::warn!("some connections did not close in time");
    }
}

impl Doors {
    fn new(limits: Limits, pools: Pools, metrics: HttpMetrics, tls: Option<Arc<Tls>>) -> Self {
        Self {
            builder: builder(limits),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
            stop: CancellationToken::new(),
            open: TaskTracker::new(),
            limits,
            pools,
            metrics,
            tls,
        }
    }

    /// Serves a connection, if there is a place for it.
    fn let_in<A, F>(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, answer: A)
    where
        A: Fn(Request<Incoming>, Result<(), NoneLeft>) -> F + Clone + Send + 'static,
        F: Future<Output = Answered> + Send + 'static,
    {
        let connection = Connection::new(Client::at(peer.ip()), self.limits.connection_rate_min());
        let place = self.pools.connections.take(connection.place(), 1, connection.clone());
        let account = connection.open_account(&self.pools.requests);
        let (Ok(place), Ok(())) = (place, account) else {
            connection.close_account();
            self.metrics.connections_refused.inc();
            // A TLS client could not read a refusal.
            if let (None, Ok(permit)) = (&self.tls, self.refusals.clone().try_acquire_owned()) {
                tokio::spawn(refuse(stream, permit));
            }
            return;
        };
        drop(stream.set_nodelay(true));
        drop(SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX));
        let doors = self.clone();
        self.metrics.connections.inc();
        self.open.spawn(async move {
            tokio::select! {
                () = doors.serve(stream, peer, &connection, answer) => {}
                () = connection.gives_way() => {}
            }
            connection.close_account();
            doors.metrics.connections.dec();
            drop(place);
        });
    }

    /// Serves a connection to its end.
    async fn serve<A, F>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        connection: &Arc<Connection>,
        answer: A,
    ) where
        A: Fn(Request<Incoming>, Result<(), NoneLeft>) -> F + Clone + Send + 'static,
        F: Future<Output = Answered> + Send + 'static,
    {
        let stream = match &self.tls {
            None => Stream::Left(stream),
            Some(tls) => {
                let accepted = tokio::select! {
                    accepted = Box::pin(tls.accept(stream)) => accepted.ok(),
                    _ = connection.stalls() => None,
                };
                let Some(stream) = accepted else {
                    self.metrics.tls_failures.inc();
                    return;
                };
                Stream::Right(Box::new(stream))
            }
        };
        let (limits, this) = (self.limits, connection.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (open, has_room) = this.request(REQUEST_BYTES + head_bytes(&request));
            let has_frames = request.version() == Version::HTTP_2;
            request.extensions_mut().insert(PeerAddress(peer.ip()));
            request.extensions_mut().insert(this.clone());
            let (answered, this) = (answer(request, has_room), this.clone());
            async move {
                let (reply, unread) = answered.await;
                if let Some(body) = unread {
                    tokio::spawn(async move { drain(body, &this, limits).await });
                }
                let open = open.answered(answer_bytes(&reply));
                Ok::<_, Infallible>(reply.map(|body| Delivery::new(body, open, has_frames)))
            }
        });
        let served = self.builder.serve_connection(TokioIo::new(stream), service);
        let mut served = pin!(served);
        // A connection that ends early is the client's doing; requests count their own errors.
        tokio::select! {
            _ = served.as_mut() => return,
            untaken = connection.stalls() => {
                if untaken {
                    self.metrics.answers_not_taken.inc();
                    return;
                }
                served.as_mut().graceful_shutdown();
                drop(timeout(GOODBYE, served).await);
                return;
            }
            () = self.stop.cancelled() => served.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = served => {}
            _ = connection.stalls() => {}
        }
    }
}

/// Bytes of a request's head.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    target + request.headers().iter().map(field).sum::<usize>()
}

/// Bytes of an answer that are not accounted for yet.
fn answer_bytes(reply: &Reply) -> usize {
    if reply.extensions().get::<AccountedFor>().is_some() {
        return 0;
    }
    usize::try_from(reply.body().size_hint().lower()).unwrap_or(usize::MAX)
}

fn builder(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // `Connection` enforces the time limit for heads. A client that closes its side after a
    // complete request still wants the answer.
    builder
        .http1()
        .header_read_timeout(None)
        .half_close(true)
        .max_buf_size(HEAD_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(ERROR_RESETS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .keep_alive_interval(limits.head_timeout)
        .keep_alive_timeout(limits.head_timeout);
    builder
}

/// Refuses a connection without waiting for a request. Closing while the client still sends would
/// reset the connection, and the refusal could be lost.
async fn refuse(mut stream: TcpStream, _permit: OwnedSemaphorePermit) {
    let told = async {
        stream.write_all(&Problem::TooManyConnections.into_http1()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 8 << 10];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    drop(tokio::time::timeout(REFUSAL_TIME_MAX, told).await);
}
