//! The server of a log: HTTP and gRPC on one listener, and metrics on one of their own.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use fasti_serve::{
    Answered, Full as NoneLeft, HttpMetrics, Limits, Pools, Server, ServerParts, Service, Tls,
};
use futures::FutureExt as _;
use http::{Method, Request, Version};
use http_body_util::{Either, Empty, Full};
use hyper::body::{Body as _, Incoming};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

use super::accept::ErrorForm;
use super::app::App;
use super::problem::{HttpResponse, Problem};
use super::{grpc, grpc_call, health};

/// Maximum number of connections on the metrics address.
const METRICS_CONNECTIONS_MAX: usize = 64;

/// The body of an answer to a request or to a gRPC call.
type Reply = Either<Full<Bytes>, grpc::Reply>;

/// Answers requests on `listener` until `stop` is ready, then lets open requests finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    app: Arc<App>,
    stop: impl Future<Output = ()>,
) {
    let parts = ServerParts {
        limits: app.config.limits.server,
        pools: app.pools.server.clone(),
        metrics: app.metrics.clone(),
        tls,
    };
    Server::new(LogService(app), parts).accept(listener, stop).await;
}

/// Answers `GET /metrics` on a listener of its own, forever.
pub async fn serve_metrics(listener: TcpListener, registry: Arc<Registry>) {
    let limits = Limits { connections_max: METRICS_CONNECTIONS_MAX, ..Limits::default() };
    let uncounted = HttpMetrics::default();
    let pools = Pools::new(&limits, &uncounted);
    let parts = ServerParts { limits, pools, metrics: uncounted, tls: None };
    Server::new(MetricsService(registry), parts).accept(listener, std::future::pending()).await;
}

/// Answers for a log.
#[derive(Clone)]
struct LogService(Arc<App>);

impl Service for LogService {
    type Body = Reply;

    fn answer(
        &self,
        request: Request<Incoming>,
        has_room: Result<(), NoneLeft>,
    ) -> impl Future<Output = Answered<Reply>> + Send {
        let app = self.0.clone();
        let is_call = grpc_call::is_call(&request);
        if has_room.is_err() {
            app.metrics.answered(
                "busy",
                Problem::Busy.http_status().as_u16(),
                HttpMetrics::begin(),
            );
            return std::future::ready(busy(request, is_call)).boxed();
        }
        let traced = app.trace(&request);
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
        match traced {
            None => answered.boxed(),
            Some(traced) => traced.within(answered).boxed(),
        }
    }

    fn too_many_connections(&self) -> Vec<u8> {
        Problem::TooManyConnections.into_http1()
    }
}

/// The answer to a request for which there is no memory.
fn busy(request: Request<Incoming>, is_call: bool) -> Answered<Reply> {
    let answer = if is_call {
        grpc::refusal(Problem::Busy).map(Either::Right)
    } else {
        let form = ErrorForm::wanted(request.uri(), request.headers());
        Problem::Busy.into_response(form).map(Either::Left)
    };
    let body = request.into_body();
    (answer, (!body.is_end_stream()).then_some(body))
}

/// Answers with metrics.
#[derive(Clone)]
struct MetricsService(Arc<Registry>);

impl Service for MetricsService {
    type Body = Full<Bytes>;

    fn answer(
        &self,
        request: Request<Incoming>,
        _: Result<(), NoneLeft>,
    ) -> impl Future<Output = Answered<Full<Bytes>>> + Send {
        let form = ErrorForm::wanted(request.uri(), request.headers());
        let answer = metrics(&request, &self.0);
        std::future::ready((answer.unwrap_or_else(|problem| problem.into_response(form)), None))
    }

    fn too_many_connections(&self) -> Vec<u8> {
        Problem::TooManyConnections.into_http1()
    }
}

fn metrics(request: &Request<Incoming>, registry: &Registry) -> Result<HttpResponse, Problem> {
    match request.uri().path() {
        "/metrics" => health::metrics(request.method(), registry),
        path => Err(Problem::NotFound(path.to_owned())),
    }
}
