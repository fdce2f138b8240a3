//! Limits of the server of a log: those of every server, and the memory for what it reads (I12).

use std::sync::Arc;

use fasti_serve::{HttpMetrics, Shares, bytes_pool, lasting_pool};

/// The resources that clients can use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Those of every server.
    pub server: fasti_serve::Limits,
    /// Maximum bytes of a Rekor request's body.
    pub rekor_body_bytes_max: usize,
    /// Maximum bytes of the body of a proposal of Rekor v1, which can hold a whole artifact.
    pub v1_body_bytes_max: usize,
    /// Maximum bytes of all submissions' bodies being read or verified.
    pub body_memory_bytes_max: usize,
    /// Maximum bytes of the bodies of all other requests.
    pub question_memory_bytes_max: usize,
    /// Maximum bytes of all entry bundles on their way to clients.
    pub answer_memory_bytes_max: usize,
    /// Maximum number of submissions being verified or waiting for it.
    pub verifying_max: usize,
    /// Maximum number of gRPC calls that stay open.
    pub open_calls_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            server: fasti_serve::Limits::default(),
            rekor_body_bytes_max: 4 << 20,
            v1_body_bytes_max: 32 << 20,
            body_memory_bytes_max: 64 << 20,
            question_memory_bytes_max: 8 << 20,
            answer_memory_bytes_max: 64 << 20,
            verifying_max: 4096,
            open_calls_max: 256,
        }
    }
}

/// Everything that clients share. One kind of client cannot use up the resources of another.
#[derive(Clone)]
pub struct Pools {
    /// Connections, heads and answers.
    pub server: fasti_serve::Pools,
    /// Bytes of the bodies of submissions.
    pub submissions: Arc<Shares>,
    /// Bytes of the bodies of other requests: Rekor v1's, and small gRPC calls.
    pub questions: Arc<Shares>,
    /// Bytes of large answers, from the store to the client.
    pub answers: Arc<Shares>,
    /// gRPC calls that stay open.
    pub calls: Arc<Shares>,
}

impl Pools {
    /// Creates all pools.
    pub fn new(limits: &Limits, metrics: &HttpMetrics) -> Self {
        let bytes = |max, pool| bytes_pool(max, metrics.shares(pool));
        Self {
            server: fasti_serve::Pools::new(&limits.server, metrics),
            submissions: bytes(limits.body_memory_bytes_max, "submissions"),
            questions: bytes(limits.question_memory_bytes_max, "questions"),
            answers: lasting_pool(limits.answer_memory_bytes_max, metrics.shares("answers")),
            calls: bytes(limits.open_calls_max, "calls"),
        }
    }
}
