//! Clients that took more than there was, a short while ago.
//!
//! Ending a connection frees what it held, but its client can open another at once, and each makes
//! the server work before it is ended in turn. So a client whose connections had to give way, or
//! whose requests found no memory, gets few new connections for some seconds after the last time.
//! Those that are open stay open.
//!
//! Invariant: no more than [`REMEMBERED_MAX`] clients are remembered. Those beyond are not limited
//! here; their connections still give way.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fasti_rate::Client;

/// How long it takes until all is forgotten.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);
/// Most clients that are remembered.
const REMEMBERED_MAX: usize = 4096;

/// The clients, and when each was last seen to take too much.
#[derive(Debug, Default)]
pub(super) struct Hogs {
    seen: Mutex<HashMap<Client, Instant>>,
}

impl Hogs {
    /// Notes that `client` took too much `now`.
    pub fn note(&self, client: Client, now: Instant) {
        let mut seen = self.seen();
        if seen.len() >= REMEMBERED_MAX && !seen.contains_key(&client) {
            seen.retain(|_, noted| now.duration_since(*noted) < REMEMBERED_FOR);
        }
        if seen.len() < REMEMBERED_MAX || seen.contains_key(&client) {
            seen.insert(client, now);
        }
    }

    /// Reports whether `client` took too much a short while before `now`.
    pub fn includes(&self, client: Client, now: Instant) -> bool {
        let mut seen = self.seen();
        let Some(noted) = seen.get(&client) else { return false };
        let is_recent = now.duration_since(*noted) < REMEMBERED_FOR;
        if !is_recent {
            seen.remove(&client);
        }
        is_recent
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Client, Instant>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn client(number: u32) -> Client {
        Client::at(Ipv4Addr::from(number).into())
    }

    #[test]
    fn a_hog_is_remembered_for_ten_seconds_after_the_last_time() {
        let (hogs, mut now) = (Hogs::default(), Instant::now());
        assert!(!hogs.includes(client(1), now));
        for _ in 0..3 {
            hogs.note(client(1), now);
            now += Duration::from_secs(9);
            assert!(hogs.includes(client(1), now));
            assert!(!hogs.includes(client(2), now));
        }
        assert!(!hogs.includes(client(1), now + Duration::from_secs(1)));
    }

    #[test]
    fn no_more_are_remembered_than_allowed() {
        let (hogs, now) = (Hogs::default(), Instant::now());
        let most = u32::try_from(REMEMBERED_MAX).expect("few");
        (0..most).for_each(|number| hogs.note(client(number), now));
        hogs.note(client(most), now);
        assert!(!hogs.includes(client(most), now));
        assert!(hogs.includes(client(most - 1), now));
        let later = now + REMEMBERED_FOR;
        hogs.note(client(most), later);
        assert!(hogs.includes(client(most), later));
        assert_eq!(hogs.seen().len(), 1, "the others are forgotten");
    }
}
