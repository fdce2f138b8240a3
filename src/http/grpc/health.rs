//! `grpc.health.v1.Health`: SERVING means that `/readyz` says ready.

use std::pin::Pin;
use std::time::Duration;

use futures::stream::{self, Stream};
use http::{Request, Response};
use tonic::body::Body as Reply;
use tonic::codegen::{Service as _, async_trait};
use tonic::{Request as Call, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::served::Served;

/// The path prefix of the service's methods.
pub const PREFIX: &str = "/grpc.health.v1.Health/";

/// The method whose calls stay open.
pub const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// The services whose health is known; the empty name is the server as a whole.
const NAMES: [&str; 2] = ["", "dev.sigstore.rekor.v2.Rekor"];

/// How often to check for changes that watchers must be told.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// The service.
pub struct Service(HealthServer<Readiness>);

/// Creates the service that reports the health of a log's server.
pub fn service(log: Served) -> Service {
    Service(HealthServer::new(Readiness(log)))
}

impl Service {
    /// Answers a call.
    pub async fn answer(&self, call: Request<Reply>) -> Response<Reply> {
        self.0.clone().call(call).await.unwrap_or_else(|never| match never {})
    }
}

struct Readiness(Served);

/// The status of the service with this name.
fn status(log: &Served, name: &str) -> ServingStatus {
    match (NAMES.contains(&name), log.is_ready()) {
        (false, _) => ServingStatus::ServiceUnknown,
        (true, true) => ServingStatus::Serving,
        (true, false) => ServingStatus::NotServing,
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[async_trait]
impl Health for Readiness {
    async fn check(
        &self,
        call: Call<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        match status(&self.0, &call.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found("there is no such service")),
            status => Ok(tonic::Response::new(response(status))),
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        call: Call<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let watched = (self.0.clone(), call.into_inner().service, None);
        let news = stream::unfold(watched, |(log, name, told)| async move {
            let status = news(&log, &name, told).await?;
            Some((Ok(response(status)), (log, name, Some(status))))
        });
        Ok(tonic::Response::new(Box::pin(news)))
    }
}

/// Waits for the next status that differs from the last one told; `None` once there will be no
/// more.
async fn news(log: &Served, name: &str, told: Option<ServingStatus>) -> Option<ServingStatus> {
    loop {
        let status = status(log, name);
        if Some(status) != told {
            return Some(status);
        }
        if log.is_closed() {
            return None;
        }
        log.clock().sleep(WATCH_INTERVAL).await;
    }
}
