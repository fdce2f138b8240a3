//! Limits of the server: how much there is of each resource, and how slow a client can be (I12).

use std::sync::Arc;
use std::time::Duration;

use fasti_seams::least_rate::LeastRate;

use super::metrics::{HttpMetrics, SharesMetrics};
use super::shares::Shares;

/// The resources that clients can use, whatever they ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum bytes of all request heads and of all answers but large ones, until they are taken.
    pub request_memory_bytes_max: usize,
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_memory_bytes_max: 64 << 20,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            body_rate_min: LeastRate { bytes_per_second: 8 << 10, grace: Duration::from_secs(10) },
            answer_rate_min: 4 << 10,
            connections_max: 8192,
        }
    }
}

impl Limits {
    /// The minimum rate of a connection.
    pub fn connection_rate_min(&self) -> LeastRate {
        LeastRate { bytes_per_second: self.answer_rate_min, grace: self.head_timeout }
    }
}

/// What all clients of a server share. A service has pools of its own for what it reads.
#[derive(Clone)]
pub struct Pools {
    /// Connections.
    pub connections: Arc<Shares>,
    /// Bytes of request heads, and of answers not taken yet.
    pub requests: Arc<Shares>,
}

/// How long bytes must pause before they give way to those of the same client.
const BYTES_GIVE_WAY: Duration = Duration::from_secs(1);
/// The same for what can well be idle for a while.
const CONNECTIONS_GIVE_WAY: Duration = Duration::from_secs(10);

impl Pools {
    /// Creates both.
    pub fn new(limits: &Limits, metrics: &HttpMetrics) -> Self {
        Self {
            connections: lasting_pool(limits.connections_max, metrics.shares("connections")),
            requests: bytes_pool(limits.request_memory_bytes_max, metrics.shares("requests")),
        }
    }
}

/// A pool of bytes that come and go quickly, with a reserve for those who hold little.
pub fn bytes_pool(max: usize, metrics: SharesMetrics) -> Arc<Shares> {
    Shares::new(max, BYTES_GIVE_WAY, metrics)
}

/// A pool of what is held for longer, and can always be taken back.
pub fn lasting_pool(max: usize, metrics: SharesMetrics) -> Arc<Shares> {
    Shares::without_reserve(max, CONNECTIONS_GIVE_WAY, metrics)
}
