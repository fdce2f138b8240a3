//! Whether the files of an inactive shard are in reach.
//!
//! A request that waits for files which do not come has one of the few turns. So once a shard was
//! out of reach, what needs it fails at once, except for one request at a time that tries again
//! after a pause.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fasti_seams::clock::{Clock, SystemClock};

/// How long nobody tries again.
const PAUSE: Duration = Duration::from_secs(5);

/// Whether a shard was in reach when it was last needed.
pub(super) struct Reach(Mutex<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Since then.
    Lost(Instant),
    /// Somebody tries again.
    Tried,
}

/// Somebody who needs the shard.
struct Attempt<'a> {
    reach: &'a Reach,
    /// Whether the shard was out of reach before.
    is_trial: bool,
    is_lost: bool,
}

impl Reach {
    pub fn new(is_good: bool) -> Self {
        Self(Mutex::new(if is_good { State::Good } else { State::Lost(SystemClock.now()) }))
    }

    /// Does what needs the shard, unless it was out of reach a moment ago: then `None`. `is_lost`
    /// says of what was done whether the shard was out of reach.
    pub async fn attempt<T>(
        &self,
        work: impl Future<Output = T>,
        is_lost: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let mut attempt = self.enter()?;
        let done = work.await;
        attempt.is_lost = is_lost(&done);
        Some(done)
    }

    fn enter(&self) -> Option<Attempt<'_>> {
        let mut state = self.state();
        let is_trial = match *state {
            State::Good => false,
            State::Lost(since) if SystemClock.now().saturating_duration_since(since) >= PAUSE => {
                *state = State::Tried;
                true
            }
            State::Lost(_) | State::Tried => return None,
        };
        // Who gives up a trial has not shown anything.
        Some(Attempt { reach: self, is_trial, is_lost: is_trial })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_lost {
            *self.reach.state() = State::Lost(SystemClock.now());
        } else if self.is_trial {
            *self.reach.state() = State::Good;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    /// What happens to an attempt whose work says that the shard is lost, or not.
    async fn tried(reach: &Reach, is_lost: bool) -> Option<bool> {
        reach.attempt(ready(is_lost), |is_lost| *is_lost).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_out_of_reach_is_left_alone_for_a_moment() {
        let reach = Reach::new(true);
        assert_eq!(tried(&reach, false).await, Some(false));
        assert_eq!(tried(&reach, true).await, Some(true));
        assert_eq!(tried(&reach, false).await, None);
        tokio::time::advance(PAUSE).await;
        assert_eq!(tried(&reach, true).await, Some(true), "somebody tries");
        assert_eq!(tried(&reach, false).await, None);
        tokio::time::advance(PAUSE).await;
        assert_eq!(tried(&reach, false).await, Some(false));
        assert_eq!(tried(&reach, false).await, Some(false), "it is good again");
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_tries() {
        let reach = Reach::new(false);
        assert_eq!(tried(&reach, false).await, None);
        tokio::time::advance(PAUSE).await;
        {
            let trial = std::pin::pin!(reach.attempt(pending::<bool>(), |is_lost| *is_lost));
            assert!(futures::poll!(trial).is_pending());
            tokio::time::advance(PAUSE * 10).await;
            assert_eq!(tried(&reach, false).await, None);
        }
        assert_eq!(tried(&reach, false).await, None, "the trial was given up");
        tokio::time::advance(PAUSE).await;
        assert_eq!(tried(&reach, false).await, Some(false));
    }
}
