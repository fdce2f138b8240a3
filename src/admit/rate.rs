//! Rates: how many submissions are taken, of everyone together and of each client.
//!
//! A rate is a bucket that refills evenly (GCRA, by `governor`): as many as the burst at once, and
//! then one whenever there is room again. The clients' buckets are bounded in number. When all are
//! in use, those that are full again are given up, at most once a second. If none is, a newcomer
//! shares one of a fixed number of buckets with other newcomers, at the rate of one client: who is
//! known already notices nothing, and nobody gets more by filling the table.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::Reference as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{NotUntil, Quota, RateLimiter};

use super::client::Client;
use super::error::{Limit, Refusal};
use crate::clock::Clock;

/// Most clients that have a bucket of their own.
const CLIENTS_MAX: usize = 1 << 16;
/// Buckets that newcomers share when there are more.
const SHARED: usize = 1 << 10;
/// Highest rate and burst.
const RATE_MAX: u32 = 1_000_000;
/// Least time between two attempts to find buckets that are not needed any more.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// `N/s`, `N/m` or `N/h`, and `:BURST` after it; the burst is N otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(Quota);

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse().ok().filter(|n: &NonZeroU32| n.get() <= RATE_MAX);
        let read = || {
            let (rate, burst) = match text.split_once(':') {
                Some((rate, burst)) => (rate, Some(number(burst)?)),
                None => (text, None),
            };
            let (count, unit) = rate.split_once('/')?;
            let count = number(count)?;
            let quota = match unit {
                "s" => Quota::per_second(count),
                "m" => Quota::per_minute(count),
                "h" => Quota::per_hour(count),
                _ => return None,
            };
            Some(Self(quota.allow_burst(burst.unwrap_or(count))))
        };
        read().ok_or("a rate is N/s, N/m or N/h, with :BURST after it or not, up to 1000000 each")
    }
}

/// The house's clock as the limiter reads it.
struct Ticks {
    clock: Arc<dyn Clock>,
    began: Instant,
}

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.began)
    }
}

type Limiter<K, S> = RateLimiter<K, S, Ticks, NoOpMiddleware<Duration>>;

/// The rates that are kept.
#[derive(Default)]
pub struct Pace {
    global: Option<Limiter<NotKeyed, InMemoryState>>,
    clients: Option<Clients>,
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (global, clients) = (self.global.is_some(), self.clients.is_some());
        f.debug_struct("Pace").field("global", &global).field("clients", &clients).finish()
    }
}

impl Pace {
    /// Keeps these rates, where there are any.
    pub fn new(global: Option<Rate>, client: Option<Rate>, clock: &Arc<dyn Clock>) -> Self {
        let ticks = || Ticks { clock: clock.clone(), began: clock.now() };
        Self {
            global: global
                .map(|Rate(quota)| RateLimiter::new(quota, InMemoryState::default(), ticks())),
            clients: client.map(|rate| Clients::new(rate, CLIENTS_MAX, ticks())),
        }
    }

    /// Takes one submission of `client`, or says when the next is taken. The client's own limit comes
    /// first, so that one that sends too much takes nothing from the others.
    pub fn take(&self, client: Client) -> Result<(), Refusal> {
        let refusal = |limit, wait| Refusal::TooMany { limit, wait };
        if let Some(clients) = &self.clients {
            clients.take(&client).map_err(|wait| refusal(Limit::Client, wait))?;
        }
        if let Some(global) = &self.global {
            global.check().map_err(|until| refusal(Limit::Global, wait(&until, global.clock())))?;
        }
        Ok(())
    }
}

fn wait(until: &NotUntil<Duration>, clock: &Ticks) -> Duration {
    until.wait_time_from(governor::clock::Clock::now(clock))
}

/// A bucket for each client.
struct Clients {
    limiter: Limiter<Client, Table>,
    most: usize,
    /// When the table was last searched for buckets to give up, in nanoseconds.
    swept: AtomicU64,
}

impl Clients {
    fn new(Rate(quota): Rate, most: usize, ticks: Ticks) -> Self {
        let limiter = RateLimiter::new(quota, Table::new(most), ticks);
        Self { limiter, most, swept: AtomicU64::default() }
    }

