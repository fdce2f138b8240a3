//! How many requests were sent to a bucket: what a store bills, and what the budget test reads.

#[cfg(feature = "buckets")]
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the store was opened. A request that the client library retried (reads, removals,
/// immutable objects) is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Attempts to write objects.
    pub puts: u64,
    /// Attempts to read objects.
    pub gets: u64,
    /// Pages of listings.
    pub lists: u64,
    /// Objects removed.
    pub deletes: u64,
    /// Bytes of the objects in `puts`, as sent over the wire.
    pub bytes_written: u64,
}

/// The running counts.
#[cfg(feature = "buckets")]
#[derive(Debug, Default)]
pub(super) struct RequestCounters {
    puts: AtomicU64,
    gets: AtomicU64,
    lists: AtomicU64,
    deletes: AtomicU64,
    bytes_written: AtomicU64,
}

#[cfg(feature = "buckets")]
impl RequestCounters {
    pub fn put(&self, bytes: usize) {
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.bytes_written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn get(&self) {
        self.gets.fetch_add(1, Ordering::Relaxed);
    }

    pub fn lists(&self, pages: u64) {
        self.lists.fetch_add(pages, Ordering::Relaxed);
    }

    pub fn deletes(&self, objects: usize) {
        self.deletes.fetch_add(objects as u64, Ordering::Relaxed);
    }

    pub fn read(&self) -> Requests {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Requests {
            puts: count(&self.puts),
            gets: count(&self.gets),
            lists: count(&self.lists),
            deletes: count(&self.deletes),
            bytes_written: count(&self.bytes_written),
        }
    }
}
