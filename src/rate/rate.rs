//! Rate limits on submissions and on bytes, for all clients together and for each client.
//!
//! A rate is a bucket that refills evenly (GCRA, by `governor`): a whole burst at once, then more
//! as it refills. Bytes are those of the bodies as received, counted in KiB. A body longer than the
//! burst takes the whole burst.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fasti_seams::clock::Clock;
use governor::Quota;

use super::bucket::Bucket;
use super::client::Client;
use super::clients::{CLIENTS_MAX, Clients};
use super::limit::{Limit, TooMany};
use super::limiter::Ticks;

/// Highest rate and burst of submissions.
const RATE_MAX: u32 = 1_000_000;
const DAY: Duration = Duration::from_hours(24);
/// Highest rate and burst of bytes, in KiB.
const KIB_MAX: u32 = 1 << 20;
/// Minimum default burst of bytes, in KiB: the longest possible body.
const KIB_BURST_MIN: u32 = 4 << 10;
/// Default number of KiB for each submission, if only submissions are limited: the longest entry.
const KIB_EACH: u32 = 64;

/// `N/s`, `N/m`, `N/h` or `N/d`, optionally followed by `:BURST`. The default burst is N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    per: Per,
    burst: NonZeroU32,
}

/// A rate of bytes, such as `64KiB/s:4MiB`. A number without KiB, MiB or GiB is in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRate(Rate);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Second,
    Minute,
    Hour,
    Day,
}

impl Rate {
    fn read(
        text: &str,
        number: impl Fn(&str) -> Option<NonZeroU32>,
        burst_min: NonZeroU32,
    ) -> Option<Self> {
        let (rate, burst) = match text.split_once(':') {
            Some((rate, burst)) => (rate, Some(number(burst)?)),
            None => (text, None),
        };
        let (count, unit) = rate.split_once('/')?;
        let count = number(count)?;
        let per = match unit {
            "s" => Per::Second,
            "m" => Per::Minute,
            "h" => Per::Hour,
            "d" => Per::Day,
            _ => return None,
        };
        Some(Self { count, per, burst: burst.unwrap_or(count.max(burst_min)) })
    }

    fn quota(self) -> Quota {
        let quota = match self.per {
            Per::Second => Quota::per_second(self.count),
            Per::Minute => Quota::per_minute(self.count),
            Per::Hour => Quota::per_hour(self.count),
            Per::Day => {
                let each = DAY / self.count.get();
                Quota::with_period(each).expect("a day is longer than the highest rate")
            }
        };
        quota.allow_burst(self.burst)
    }

    /// As many a day, all of them at once if need be; at most a million.
    pub fn per_day(count: NonZeroU32) -> Self {
        let count = count.min(NonZeroU32::new(RATE_MAX).expect("not 0"));
        Self { count, per: Per::Day, burst: count }
    }

    /// A bucket that refills at this rate.
    pub fn bucket(self, clock: &Arc<dyn Clock>) -> Bucket {
        Bucket::new(self.quota(), clock)
    }
}

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse().ok().filter(|n: &NonZeroU32| n.get() <= RATE_MAX);
        Self::read(text, number, NonZeroU32::MIN).ok_or(
            "a rate must be N/s, N/m, N/h or N/d, optionally with :BURST, each at most 1000000",
        )
    }
}

impl ByteRate {
    /// Returns the default rate of bytes for a rate of submissions: as many of the longest entries,
    /// and a burst of at least one of the longest bodies.
    pub fn beside(rate: Rate) -> Self {
        let kib = |submissions: NonZeroU32, min: u32| {
            let kib = submissions.get().saturating_mul(KIB_EACH).clamp(min, KIB_MAX);
            NonZeroU32::new(kib).expect("at least 1")
        };
        Self(Rate { count: kib(rate.count, 1), burst: kib(rate.burst, KIB_BURST_MIN), ..rate })
    }
}

