//! Rates, with a clock that tests move.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;

use super::*;
use crate::clients::SHARED;

/// A clock that only moves when a test moves it.
struct Stopped(Instant, AtomicU64);

#[async_trait]
impl Clock for Stopped {
    async fn sleep(&self, duration: Duration) {
        self.pass(duration);
    }

    fn now(&self) -> Instant {
        self.0 + Duration::from_millis(self.1.load(Ordering::Relaxed))
    }

    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.1.load(Ordering::Relaxed))
    }
}

impl Stopped {
    fn new() -> Arc<Self> {
        Arc::new(Self(fasti_seams::clock::SystemClock.now(), AtomicU64::default()))
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
    let rates = Rates { global: rate(global), client: rate(client), ..Rates::default() };
    (Pace::new(rates, &dynamic(&clock)), clock)
}

fn dynamic(clock: &Arc<Stopped>) -> Arc<dyn Clock> {
    clock.clone()
}

/// The answer to one submission: the limit reached and the seconds to wait.
fn said(pace: &Pace, number: u32) -> Option<(Limit, f64)> {
    match pace.take(client(number), 0) {
        Ok(()) => None,
        Err(TooMany { limit, wait }) => Some((limit, wait.as_secs_f64())),
    }
}

#[test]
fn rates_are_read() {
    let quota = |text: &str| text.parse::<Rate>().map(Rate::quota);
    let hour = quota("5/h").unwrap();
    assert_eq!(hour.replenish_interval(), Duration::from_mins(12));
    assert_eq!(hour.burst_size().get(), 5);
    assert_eq!(quota("100/s:7").unwrap().burst_size().get(), 7);
    assert_eq!(quota("60/m:1").unwrap().replenish_interval(), Duration::from_secs(1));
    assert_eq!(quota("24/d").unwrap().replenish_interval(), Duration::from_hours(1));
    let day = Rate::per_day(NonZeroU32::MAX).quota();
    assert_eq!(day.burst_size().get(), RATE_MAX);
    for bad in
        ["", "5", "5/", "0/s", "5/y", "5/s:", "5/s:0", "-1/s", "1000001/s", "5 /s", "1/s:1:1"]
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
    let rate: Rate = "1/m:2".parse().unwrap();
    let clients = Clients::new(rate.quota(), 10, Ticks::new(&dynamic(&clock)));
    let taken = |number: u32| clients.take(&client(number), NonZeroU32::MIN).is_ok();
    clock.pass(Duration::from_secs(2));
    assert!((0..10).all(taken));
    let newcomers = (10..20_000).filter(|number| taken(*number)).count();
    assert_eq!(newcomers, 2 * SHARED, "every shared bucket has the burst of one client");
    assert_eq!(clients.len(), 10);
    assert!((0..10).all(taken), "those who have a bucket keep it");
    assert!(!(0..10).any(taken));
    // Buckets that are full again are dropped, but not at every attempt.
    clock.pass(Duration::from_secs(200));
    assert!(taken(0));
    assert_eq!(clients.len(), 1);
    assert!((20_000..20_009).all(taken));
    assert_eq!(clients.len(), 10);
}

/// The answer to a submission of this many bytes.
fn said_to(pace: &Pace, number: u32, bytes: u64) -> Option<(Limit, f64)> {
    match pace.take(client(number), bytes) {
        Ok(()) => None,
        Err(TooMany { limit, wait }) => Some((limit, wait.as_secs_f64())),
    }
}

#[test]
fn rates_of_bytes_are_read() {
    let read = |text: &str| text.parse::<ByteRate>().map(|ByteRate(rate)| rate);
    let is = |text: &str, count: u32, burst: u32| {
        let rate = read(text).unwrap();
        assert_eq!((rate.count.get(), rate.burst.get()), (count, burst), "{text}");
    };
    is("64KiB/s", 64, 4096);
    is("64MiB/m", 65_536, 65_536);
    is("1GiB/h:1024", 1 << 20, 1);
    is("1500/s:2047KiB", 1, 2047);
    for bad in
        ["", "64", "64KiB", "1023/s", "0MiB/s", "2GiB/s", "1KB/s", "1 KiB/s", "1KiB/s:0", "KiB/s"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn bytes_are_limited_like_submissions() {
    let clock = Stopped::new();
    let rates = Rates {
        client_bytes: Some("1KiB/s:8KiB".parse().unwrap()),
        global_bytes: Some("1KiB/s:20KiB".parse().unwrap()),
        ..Rates::default()
    };
    let pace = Pace::new(rates, &dynamic(&clock));
    assert_eq!(said_to(&pace, 1, 4096), None);
    assert_eq!(said_to(&pace, 1, 3 << 10), None);
    assert_eq!(said_to(&pace, 1, 1025), Some((Limit::ClientBytes, 1.0)), "2 KiB of 1 are left");
    assert_eq!(said_to(&pace, 1, 1), None, "a started KiB counts as a whole one");
    assert_eq!(said_to(&pace, 1, 0), None, "nothing costs nothing");
    assert_eq!(said_to(&pace, 1, 1), Some((Limit::ClientBytes, 1.0)));
    assert_eq!(said_to(&pace, 2, 9 << 10), None, "a body longer than the burst takes all of it");
    assert_eq!(said_to(&pace, 2, 1), Some((Limit::ClientBytes, 1.0)));
    assert_eq!(said_to(&pace, 3, 8 << 10), Some((Limit::GlobalBytes, 5.0)), "3 of 20 KiB are left");
    clock.pass(Duration::from_secs(8));
    assert_eq!(said_to(&pace, 1, 8 << 10), None);
    let late = pace.take_bytes(client(1), 2048);
    assert!(matches!(late, Err(TooMany { limit: Limit::ClientBytes, .. })), "{late:?}");
}

#[test]
fn who_counts_submissions_alone_counts_their_bytes_too() {
    let beside = |text: &str| {
        let ByteRate(rate) = ByteRate::beside(text.parse().unwrap());
        (rate.count.get(), rate.per, rate.burst.get())
    };
    assert_eq!(beside("10/m"), (640, Per::Minute, 4096), "at least the longest body");
    assert_eq!(beside("500/s:2000"), (32_000, Per::Second, 128_000));
    assert_eq!(beside("1000000/h"), (1 << 20, Per::Hour, 1 << 20));
}
