//! Serve: accepts connections, within limits, until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::either::Either as Stream;

use super::accept::ErrorForm;
use super::connection::{OpenRequest, Progress, Watched};
use super::door::PeerAddress;
use super::limits::Limits;
use super::problem::{Answer, Problem};
use super::tls::Tls;
use super::{App, grpc, health};
use crate::metrics::HttpMetrics;

/// Most bytes of a request's head.
const HEAD_BYTES_MAX: u32 = 64 << 10;
/// Most requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// Most connections at once on the metrics' address.
const METRICS_CONNECTIONS_MAX: usize = 64;
/// Most connections beyond the cap that are told so; others are closed without a word.
const REFUSALS_MAX: usize = 256;
/// How long a refused client is listened to, so that it gets to read the refusal.
const REFUSAL_TIME_MAX: Duration = Duration::from_secs(1);
/// How long requests are still taken, to be refused in words, once the server stops: they may
/// have been sent before.
const LAST_CALL: Duration = Duration::from_millis(500);
/// How long open connections get to finish after that.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// The answer to a request or to a gRPC call.
type Reply = Response<Either<Full<Bytes>, tonic::body::Body>>;

/// Answers requests on `listener` until `stop` is ready, then lets open requests finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    app: Arc<App>,
    stop: impl Future<Output = ()>,
) {
    let (limits, metrics) = (app.config.limits, app.metrics.clone());
    let answer = move |request: Request<Incoming>, open: OpenRequest| {
        let app = app.clone();
        async move {
            if grpc::is_call(&request) {
                return app.call(request, open).await.map(Either::Right);
            }
            let answer = app.handle(request).await;
            drop(open);
            answer.map(Either::Left)
        }
    };
    accept(listener, tls, limits, &metrics, answer, stop).await;
}

/// Answers `GET /metrics` on a listener of its own, for ever.
pub async fn serve_metrics(listener: TcpListener, registry: Arc<Registry>) {
    let limits = Limits { connections_max: METRICS_CONNECTIONS_MAX, ..Limits::default() };
    let answer = move |request: Request<Incoming>, _: OpenRequest| {
        let form = ErrorForm::wanted(request.uri(), request.headers());
        let answer = metrics(&request, &registry);
        let answer = answer.unwrap_or_else(|problem| problem.into_answer(form));
        std::future::ready(answer.map(Either::Left))
    };
    accept(listener, None, limits, &HttpMetrics::default(), answer, std::future::pending()).await;
}

fn metrics(request: &Request<Incoming>, registry: &Registry) -> Result<Answer, Problem> {
    match request.uri().path() {
        "/metrics" => health::metrics(request.method(), registry),
        path => Err(Problem::NotFound(path.to_owned())),
    }
}

/// Lets each connection have its requests answered by `answer`.
async fn accept<A, F>(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    limits: Limits,
    metrics: &HttpMetrics,
    answer: A,
    stop: impl Future<Output = ()>,
) where
    A: Fn(Request<Incoming>, OpenRequest) -> F + Clone + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let connections = Arc::new(Semaphore::new(limits.connections_max));
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let graceful = GracefulShutdown::new();
    let builder = builder(limits);
    let stop = async {
        stop.await;
        tokio::time::sleep(LAST_CALL).await;
    };
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to be closed.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let Ok(permit) = connections.clone().try_acquire_owned() else {
            metrics.connections_refused.inc();
            // Who expects TLS could not read a refusal.
            if let (None, Ok(permit)) = (&tls, refusals.clone().try_acquire_owned()) {
                tokio::spawn(refuse(stream, permit));
            }
            continue;
        };
        drop(stream.set_nodelay(true));
        let (progress, answer) = (Progress::new(), answer.clone());
        let service = {
            let progress = progress.clone();
            service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(PeerAddress(peer.ip()));
                let answered = answer(request, progress.request());
                async move { Ok::<_, Infallible>(answered.await) }
            })
        };
        let (builder, watcher, tls) = (builder.clone(), graceful.watcher(), tls.clone());
        let (open, failures) = (metrics.connections.clone(), metrics.tls_failures.clone());
        open.inc();
        tokio::spawn(async move {
            let served = async {
                let stream = match tls {
                    None => Stream::Left(stream),
                    Some(tls) => {
                        let Ok(stream) = Box::pin(tls.accept(stream)).await else {
                            failures.inc();
                            return;
                        };
                        Stream::Right(Box::new(stream))
                    }
                };
                let stream = TokioIo::new(Watched::new(stream, progress.clone()));
                let connection = builder.serve_connection(stream, service).into_owned();
                // What ends it early is the client's doing; requests count their own errors.
                drop(watcher.watch(connection).await);
            };
            tokio::select! {
                () = served => {}
                () = progress.stalls(limits.head_timeout) => {}
            }
            open.dec();
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

fn builder(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // `Progress` keeps the time for heads. A client that closes its side after a whole request
    // still wants the answer.
    builder
        .http1()
        .header_read_timeout(None)
        .half_close(true)
        .max_buf_size(HEAD_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .keep_alive_interval(limits.head_timeout)
        .keep_alive_timeout(limits.head_timeout);
    builder
}

/// Refuses without waiting for a request. Closing while the client still sends would reset the
/// connection, and the refusal might be lost with it.
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
