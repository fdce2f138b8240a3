//! Growth: what those who follow a running log ask it.

use async_trait::async_trait;
use tiles_spec::TreeSize;

/// Tells when a log has grown.
#[async_trait]
pub trait GrowthWatch: Send + Sync + 'static {
    /// Returns when the log may be larger than `size`; immediately if it is. May return early.
    async fn beyond(&self, size: TreeSize);
}

/// Tells whether this writer is in charge of work that follows from the log.
#[async_trait]
pub trait Leadership: Send + Sync + 'static {
    /// Waits until this writer is, or is not, in charge. It is in charge while it leads, and once
    /// the log has ended. `false` when the log shuts down.
    async fn until_in_charge(&self, is_in_charge: bool) -> bool;
}
