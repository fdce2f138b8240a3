//! The clock seam: the only place that knows how late it is or waits.
//!
//! Time decides nothing about the log (I11), only when something is tried again or taken: back-off
//! between attempts, the interval of re-publishing, the renewal of credentials, rate limits, and whether
//! a submitter's certificate is still valid.

use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// Waits, and tells the time.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Returns after `duration`.
    async fn sleep(&self, duration: Duration);

    /// A monotonic reading, for measuring durations.
    fn now(&self) -> Instant;
}

/// The runtime's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// The wall clock. For what others date: the validity of certificates.
pub fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// How long it is until `time` by the wall clock; nothing when it has passed. For what others date:
/// the expiry of credentials.
pub fn time_until(time: SystemTime) -> Duration {
    time.duration_since(wall_clock()).unwrap_or_default()
}
