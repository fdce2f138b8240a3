//! Clients: a bucket for each client, of which there are never more than a number.
//!
//! When all are in use, those that are full again are given up, at most once a second. If none is, a
//! newcomer shares one of a fixed number of buckets with other newcomers, at the rate of one client:
//! who is known already notices nothing, and nobody gets more by filling the table.

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
use super::rate::{Limiter, Ticks, wait};

/// Most clients that have a bucket of their own.
pub(super) const CLIENTS_MAX: usize = 1 << 16;
/// Buckets that newcomers share when there are more.
pub(super) const SHARED: usize = 1 << 10;
/// Least time between two attempts to find buckets that are not needed any more.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A bucket for each client.
pub(super) struct Clients {
    limiter: Limiter<Client, Table>,
    most: usize,
    /// When the table was last searched for buckets to give up, in nanoseconds.
    swept: AtomicU64,
}

impl Clients {
    /// Buckets of this size for at most so many clients.
    pub fn new(quota: Quota, most: usize, ticks: Ticks) -> Self {
        let limiter = RateLimiter::new(quota, Table::new(most), ticks);
        Self { limiter, most, swept: AtomicU64::default() }
    }

    /// Takes so much out of the client's bucket, or says when there is enough in it.
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

/// When each bucket will be full again, since the limiter's start.
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

/// Which of the shared buckets is a newcomer's.
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
