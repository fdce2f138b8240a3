//! The clock seam: the only place that reads a clock or waits.
//!
//! Time decides nothing about the log (I11), only when something is tried again or accepted:
//! back-off between attempts, the republishing interval, the renewal of credentials, rate limits,
//! and whether a submitter's certificate is still valid.

use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

/// Waits, and reads the clock.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Returns after `duration`.
    async fn sleep(&self, duration: Duration);

    /// A monotonic reading, for measuring durations.
    fn now(&self) -> Instant;

    /// A reading of the wall clock, for the times that entries are given.
    fn date(&self) -> SystemTime;
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

    fn date(&self) -> SystemTime {
        wall_clock()
    }
}

/// The wall clock. Used for dates set by others: the validity of certificates.
pub fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// How long it is until `time` by the wall clock; zero if it has passed. Used for dates set by
/// others: the expiry of credentials.
pub fn time_until(time: SystemTime) -> Duration {
    time.duration_since(wall_clock()).unwrap_or_default()
}
