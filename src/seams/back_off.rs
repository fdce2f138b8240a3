//! Back-off: the pauses between attempts, each twice as long as the one before.

use std::time::Duration;

use crate::clock::Clock;

/// See the module documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl BackOff {
    /// For requests to a store that are sent again, a bounded number of times.
    pub const fn between_requests() -> Self {
        Self::new(Duration::from_millis(50), Duration::MAX)
    }

    /// Pauses from `first` up to `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The next pause, without taking it.
    pub fn peek(&self) -> Duration {
        self.next
    }

    /// The next pause; the one after it is longer.
    pub fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        pause
    }

    /// Waits for the next pause.
    pub async fn wait(&mut self, clock: &dyn Clock) {
        clock.sleep(self.take()).await;
    }

    /// Begins again with the first pause.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_again() {
        let seconds = Duration::from_secs;
        let mut back_off = BackOff::new(seconds(1), seconds(60));
        let mut take = |n| (0..n).map(|_| back_off.take().as_secs()).collect::<Vec<_>>();
        assert_eq!(take(8), [1, 2, 4, 8, 16, 32, 60, 60]);
        back_off.reset();
        assert_eq!(
            (back_off.peek(), back_off.take(), back_off.take()),
            (seconds(1), seconds(1), seconds(2))
        );
    }
}
