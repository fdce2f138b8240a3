//! A token bucket for each client, in a table of bounded size.
//!
//! When the table is full, buckets that have refilled completely are dropped, at most once a
//! second. If no bucket can be dropped, new clients share a fixed number of buckets, each at the
//! rate of one client. Known clients are not affected, and filling the table gains nothing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Reference as _;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::client::Client;
use super::limiter::{Limiter, Ticks, wait};

/// Maximum number of clients with a bucket of their own.
pub(super) const CLIENTS_MAX: usize = 1 << 16;
/// Number of buckets shared by new clients when the table is full.
pub(super) const SHARED: usize = 1 << 10;
/// Minimum time between two searches for buckets that are no longer needed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A bucket for each client.
pub(super) struct Clients {
    limiter: Limiter<Client, Table>,
    most: usize,
    /// When the table was last searched for buckets to drop, in nanoseconds.
    swept: AtomicU64,
}

impl Clients {
    /// Creates buckets of this size for at most `most` clients.
    pub fn new(quota: Quota, most: usize, ticks: Ticks) -> Self {
        let limiter = RateLimiter::new(quota, Table::new(most), ticks);
        Self { limiter, most, swept: AtomicU64::default() }
    }

    /// Takes `count` out of the client's bucket. The error is how long until it holds enough.
    pub fn take(&self, client: &Client, count: NonZeroU32) -> Result<(), Duration> {
        if self.limiter.len() >= self.most {
            self.sweep();
        }
        match self.limiter.check_key_n(client, count) {
            Ok(taken) => taken.map_err(|until| wait(&until, self.limiter.clock())),
            Err(_) => unreachable!("nobody asks for more than a bucket holds"),
        }
    }

    /// How many clients have a bucket of their own.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.limiter.len()
    }

    fn sweep(&self) {
        let now = governor::clock::Clock::now(self.limiter.clock());
        let last = self.swept.load(Ordering::Relaxed);
        let since = now.duration_since(Duration::from_nanos(last));
        if last == 0 || Duration::from(since) >= SWEEP_INTERVAL {
            self.swept.store(Nanos::from(now).as_u64().max(1), Ordering::Relaxed);
            self.limiter.retain_recent();
        }
    }
}

/// When each bucket will be full again, measured from the limiter's start.
struct Table {
    most: usize,
    buckets: Mutex<Buckets>,
}

struct Buckets {
    clients: HashMap<Client, Nanos>,
    shared: Vec<Option<Nanos>>,
}

impl Table {
    fn new(most: usize) -> Self {
        let buckets = Buckets { clients: HashMap::new(), shared: vec![None; SHARED] };
        Self { most, buckets: Mutex::new(buckets) }
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the index of a new client's shared bucket.
fn place(client: &Client) -> usize {
    let mut hasher = DefaultHasher::new();
    client.hash(&mut hasher);
    let place = hasher.finish() % SHARED as u64;
    usize::try_from(place).expect("far below 2^16")
}

impl StateStore for Table {
    type Key = Client;

    fn measure_and_replace<T, F, E>(&self, client: &Client, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut buckets = self.buckets();
        let known = buckets.clients.get(client).copied();
        if known.is_some() || buckets.clients.len() < self.most {
            let (outcome, full_at) = measure(known)?;
            buckets.clients.insert(*client, full_at);
            return Ok(outcome);
        }
        let shared = &mut buckets.shared[place(client)];
        let (outcome, full_at) = measure(*shared)?;
        *shared = Some(full_at);
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Client> for Table {
    fn retain_recent(&self, drop_below: Nanos) {
        self.buckets().clients.retain(|_, full_at| *full_at >= drop_below);
    }

    fn len(&self) -> usize {
        self.buckets().clients.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
