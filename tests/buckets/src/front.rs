//! The common front end of all servers: it accepts requests, counts them, and injects faults.
//!
//! Requests and answers are handled as a whole. A request that has arrived completely is carried
//! out even if its client goes away meanwhile, as in a real store.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::socket::{Reset, Socket};
use crate::{Fault, Faults, Operation, Tally};

/// What answers requests behind a [`Front`].
#[async_trait]
pub(crate) trait Service: Send + Sync + 'static {
    /// Carries out one request. An error means that there is no answer, and the connection is
    /// reset.
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoAnswer>;
}

/// There is no answer; the connection is reset.
#[derive(Debug)]
pub(crate) struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer")
    }
}

impl std::error::Error for NoAnswer {}

/// An extension of answers that are sent without a length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunked;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A listening server. It ends, with its connections, when this is dropped.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    pub(crate) faults: Arc<Faults>,
    pub(crate) tally: Arc<Tally>,
    accepting: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Front {
    /// Listens at `address` on the caller's runtime.
    pub(crate) async fn listen(address: SocketAddr, service: Arc<dyn Service>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (faults, tally) = (Arc::<Faults>::default(), Arc::<Tally>::default());
        let desk = Arc::new(Desk { service, faults: faults.clone(), tally: tally.clone() });
        let accepting = tokio::spawn(accept(listener, desk));
        Ok(Self { address, faults, tally, accepting })
    }
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, desk.clone()));
                }
                // Most likely out of file descriptors.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, desk: Arc<Desk>) {
    let reset = Reset::default();
    let Ok(socket) = Socket::new(stream, reset.clone()) else { return };
    let serve = service_fn(move |request| desk.clone().serve(request, reset.clone()));
    // An error ends this connection; its client will notice.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(socket), serve)
        .await;
}

/// Receives requests and sends answers.
struct Desk {
    service: Arc<dyn Service>,
    faults: Arc<Faults>,
    tally: Arc<Tally>,
}

impl Desk {
    async fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        reset: Reset,
    ) -> Result<Response<Body>, NoAnswer> {
        let (head, body) = request.into_parts();
        let bytes = body.collect().await.map_err(|_| NoAnswer)?.to_bytes();
        let request = Request::from_parts(head, bytes);
        let (operation, key) = Operation::of(&request);
        self.tally.asked(operation, request.body().len());
        let fault = self.faults.strike(operation, &key);
        let desk = self.clone();
        let handled = tokio::spawn(async move { desk.handle(request, fault).await });
        let answer = handled.await.unwrap_or(Err(NoAnswer)).inspect_err(|_| reset.order())?;
        self.tally.answered(operation, answer.body().len(), answer.status().as_u16() >= 400);
        Ok(match fault {
            Some(Fault::Truncate) => truncated(answer, reset),
            Some(Fault::FlipBit) => whole(with_another_bit(answer, self.faults.draw())),
            _ => whole(answer),
        })
    }

    async fn handle(
        self: Arc<Self>,
        request: Request<Bytes>,
        fault: Option<Fault>,
    ) -> Result<Response<Bytes>, NoAnswer> {
        if self.faults.wait_for_line().await {
            return Err(NoAnswer);
        }
        let answer = match fault {
            Some(Fault::Refuse(status)) => Ok(refusal(status)),
            Some(Fault::ResetBefore) => Err(NoAnswer),
            Some(Fault::FailAfter(status)) => {
                self.service.answer(request).await?;
                Ok(refusal(status))
            }
            Some(Fault::ResetAfter) => {
                self.service.answer(request).await?;
                Err(NoAnswer)
            }
            Some(Fault::StallBefore(time)) => {
                tokio::time::sleep(time).await;
                self.service.answer(request).await
            }
            Some(Fault::StallAfter(time)) => {
                let answer = self.service.answer(request).await;
                tokio::time::sleep(time).await;
                answer
            }
            Some(Fault::LandsLate(time)) => {
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    self.service.answer(request).await
                });
                return Err(NoAnswer);
            }
            Some(Fault::Truncate | Fault::FlipBit) | None => self.service.answer(request).await,
        };
        if self.faults.wait_for_line().await { Err(NoAnswer) } else { answer }
    }
}

/// The error of a store that fails.
fn refusal(status: StatusCode) -> Response<Bytes> {
    let code = match status {
        StatusCode::INTERNAL_SERVER_ERROR => "InternalError",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "SlowDown",
        StatusCode::CONFLICT => "ConditionalRequestConflict",
        StatusCode::PRECONDITION_FAILED => "PreconditionFailed",
        _ => "Fault",
    };
    error(status, code)
}

/// An error as the stores write it.
pub(crate) fn error(status: StatusCode, code: &str) -> Response<Bytes> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{status}</Message></Error>"
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, "application/xml".parse().expect("a value"));
    response
}

fn whole(answer: Response<Bytes>) -> Response<Body> {
    if answer.extensions().get::<Chunked>().is_some() {
        return answer.map(|bytes| {
            StreamBody::new(futures::stream::iter([Ok(Frame::data(bytes))])).boxed_unsync()
        });
    }
    answer.map(|bytes| Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync())
}

/// The answer with half of its body, followed by a reset.
fn truncated(mut answer: Response<Bytes>, reset: Reset) -> Response<Body> {
    if answer.body().is_empty() {
        return whole(answer);
    }
    let length = answer.body().len();
    answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    answer.map(|bytes| {
        let half = futures::stream::iter([Ok(Frame::data(bytes.slice(..length / 2)))]);
        let end = futures::stream::once(async move {
            // Let what was written so far arrive.
            tokio::time::sleep(Duration::from_millis(20)).await;
            reset.order();
            Err(io::ErrorKind::ConnectionReset.into())
        });
        StreamBody::new(futures::StreamExt::chain(half, end)).boxed_unsync()
    })
}

fn with_another_bit(answer: Response<Bytes>, place: u64) -> Response<Bytes> {
    if answer.body().is_empty() {
        return answer;
    }
    answer.map(|bytes| {
        let mut bytes = Vec::from(bytes);
        let bits = bytes.len() as u64 * 8;
        let bit = usize::try_from(place % bits).unwrap_or_default();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Bytes::from(bytes)
    })
}
