//! Answers: whether those who wait for one get any.
//!
//! A log that stands still looks like one that is idle, but for those who wait. So it is counted how
//! many there are, and when somebody was answered last. That is a matter of health only: it decides
//! nothing about the log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many wait, and since when nobody was answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    waiting: Mutex<(usize, Option<Instant>)>,
}

/// Somebody who waits for an answer.
#[derive(Debug)]
pub(super) struct Wait<'a>(&'a Answers);

impl Answers {
    fn waiting(&self) -> MutexGuard<'_, (usize, Option<Instant>)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody begins to wait.
    pub fn wait(&self, now: Instant) -> Wait<'_> {
        let (count, since) = &mut *self.waiting();
        *count += 1;
        since.get_or_insert(now);
        Wait(self)
    }

    /// For how long somebody has been waiting without anybody being answered.
    pub fn silence(&self, now: Instant) -> Duration {
        let (_, since) = *self.waiting();
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

impl Wait<'_> {
    /// The answer is there.
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
        let (answers, start) = (Answers::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let silence = |seconds| answers.silence(at(seconds)).as_secs();
        assert_eq!(silence(9), 0, "nobody waits");
        let (first, second) = (answers.wait(at(10)), answers.wait(at(12)));
        assert_eq!(silence(13), 3);
        first.end(at(14));
        assert_eq!(silence(15), 1, "somebody was answered");
        drop(second);
        assert_eq!(silence(20), 0, "nobody waits any more");
    }
}
