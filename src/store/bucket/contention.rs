//! Contention: waiting while a store says that another write of the same name is in progress.
//!
//! Amazon S3 and others answer a conditional write with 409 while another one of that name is not
//! finished. The refused write had no effect, so it can be sent again; this is not a retry in the
//! sense of the contract, since its answer is as good as the first one's. Some stores refuse all
//! writes that collide, and writers that came back in step would collide again; so the pauses are
//! random, and grow. A store that answers nothing else for longer than any such race lasts is
//! broken.

use std::time::{Duration, Instant};

use fasti_seams::back_off::BackOff;
use fasti_seams::clock::{Clock as _, SystemClock};
use fasti_seams::entropy::{Entropy as _, OsEntropy};

use crate::StoreError;

/// The limit of the first pause; it doubles each time.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long a write is sent again: many times as long as sixteen racers need to separate.
const TIME_MAX: Duration = Duration::from_secs(8);

/// The conflicts that one write has met.
pub(super) struct Contention {
    began: Instant,
    back_off: BackOff,
    times: u32,
}

impl Contention {
    pub fn new() -> Self {
        let back_off = BackOff::new(PAUSE_FIRST, PAUSE_MAX);
        Self { began: SystemClock.now(), back_off, times: 0 }
    }

    /// Waits before the write is sent again; fails if this has gone on for too long.
    pub async fn wait(&mut self, place: impl Fn() -> String) -> Result<(), StoreError> {
        self.times += 1;
        let time = SystemClock.now().saturating_duration_since(self.began);
        if time >= TIME_MAX {
            return Err(StoreError::Contended { path: place(), times: self.times, time });
        }
        SystemClock.sleep(OsEntropy.below(self.back_off.take())).await;
        Ok(())
    }
}
