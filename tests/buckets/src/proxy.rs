//! A faulty line between a writer and any store: a proxy that forwards HTTP and injects faults.
//!
//! It forwards requests unchanged, including the path and all headers, among them `Host`, which a
//! signature covers. It forwards to one server, whatever `Host` says.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::uri::{Authority, Scheme};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::front::{Front, NoAnswer, Service};
use crate::{Fault, Faults, Rule, Tally};

/// How bad the line is: the probability, 0 to 1, of each fault for each request. No faults by
/// default.
///
/// They are tried in this order, so later ones are a little rarer than their probability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weather {
    /// Answered with 500; the request is not forwarded.
    pub internal_error: f64,
    /// Answered with 503; the request is not forwarded.
    pub unavailable: f64,
    /// The connection is reset; the request is not forwarded.
    pub reset_before: f64,
    /// The store's answer is lost, and the connection reset.
    pub reset_after: f64,
    /// The request waits for [`stall_for`](Self::stall_for) before it is forwarded.
    pub stall: f64,
    /// How long a stalled request waits.
    pub stall_for: Duration,
    /// Half of the answer's body arrives, then the connection is reset.
    pub truncated: f64,
}

impl Weather {
    /// Each fault with this probability; stalls last three seconds.
    pub fn all(probability: f64) -> Self {
        Self {
            internal_error: probability,
            unavailable: probability,
            reset_before: probability,
            reset_after: probability,
            stall: probability,
            stall_for: Duration::from_secs(3),
            truncated: probability,
        }
    }

    fn rules(self) -> Vec<Rule> {
        [
            (Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR), self.internal_error),
            (Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE), self.unavailable),
            (Fault::ResetBefore, self.reset_before),
            (Fault::ResetAfter, self.reset_after),
            (Fault::StallBefore(self.stall_for), self.stall),
            (Fault::Truncate, self.truncated),
        ]
        .into_iter()
        .filter(|(_, probability)| *probability > 0.0)
        .map(|(fault, probability)| Rule::new(fault).with_probability(probability))
        .collect()
    }
}

/// A running proxy. It ends when this is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    front: Front,
}

impl FaultProxy {
    /// Starts a proxy in front of the server at `upstream`, on a free loopback port, on the
    /// caller's runtime. There are no faults yet.
    pub async fn start(upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        Self::listen((Ipv4Addr::LOCALHOST, 0).into(), upstream, seed).await
    }

    /// The same, listening at this address.
    pub async fn listen(listen: SocketAddr, upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let authority = Authority::try_from(upstream.to_string()).map_err(io::Error::other)?;
        let front = Front::listen(listen, Arc::new(Line { client, authority })).await?;
        front.faults.seed(seed);
        Ok(Self { front })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.front.address
    }

    /// The endpoint for clients: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.front.address)
    }

    /// Changes the weather; rules added to [`faults`](Self::faults) are removed.
    pub fn set(&self, weather: Weather) {
        self.front.faults.replace(weather.rules());
    }

    /// Cuts the line: nothing is answered.
    pub fn partition(&self) {
        self.front.faults.partition();
    }

    /// Restores the line; see [`Faults::heal`].
    pub fn heal(&self) {
        self.front.faults.heal();
    }

    /// The rules behind the weather, for tests that need others.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.front.faults
    }

    /// Counters of the requests on this side of the line.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.front.tally
    }
}

/// Forwards complete requests.
struct Line {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Authority,
}

#[async_trait]
impl Service for Line {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NoAnswer> {
        let (mut head, bytes) = request.into_parts();
        let mut uri = head.uri.into_parts();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        head.uri = Uri::from_parts(uri).map_err(|_| NoAnswer)?;
        // These two belong to the connection, not to the request.
        head.headers.remove(CONNECTION);
        head.headers.remove(TRANSFER_ENCODING);
        let request = Request::from_parts(head, Full::new(bytes));
        let answer = self.client.request(request).await.map_err(|_| NoAnswer)?;
        let (mut head, body) = answer.into_parts();
        head.headers.remove(CONNECTION);
        head.headers.remove(TRANSFER_ENCODING);
        let bytes = body.collect().await.map_err(|_| NoAnswer)?.to_bytes();
        Ok(Response::from_parts(head, bytes))
    }
}
