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
use std::time::Duration;

use fasti_rate::Client;
use tokio::time::Instant;

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
    /// Notes that `client` took too much just now.
    pub fn note(&self, client: Client) {
        let (mut seen, now) = (self.seen(), Instant::now());
        if seen.len() >= REMEMBERED_MAX && !seen.contains_key(&client) {
            seen.retain(|_, noted| now.duration_since(*noted) < REMEMBERED_FOR);
        }
        if seen.len() < REMEMBERED_MAX || seen.contains_key(&client) {
            seen.insert(client, now);
        }
    }

    /// Reports whether `client` took too much a short while ago.
    pub fn includes(&self, client: Client) -> bool {
        let mut seen = self.seen();
        let Some(noted) = seen.get(&client) else { return false };
        let is_recent = noted.elapsed() < REMEMBERED_FOR;
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

    #[tokio::test(start_paused = true)]
    async fn a_hog_is_remembered_for_ten_seconds_after_the_last_time() {
        let hogs = Hogs::default();
        assert!(!hogs.includes(client(1)));
        for _ in 0..3 {
            hogs.note(client(1));
            tokio::time::advance(Duration::from_secs(9)).await;
            assert!(hogs.includes(client(1)));
            assert!(!hogs.includes(client(2)));
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!hogs.includes(client(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_remembered_than_allowed() {
        let hogs = Hogs::default();
        let most = u32::try_from(REMEMBERED_MAX).expect("few");
        (0..most).for_each(|number| hogs.note(client(number)));
        hogs.note(client(most));
        assert!(!hogs.includes(client(most)));
        assert!(hogs.includes(client(most - 1)));
        tokio::time::advance(REMEMBERED_FOR).await;
        hogs.note(client(most));
        assert!(hogs.includes(client(most)));
        assert_eq!(hogs.seen().len(), 1, "the others are forgotten");
    }
}
