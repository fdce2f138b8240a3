//! Progress: whether a leader gets anywhere.
//!
//! A leader that cannot reach the store still answers its peers. So it watches itself: a commit or a
//! publication that takes too long is reason enough to let another try (a matter of liveness only;
//! whoever tries has to win the next record first).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The steps of a term that wait for the store.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Commit,
    Publish,
}

/// Since when each step has been waiting.
#[derive(Debug, Default)]
pub(super) struct Progress {
    waiting: Mutex<[Option<Instant>; 2]>,
}

impl Progress {
    /// A step begins to wait, or has what it waited for (`None`).
    pub fn set(&self, step: Step, since: Option<Instant>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)[step as usize] = since;
    }

    /// No step waits: a term begins or has ended.
    pub fn reset(&self) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = [None; 2];
    }

    /// Some step has waited for longer than `patience`.
    pub fn is_stalled(&self, now: Instant, patience: Duration) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().flatten().any(|since| now.saturating_duration_since(*since) > patience)
    }
}
