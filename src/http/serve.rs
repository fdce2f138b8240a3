//! Serve: accepts connections, within limits, until told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use prometheus_client::registry::Registry;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::limits::Limits;
use super::problem::Problem;
use super::{App, health};

/// Most bytes of a request's head.
const HEAD_BYTES_MAX: u32 = 64 << 10;
/// Most requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// How long open connections get to finish once the server stops.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(30);
/// What a connection beyond the cap is told.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\
    Content-Length: 0\r\nConnection: close\r\n\r\n";

/// Answers requests on `listener` until `stop` is ready, then lets open requests finish.
pub async fn serve(listener: TcpListener, app: Arc<App>, stop: impl Future<Output = ()>) {
    let limits = app.config.limits;
    let connections = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let builder = builder(limits);
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
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
            app.metrics.connections_refused.inc();
            tokio::spawn(refuse(stream));
            continue;
        };
        drop(stream.set_nodelay(true));
        let app = app.clone();
        app.metrics.connections.inc();
        let service = {
            let app = app.clone();
            service_fn(move |request: Request<Incoming>| {
                let app = app.clone();
                async move { Ok::<_, Infallible>(app.handle(request).await) }
            })
        };
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // What ends a connection early is the client's doing; requests count their own errors.
            drop(connection.await);
            app.metrics.connections.dec();
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
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
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

async fn refuse(mut stream: TcpStream) {
    let told = async {
        stream.write_all(TOO_MANY).await?;
        stream.shutdown().await
    };
    drop(tokio::time::timeout(Duration::from_secs(1), told).await);
}

/// Answers `GET /metrics` on a listener of its own, for ever.
pub async fn serve_metrics(listener: TcpListener, registry: Arc<Registry>) {
    let builder = Arc::new(builder(Limits::default()));
    while let Ok((stream, _)) = listener.accept().await {
        let (registry, builder) = (registry.clone(), builder.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let registry = registry.clone();
                async move { Ok::<_, Infallible>(metrics(&request, &registry)) }
            });
            drop(builder.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

fn metrics(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    match request.uri().path() {
        "/metrics" => health::metrics(registry),
        path => {
            let answer = Problem::NotFound(path.to_owned()).into_answer();
            debug_assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            answer
        }
    }
}