    fn take(&self, client: &Client) -> Result<(), Duration> {
        if self.limiter.len() >= self.most {
            self.sweep();
        }
        self.limiter.check_key(client).map_err(|until| wait(&until, self.limiter.clock()))
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use async_trait::async_trait;

    use super::*;

    /// A clock that stands still until it is told otherwise.
    struct Stopped(Instant, AtomicU64);

    #[async_trait]
    impl Clock for Stopped {
        async fn sleep(&self, duration: Duration) {
            self.pass(duration);
        }

        fn now(&self) -> Instant {
            self.0 + Duration::from_millis(self.1.load(Ordering::Relaxed))
        }
    }

    impl Stopped {
        fn new() -> Arc<Self> {
            Arc::new(Self(crate::clock::SystemClock.now(), AtomicU64::default()))
        }

        fn pass(&self, time: Duration) {
            let millis = u64::try_from(time.as_millis()).unwrap();
            self.1.fetch_add(millis, Ordering::Relaxed);
        }
    }

    fn client(number: u32) -> Client {
        Client::at(Ipv4Addr::from_bits(number).into())
    }

    fn pace(global: Option<&str>, client: Option<&str>) -> (Pace, Arc<Stopped>) {
        let clock = Stopped::new();
        let rate = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let dynamic: Arc<dyn Clock> = clock.clone();
        (Pace::new(rate(global), rate(client), &dynamic), clock)
    }

    /// What is said to one submission: the limit and the seconds to wait.
    fn said(pace: &Pace, number: u32) -> Option<(Limit, f64)> {
        match pace.take(client(number)) {
            Ok(()) => None,
            Err(Refusal::TooMany { limit, wait }) => Some((limit, wait.as_secs_f64())),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn rates_are_read() {
        let quota = |text: &str| text.parse::<Rate>().map(|Rate(quota)| quota);
        let hour = quota("5/h").unwrap();
        assert_eq!(hour.replenish_interval(), Duration::from_mins(12));
        assert_eq!(hour.burst_size().get(), 5);
        assert_eq!(quota("100/s:7").unwrap().burst_size().get(), 7);
        assert_eq!(quota("60/m:1").unwrap().replenish_interval(), Duration::from_secs(1));
        for bad in
            ["", "5", "5/", "0/s", "5/d", "5/s:", "5/s:0", "-1/s", "1000001/s", "5 /s", "1/s:1:1"]
        {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_burst_and_then_the_rate_for_each_client() {
        let (pace, clock) = pace(None, Some("2/s:3"));
        for number in [1, 2] {
            for _ in 0..3 {
                assert_eq!(said(&pace, number), None);
            }
            assert_eq!(said(&pace, number), Some((Limit::Client, 0.5)));
        }
        clock.pass(Duration::from_millis(400));
        assert_eq!(said(&pace, 1).map(|(_, wait)| (wait * 10.0).round()), Some(1.0));
        clock.pass(Duration::from_millis(100));
        assert_eq!(said(&pace, 1), None);
        assert_eq!(said(&pace, 1), Some((Limit::Client, 0.5)));
        clock.pass(Duration::from_mins(1));
        assert_eq!((0..9).filter(|_| said(&pace, 1).is_none()).count(), 3, "bursts do not add up");
    }

    #[test]
    fn who_sends_too_much_takes_nothing_from_the_others() {
        let (pace, _) = pace(Some("1/s:4"), Some("1/s:2"));
        assert_eq!((0..100).filter(|_| said(&pace, 1).is_none()).count(), 2);
        assert_eq!([said(&pace, 2), said(&pace, 2)], [None, None]);
        assert_eq!(said(&pace, 3), Some((Limit::Global, 1.0)));
        assert_eq!(said(&pace, 1).map(|(limit, _)| limit), Some(Limit::Client));
    }

    #[test]
    fn without_rates_there_are_no_limits() {
        let (pace, _) = pace(None, None);
        assert!((0..10_000).all(|_| said(&pace, 1).is_none()));
    }

    #[test]
    fn the_table_is_bounded_and_a_newcomer_shares() {
        let clock = Stopped::new();
        let ticks = Ticks { clock: clock.clone(), began: clock.now() };
        let clients = Clients::new("1/m:2".parse().unwrap(), 10, ticks);
        let taken = |number: u32| clients.take(&client(number)).is_ok();
        clock.pass(Duration::from_secs(2));
        assert!((0..10).all(taken));
        let newcomers = (10..20_000).filter(|number| taken(*number)).count();
        assert_eq!(newcomers, 2 * SHARED, "every shared bucket has the burst of one client");
        assert_eq!(clients.limiter.len(), 10);
        assert!((0..10).all(taken), "those who have a bucket keep it");
        assert!(!(0..10).any(taken));
        // What is full again is given up, but not at every attempt.
        clock.pass(Duration::from_secs(200));
        assert!(taken(0));
        assert_eq!(clients.limiter.len(), 1);
        assert!((20_000..20_009).all(taken));
        assert_eq!(clients.limiter.len(), 10);
    }
}
