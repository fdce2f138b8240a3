//! The limiter of `governor`, with the injected clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fasti_seams::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::{NotUntil, RateLimiter};

/// Buckets that refill as the injected clock says.
pub(super) type Limiter<K, S> = RateLimiter<K, S, Ticks, NoOpMiddleware<Duration>>;

/// The injected clock, as the limiter reads it.
pub(super) struct Ticks {
    clock: Arc<dyn Clock>,
    began: Instant,
}

impl Ticks {
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        Self { clock: clock.clone(), began: clock.now() }
    }
}

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.began)
    }
}

/// How long until the bucket holds enough.
pub(super) fn wait(until: &NotUntil<Duration>, clock: &Ticks) -> Duration {
    until.wait_time_from(governor::clock::Clock::now(clock))
}
