//! Waiting clients: whether they get clients.
//!
//! A log that is stuck looks like an idle one, except to the clients that wait. So this module
//! counts them, and notes when one was last answered. This is only used for health reports: it
//! decides nothing about the log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many clients wait, and since when none was answered.
#[derive(Debug, Default)]
pub(super) struct WaitingClients {
    waiting: Mutex<(usize, Option<Instant>)>,
}

/// A client that waits for an answer.
#[derive(Debug)]
pub(super) struct Wait<'a>(&'a WaitingClients);

impl WaitingClients {
    fn waiting(&self) -> MutexGuard<'_, (usize, Option<Instant>)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a wait.
    pub fn wait(&self, now: Instant) -> Wait<'_> {
        let (count, since) = &mut *self.waiting();
        *count += 1;
        since.get_or_insert(now);
        Wait(self)
    }

    /// How long clients have been waiting without any of them being answered.
    pub fn silence(&self, now: Instant) -> Duration {
        let (_, since) = *self.waiting();
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

impl Wait<'_> {
    /// Ends the wait: the answer is there.
    pub fn end(self, now: Instant) {
        self.0.waiting().1 = Some(now);
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let (count, since) = &mut *self.0.waiting();
        *count -= 1;
        if *count == 0 {
            *since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_who_wait_in_vain_make_a_silence() {
        let (clients, start) = (WaitingClients::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let silence = |seconds| clients.silence(at(seconds)).as_secs();
        assert_eq!(silence(9), 0, "nobody waits");
        let (first, second) = (clients.wait(at(10)), clients.wait(at(12)));
        assert_eq!(silence(13), 3);
        first.end(at(14));
        assert_eq!(silence(15), 1, "somebody was answered");
        drop(second);
        assert_eq!(silence(20), 0, "nobody waits any more");
    }
}