impl FromStr for ByteRate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let burst_min = NonZeroU32::new(KIB_BURST_MIN).expect("not 0");
        Rate::read(text, read_kib, burst_min).map(Self).ok_or(
            "a rate of bytes must be N/s, N/m, N/h or N/d, optionally with :BURST; N and BURST are \
             numbers of bytes, or end in KiB, MiB or GiB, from 1KiB to 1GiB",
        )
    }
}

/// Reads a number of bytes, as whole KiB.
fn read_kib(text: &str) -> Option<NonZeroU32> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1_u64 << 30)];
    let named = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)));
    let (number, unit) = named.unwrap_or((text, 1));
    let kib = number.parse::<u64>().ok()?.checked_mul(unit)? >> 10;
    let kib = u32::try_from(kib).ok().and_then(NonZeroU32::new)?;
    (kib.get() <= KIB_MAX).then_some(kib)
}

/// The rates to enforce.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    /// Submissions of everyone together.
    pub global: Option<Rate>,
    /// Submissions of one client.
    pub client: Option<Rate>,
    /// Bytes of everyone together.
    pub global_bytes: Option<ByteRate>,
    /// Bytes of one client.
    pub client_bytes: Option<ByteRate>,
}

/// The rate limiters.
#[derive(Default)]
pub struct Pace {
    submissions: Buckets,
    kib: Buckets,
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

impl Pace {
    /// Enforces these rates, where given.
    pub fn new(rates: Rates, clock: &Arc<dyn Clock>) -> Self {
        let Rates { global, client, global_bytes, client_bytes } = rates;
        let bytes = |rate: Option<ByteRate>| rate.map(|ByteRate(rate)| rate);
        Self {
            submissions: Buckets::new(global, client, [Limit::Global, Limit::Client], clock),
            kib: Buckets::new(
                bytes(global_bytes),
                bytes(client_bytes),
                [Limit::GlobalBytes, Limit::ClientBytes],
                clock,
            ),
        }
    }

    /// Takes one submission of `client`, with as many `bytes` of body as are known. The refusal
    /// says how long to wait. The client's own limits come first, so that a client that sends too
    /// much takes nothing from the others.
    pub fn take(&self, client: Client, bytes: u64) -> Result<(), TooMany> {
        self.submissions.take_own(&client, 1)?;
        self.kib.take_own(&client, kib(bytes))?;
        self.submissions.take_of_all(1)?;
        self.kib.take_of_all(kib(bytes))
    }

    /// Takes the bytes of a body whose length was not known in advance.
    pub fn take_bytes(&self, client: Client, bytes: u64) -> Result<(), TooMany> {
        self.kib.take_own(&client, kib(bytes))?;
        self.kib.take_of_all(kib(bytes))
    }
}

/// Converts bytes to KiB, rounded up.
fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

/// The buckets for one unit: one for all clients together, and one for each client.
#[derive(Default)]
struct Buckets {
    global: Option<Bucket>,
    clients: Option<(Clients, u32)>,
    limits: [Limit; 2],
}

impl Buckets {
    fn new(
        global: Option<Rate>,
        client: Option<Rate>,
        limits: [Limit; 2],
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let global = global.map(|rate| rate.bucket(clock));
        let clients = client.map(|rate| {
            (Clients::new(rate.quota(), CLIENTS_MAX, Ticks::new(clock)), rate.burst.get())
        });
        Self { global, clients, limits }
    }

    fn take_own(&self, client: &Client, count: u32) -> Result<(), TooMany> {
        let Some((clients, burst)) = &self.clients else { return Ok(()) };
        let Some(count) = NonZeroU32::new(count.min(*burst)) else { return Ok(()) };
        let [_, limit] = self.limits;
        clients.take(client, count).map_err(|wait| TooMany { limit, wait })
    }

    fn take_of_all(&self, count: u32) -> Result<(), TooMany> {
        let Some(bucket) = &self.global else { return Ok(()) };
        let [limit, _] = self.limits;
        bucket.take(count).map_err(|wait| TooMany { limit, wait })
    }
}

#[cfg(test)]
mod tests;
