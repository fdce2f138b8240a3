//! Accepts connections, within limits, until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fasti_rate::Client;
use http::header::{HeaderName, HeaderValue};
use http::{Request, Response, Version};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::either::Either as Stream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::drain;
use super::connection::Connection;
use super::delivery::{AccountedFor, Delivery};
use super::hogs::Hogs;
use super::identified::{identify, mark};
use super::limits::{Limits, Pools};
use super::metrics::HttpMetrics;
use super::place::PeerAddress;
use super::service::Service;
use super::tls::Tls;

/// Maximum bytes of a request's head, and of what HTTP/1 reads or writes ahead.
const HEAD_BYTES_MAX: u32 = 16 << 10;
/// Memory that a request takes in addition to its head and answer: tasks, tables, frames.
const REQUEST_BYTES: usize = 4 << 10;
/// Maximum number of concurrent requests on one HTTP/2 connection.
const STREAMS_MAX: u32 = 32;
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
/// How many connections a client can have open and still get another after it took too much.
const HOG_CONNECTIONS_MAX: usize = 64;
/// How many connections above the limit get a refusal at a time; others are just closed.
const REFUSALS_MAX: usize = 256;
/// How long to keep reading from a refused client, so that it can read the refusal.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);
/// How long a stalled connection gets to close gracefully.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long the stopping server still accepts requests, in order to refuse them with a message:
/// they may have been sent before.
const LAST_CALL: Duration = Duration::from_millis(500);
/// Longer than any connection lasts.
const FOREVER: Duration = Duration::from_hours(365 * 24);
/// How long open connections get to finish after that.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// What a server is made of, besides its service.
pub struct ServerParts {
    /// The resources that clients can use.
    pub limits: Limits,
    /// The same, as shared with other listeners.
    pub pools: Pools,
    /// What is counted.
    pub metrics: HttpMetrics,
    /// For HTTPS.
    pub tls: Option<Arc<Tls>>,
}

/// A server: a service, and what its connections share.
pub struct Server<S> {
    service: S,
    parts: ServerParts,
    builder: Builder<TokioExecutor>,
    /// Clients that took too much lately.
    hogs: Arc<Hogs>,
    /// Permits for refusing connections above the limit.
    refusals: Arc<Semaphore>,
    /// Cancelled to finish open requests and accept no more.
    stop: CancellationToken,
    open: TaskTracker,
}

impl<S: Service> Server<S> {
    /// Serves this.
    pub fn new(service: S, parts: ServerParts) -> Arc<Self> {
        Arc::new(Self {
            service,
            builder: builder(parts.limits),
            hogs: Arc::default(),
            refusals: Arc::new(Semaphore::new(REFUSALS_MAX)),
            stop: CancellationToken::new(),
            open: TaskTracker::new(),
            parts,
        })
    }

    /// Answers requests on `listener` until `stop` is ready, then lets open requests finish.
    pub async fn accept(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
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
                Ok((stream, peer)) => self.let_in(stream, peer),
                Err(error) => {
                    // Most likely out of file descriptors: wait for some to be closed.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        self.stop.cancel();
        self.open.close();
        if timeout(DRAIN_TIME_MAX, self.open.wait()).await.is_err() {
            tracing::warn!("some connections did not close in time");
        }
    }

    /// Serves a connection, if there is a place for it.
    fn let_in(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let ServerParts { limits, pools, metrics, tls } = &self.parts;
        let client = Client::at(peer.ip());
        let is_hog = || self.hogs.includes(client, now());
        if pools.connections.held_by(client) >= HOG_CONNECTIONS_MAX && is_hog() {
            // Saying so would be work for the client that makes too much of it.
            metrics.connections_refused.inc();
            return;
        }
        let connection = Connection::new(client, limits.connection_rate_min());
        let place = pools.connections.take(connection.place(), 1, connection.clone());
        let account = connection.open_account(&pools.requests);
        let (Ok(place), Ok(())) = (place, account) else {
            connection.close_account();
            metrics.connections_refused.inc();
            // A TLS client could not read a refusal.
            if let (None, Ok(permit)) = (tls, self.refusals.clone().try_acquire_owned()) {
                tokio::spawn(refuse(stream, self.service.too_many_connections(), permit));
            }
            return;
        };
        drop(stream.set_nodelay(true));
        drop(SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX));
        let server = self.clone();
        metrics.connections.inc();
        self.open.spawn(async move {
            tokio::select! {
                // What gives way does not first answer what it can.
                biased;
                () = connection.gives_way() => server.hogs.note(client, now()),
                () = server.serve(stream, peer, &connection) => {}
            }
            connection.close_account();
            server.parts.metrics.connections.dec();
            drop(place);
        });
    }

    /// Serves a connection to its end, after the handshake.
    async fn serve(&self, stream: TcpStream, peer: SocketAddr, connection: &Arc<Connection>) {
        let stream = match &self.parts.tls {
            None => Stream::Left(stream),
            Some(tls) => {
                let accepted = tokio::select! {
                    accepted = Box::pin(tls.accept(stream)) => accepted.ok(),
                    _ = connection.stalls() => None,
                };
                let Some(stream) = accepted else {
                    self.parts.metrics.tls_failures.inc();
                    return;
                };
                Stream::Right(Box::new(stream))
            }
        };
        self.converse(stream, peer.ip(), connection).await;
    }

    /// Answers the requests that come over a connection which this side has opened, to its end. It
    /// stays open without requests, too: it is not a client that holds it.
    pub async fn serve_opened<T>(&self, stream: T, peer: IpAddr)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut least = self.parts.limits.connection_rate_min();
        least.grace = FOREVER;
        let connection = Connection::new(Client::at(peer), least);
        if connection.open_account(&self.parts.pools.requests).is_ok() {
            tokio::select! {
                () = self.converse(stream, peer, &connection) => {}
                () = connection.gives_way() => {}
            }
        }
        connection.close_account();
    }

    /// Answers the requests of a connection to its end.
    async fn converse<T>(&self, stream: T, peer: IpAddr, connection: &Arc<Connection>)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (limits, this, answering) =
            (self.parts.limits, connection.clone(), self.service.clone());
        let hogs = self.hogs.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (open, has_room) = this.request(REQUEST_BYTES + head_bytes(&request));
            if has_room.is_err() {
                hogs.note(this.place().client, now());
            }
            let has_frames = request.version() == Version::HTTP_2;
            request.extensions_mut().insert(PeerAddress(peer));
            request.extensions_mut().insert(this.clone());
            let (answering, this) = (answering.clone(), this.clone());
            let (id, method) = (identify(request.headers()), request.method().clone());
            async move {
                let answered = async { answering.answer(request, has_room).await };
                let (mut reply, unread) = id.within(answered).await;
                mark(&method, id, reply.headers_mut());
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
                    self.parts.metrics.answers_not_taken.inc();
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

fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}

/// Bytes of a request's head.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    target + request.headers().iter().map(field).sum::<usize>()
}

/// Bytes of an answer that are not accounted for yet.
fn answer_bytes<B: Body>(reply: &Response<B>) -> usize {
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
async fn refuse(mut stream: TcpStream, refusal: Vec<u8>, _permit: OwnedSemaphorePermit) {
    let told = async {
        stream.write_all(&refusal).await?;
        stream.shutdown().await?;
        let mut unread = [0; 8 << 10];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    drop(tokio::time::timeout(REFUSAL_TIME_MAX, told).await);
}
