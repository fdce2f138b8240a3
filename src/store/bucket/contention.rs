//! Contention: waiting for a store that says that another write of the name is under way.
//!
//! Amazon S3 and others answer a conditional write with 409 while another one of that name has not
//! come to its end. Nothing has happened to the one that is answered so, so that it may be sent
//! again, which is no repeat in the sense of the contract: its answer is as good as the first
//! one's. Some stores refuse all of those that meet, and writers that came back in step would meet
//! again; so the pauses are random, and grow. A store that gives nothing else for longer than any
//! such race lasts is broken.

use std::time::{Duration, Instant};

use crate::clock::{Clock as _, SystemClock};
use crate::entropy::{Entropy as _, OsEntropy};
use crate::store::StoreError;

/// The longest that the first pause may be; it doubles each time.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long a write is sent again: many times as long as it takes sixteen racers to come
/// apart.
const TIME_MAX: Duration = Duration::from_secs(8);

/// What one write has met with.
pub(super) struct Contention {
    began: Instant,
    pause: Duration,
    times: u32,
}

impl Contention {
    pub fn new() -> Self {
        Self { began: SystemClock.now(), pause: PAUSE_FIRST, times: 0 }
    }

    /// Waits before the write is sent again, unless it has met with this for too long.
    pub async fn wait(&mut self, place: impl Fn() -> String) -> Result<(), StoreError> {
        self.times += 1;
        let time = SystemClock.now().saturating_duration_since(self.began);
        if time >= TIME_MAX {
            return Err(StoreError::Contended { path: place(), times: self.times, time });
        }
        SystemClock.sleep(below(self.pause)).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}

/// A random time below `limit`.
fn below(limit: Duration) -> Duration {
    let [first, second, ..] = OsEntropy.nonce();
    limit * u32::from(u16::from_be_bytes([first, second])) / (1 << 16)
}
