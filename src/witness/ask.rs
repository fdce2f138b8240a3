//! One request to a witness, or to a mirror.

use async_trait::async_trait;
use tiles_spec::mirror::MIRROR_INFO_BYTES_MAX;

/// The most bytes of an answer that are read: sixteen signature lines of ML-DSA-44, and a reason.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The same for a mirror's answer to entries, which can hold a ticket.
pub const ENTRIES_ANSWER_BYTES_MAX: usize = MIRROR_INFO_BYTES_MAX;

/// What a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The HTTP status.
    pub status: u16,
    /// The content type, without parameters; empty if the answer has no such header.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AskError(pub String);

/// How a witness is reached.
#[async_trait]
pub trait Ask: Send + Sync {
    /// Sends the body of an `add-checkpoint` request. The caller bounds the time.
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Asked, AskError>;
}

/// How a mirror is reached.
#[async_trait]
pub trait AskMirror: Ask {
    /// Sends the body of an `add-entries` request, packed with gzip. The caller bounds the time.
    async fn add_entries(&self, packed: Vec<u8>) -> Result<Asked, AskError>;
}
