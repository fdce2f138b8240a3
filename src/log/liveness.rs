//! Liveness: whether a leader makes progress, and how far it is.
//!
//! A leader that cannot reach the store still answers its peers. So it watches itself: a commit or
//! a publication that takes too long is reason enough to let another writer try. This only affects
//! liveness; the other writer must win the next record first.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fasti_store::RecordNumber;
use tiles_spec::TreeSize;

use crate::metrics::{LogMetrics, gauge};

/// The steps of a term that wait for the store.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Commit,
    Publish,
}

/// Since when each step has been waiting, how far the log is, and whether peers ask.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    waiting: Mutex<[Option<Instant>; 2]>,
    next: AtomicU64,
    /// The size of the newest committed tree, as far as this writer knows.
    committed: AtomicU64,
    heard: AtomicBool,
}

impl Liveness {
    /// Records that a step begins to wait, or that its wait is over (`None`).
    pub fn set(&self, step: Step, since: Option<Instant>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)[step as usize] = since;
    }

    /// A peer has asked something.
    pub fn hear(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether a peer has asked something since the last call.
    pub fn take_heard(&self) -> bool {
        self.heard.swap(false, Ordering::Relaxed)
    }

    /// The term is about to write record `number`.
    pub fn set_next_record(&self, number: RecordNumber) {
        self.next.store(number.get(), Ordering::Relaxed);
    }

    /// The record that the term writes next; `None` before it has begun.
    pub fn next_record(&self) -> Option<RecordNumber> {
        RecordNumber::new(self.next.load(Ordering::Relaxed))
    }

    /// The tree of `size` is committed.
    pub fn set_committed(&self, size: TreeSize, metrics: &LogMetrics) {
        self.committed.store(size.get(), Ordering::Relaxed);
        metrics.committed_size.set(gauge(size.get()));
    }

    /// The size of the newest committed tree, as far as this writer knows.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }

    /// No step waits: a term begins or has ended.
    pub fn reset(&self) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = [None; 2];
    }

    /// Whether some step has waited for longer than `patience`.
    pub fn is_stalled(&self, now: Instant, patience: Duration) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().flatten().any(|since| now.saturating_duration_since(*since) > patience)
    }
}
