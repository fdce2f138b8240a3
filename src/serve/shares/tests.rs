//! Which clients get what, and which give way.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

/// Has been idle for this many seconds; `u64::MAX` means that it waits for the server.
struct Standing {
    seconds: AtomicU64,
    gave_way: AtomicBool,
}

impl Standing {
    fn still(seconds: u64) -> Arc<Self> {
        Arc::new(Self { seconds: seconds.into(), gave_way: false.into() })
    }

    fn gave_way(&self) -> bool {
        self.gave_way.load(Ordering::Relaxed)
    }
}

impl Holder for Standing {
    fn stands(&self) -> Option<Duration> {
        let seconds = self.seconds.load(Ordering::Relaxed);
        (seconds < u64::MAX).then(|| Duration::from_secs(seconds))
    }

    fn give_way(&self) {
        self.gave_way.store(true, Ordering::Relaxed);
    }
}

const SERVER: u64 = u64::MAX;
const HOME: Duration = Duration::from_secs(5);

fn place(address: &str, connection: u64) -> Place {
    Place { client: Client::at(address.parse::<IpAddr>().unwrap()), connection }
}

fn shares(max: usize) -> Arc<Shares> {
    Shares::new(max, HOME, SharesMetrics::default())
}

/// Takes `count` shares of one, each over its own connection.
fn crowd(
    shares: &Arc<Shares>,
    address: &str,
    count: u64,
    still: u64,
) -> Vec<(Share, Arc<Standing>)> {
    static LAST: AtomicU64 = AtomicU64::new(1000);
    let taken = (0..count).map_while(|_| {
        let (standing, connection) = (Standing::still(still), LAST.fetch_add(1, Ordering::Relaxed));
        let share = shares.take(place(address, connection), 1, standing.clone()).ok()?;
        Some((share, standing))
    });
    taken.collect()
}

#[test]
fn one_client_gets_three_quarters_and_the_next_one_the_rest() {
    let shares = shares(100);
    let first = crowd(&shares, "192.0.2.1", 200, SERVER);
    assert_eq!(first.len(), 75);
    assert_eq!(crowd(&shares, "192.0.2.2", 200, SERVER).len(), 25);
    let second = crowd(&shares, "192.0.2.2", 20, SERVER);
    assert_eq!(second.len(), 20, "what was dropped is free again");
    drop(first);
    drop(second);
    assert_eq!(shares.books().held, 0);
    let books = shares.books();
    assert!(books.clients.is_empty() && books.blocks.is_empty() && books.connections.is_empty());
}

#[test]
fn the_slowest_of_whoever_holds_the_most_gives_way() {
    let shares = shares(100);
    let many = crowd(&shares, "192.0.2.1", 70, 1);
    many[42].1.seconds.store(3, Ordering::Relaxed);
    let others: Vec<_> =
        ["192.0.2.3", "192.0.2.4"].iter().map(|one| crowd(&shares, one, 15, 9)).collect();
    assert_eq!(shares.books().held, 100);
    let new = shares.take(place("192.0.2.2", 1), 1, Standing::still(0)).expect("there is room");
    assert!(many[42].1.gave_way());
    assert_eq!(many.iter().filter(|(_, one)| one.gave_way()).count(), 1);
    assert!(others.iter().flatten().all(|(_, one)| !one.gave_way()));
    assert_eq!(many[42].0.take(1), Err(Full), "it is over");
    assert_eq!(shares.books().held, 100);
    drop((new, many, others));
    assert_eq!(shares.books().held, 0, "nothing is given back twice");
}

#[test]
fn who_waits_for_the_server_does_not_give_way() {
    let shares = Shares::without_reserve(10, HOME, SharesMetrics::default());
    let many = crowd(&shares, "192.0.2.1", 10, SERVER);
    assert_eq!(many.len(), 10);
    assert!(shares.take(place("192.0.2.2", 1), 1, Standing::still(0)).is_err());
    assert_eq!(shares.metrics.refused.get(), 1);
    many[3].1.seconds.store(0, Ordering::Relaxed);
    assert!(shares.take(place("192.0.2.2", 1), 1, Standing::still(0)).is_ok());
    assert!(many[3].1.gave_way());
}

#[test]
fn what_stands_still_gives_way_to_the_same_client() {
    let shares = shares(100);
    let many = crowd(&shares, "192.0.2.1", 75, 4);
    assert!(shares.take(place("192.0.2.1", 1), 1, Standing::still(0)).is_err());
    many[5].1.seconds.store(5, Ordering::Relaxed);
    let takes = || shares.take(place("192.0.2.1", 1), 1, Standing::still(0)).is_ok();
    let refused = (0..100).take_while(|_| !takes()).count();
    assert_eq!(refused, IN_VAIN as usize, "the search is skipped most times");
    assert!(many[5].1.gave_way());
}

#[test]
fn a_site_is_one_however_many_networks_it_has() {
    let shares = shares(100);
    let site: Vec<_> =
        (0..100).flat_map(|n| crowd(&shares, &format!("2001:db8:7:{n:x}::1"), 1, SERVER)).collect();
    assert_eq!(site.len(), 75, "each network has only one, but the site has more than a half");
    assert_eq!(crowd(&shares, "2001:db8:8::1", 50, SERVER).len(), 25);
    let elsewhere = shares.take(place("2001:db8:8::1", 1), 1, Standing::still(0)).expect("room");
    site[9].1.seconds.store(0, Ordering::Relaxed);
    let rest = crowd(&shares, "2001:db8:8::1", 24, SERVER);
    assert_eq!(rest.len(), 24);
    assert!(shares.take(place("2001:db8:9::1", 1), 1, Standing::still(0)).is_ok());
    assert!(site[9].1.gave_way(), "a network with one gives way, because its site has the most");
    drop(elsewhere);
}

#[test]
fn one_connection_does_not_take_all_that_is_set_aside() {
    let shares = shares(80);
    let _many = crowd(&shares, "192.0.2.1", 60, SERVER);
    let one = shares.take(place("192.0.2.2", 1), 10, Standing::still(SERVER)).expect("an eighth");
    assert_eq!(one.take(1), Err(Full));
    one.give_back(4);
    assert_eq!(one.take(4), Ok(()));
    assert!(shares.take(place("192.0.2.2", 2), 10, Standing::still(SERVER)).is_ok());
}

#[test]
fn what_is_charged_is_made_up_for() {
    let shares = Shares::without_reserve(10, HOME, SharesMetrics::default());
    let many = crowd(&shares, "192.0.2.1", 6, 1);
    let few = crowd(&shares, "192.0.2.2", 2, 7);
    few[0].1.seconds.store(8, Ordering::Relaxed);
    few[0].0.charge(5);
    assert_eq!(shares.books().held, 7);
    assert!(few[0].1.gave_way(), "it now has the most itself");
    many[0].1.seconds.store(2, Ordering::Relaxed);
    few[1].0.charge(4);
    assert_eq!(shares.books().held, 10);
    assert!(many[0].1.gave_way());
}
