//! What refills at a rate: a whole burst at once, then more as it refills (GCRA, by `governor`).

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use fasti_seams::clock::Clock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::limiter::{Limiter, Ticks, wait};

/// A bucket that refills evenly.
pub struct Bucket {
    limiter: Limiter<NotKeyed, InMemoryState>,
    burst: u32,
}

impl Bucket {
    pub(super) fn new(quota: Quota, clock: &Arc<dyn Clock>) -> Self {
        let limiter = RateLimiter::new(quota, InMemoryState::default(), Ticks::new(clock));
        Self { limiter, burst: quota.burst_size().get() }
    }

    /// Takes `count`, but no more than a full bucket. The error is how long until there is enough.
    pub fn take(&self, count: u32) -> Result<(), Duration> {
        let Some(count) = NonZeroU32::new(count.min(self.burst)) else { return Ok(()) };
        match self.limiter.check_n(count) {
            Ok(taken) => taken.map_err(|until| wait(&until, self.limiter.clock())),
            Err(_) => unreachable!("nobody asks for more than the bucket holds"),
        }
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket").field("burst", &self.burst).finish_non_exhaustive()
    }
}
