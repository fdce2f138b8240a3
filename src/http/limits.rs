//! Limits of the server: how much there is of each resource, and how slow a client can be (I12).

use std::sync::Arc;
use std::time::Duration;

use fasti_seams::least_rate::LeastRate;

use super::shares::Shares;
use crate::metrics::HttpMetrics;

/// The resources that clients can use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum bytes of a Rekor request's body.
    pub rekor_body_bytes_max: usize,
    /// Maximum bytes of the body of a proposal of Rekor v1, which can hold a whole artifact.
    pub v1_body_bytes_max: usize,
    /// Maximum bytes of all submissions' bodies being read or verified.
    pub body_memory_bytes_max: usize,
    /// Maximum bytes of the bodies of all other requests.
    pub question_memory_bytes_max: usize,
    /// Maximum bytes of all request heads and of all answers but large ones, until they are taken.
    pub request_memory_bytes_max: usize,
    /// Maximum bytes of all entry bundles on their way to clients.
    pub answer_memory_bytes_max: usize,
    /// Time limit for a request's head to arrive, and for a connection to be idle.
    pub head_timeout: Duration,
    /// Time limit for a request's body to arrive.
    pub body_timeout: Duration,
    /// Minimum rate of a body, and its longest pause.
    pub body_rate_min: LeastRate,
    /// Minimum rate at which a client must take the answers on a connection, in bytes per second.
    pub answer_rate_min: u32,
    /// Maximum number of open connections.
    pub connections_max: usize,
    /// Maximum number of submissions being verified or waiting for it.
    pub verifying_max: usize,
    /// Maximum number of gRPC calls that stay open.
    pub open_calls_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rekor_body_bytes_max: 4 << 20,
            v1_body_bytes_max: 32 << 20,
            body_memory_bytes_max: 64 << 20,
            question_memory_bytes_max: 8 << 20,
            request_memory_bytes_max: 64 << 20,
            answer_memory_bytes_max: 64 << 20,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            body_rate_min: LeastRate { bytes_per_second: 8 << 10, grace: Duration::from_secs(10) },
            answer_rate_min: 4 << 10,
            connections_max: 8192,
            verifying_max: 4096,
            open_calls_max: 256,
        }
    }
}

impl Limits {
    /// The minimum rate of a connection.
    pub fn connection_rate_min(&self) -> LeastRate {
        LeastRate { bytes_per_second: self.answer_rate_min, grace: self.head_timeout }
    }
}

/// Everything that clients share. One kind of client cannot use up the resources of another.
#[derive(Clone)]
pub struct Pools {
    /// Connections.
    pub connections: Arc<Shares>,
    /// Bytes of request heads, and of answers not taken yet.
    pub requests: Arc<Shares>,
    /// Bytes of the bodies of submissions.
    pub submissions: Arc<Shares>,
    /// Bytes of the bodies of other requests: Rekor v1's, and small gRPC calls.
    pub questions: Arc<Shares>,
    /// Bytes of large answers, from the store to the client.
    pub answers: Arc<Shares>,
    /// gRPC calls that stay open.
    pub calls: Arc<Shares>,
}

/// How long bytes must pause before they give way to those of the same client.
const BYTES_GIVE_WAY: Duration = Duration::from_secs(1);
/// The same for connections, which can well be idle for a while.
const CONNECTIONS_GIVE_WAY: Duration = Duration::from_secs(10);

impl Pools {
    /// Creates all pools.
    pub fn new(limits: &Limits, metrics: &HttpMetrics) -> Self {
        let bytes = |max, pool| Shares::new(max, BYTES_GIVE_WAY, metrics.shares(pool));
        let connections = metrics.shares("connections");
        Self {
            connections: Shares::without_reserve(
                limits.connections_max,
                CONNECTIONS_GIVE_WAY,
                connections,
            ),
            requests: bytes(limits.request_memory_bytes_max, "requests"),
            submissions: bytes(limits.body_memory_bytes_max, "submissions"),
            questions: bytes(limits.question_memory_bytes_max, "questions"),
            answers: Shares::without_reserve(
                limits.answer_memory_bytes_max,
                CONNECTIONS_GIVE_WAY,
                metrics.shares("answers"),
            ),
            calls: bytes(limits.open_calls_max, "calls"),
        }
    }
}
