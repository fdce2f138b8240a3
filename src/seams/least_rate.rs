//! The least rate of a transfer: how much longer it can pause, given the bytes moved so far.
//!
//! A transfer begins with a grace period. Bytes that move restore it by the time they would take at
//! the minimum rate, up to the full period. So a burst does not buy a long pause, a trickle is cut
//! off in the end, and a transfer that averages more than the minimum rate never is.

use std::time::{Duration, Instant};

/// The minimum rate at which bytes must move.
#[derive(Debug, Clone, Copy)]
pub struct LeastRate {
    /// The average rate, after the grace period.
    pub bytes_per_second: u32,
    /// The longest pause.
    pub grace: Duration,
}

/// The rest of the grace period.
#[derive(Debug)]
pub struct TransferTimer {
    least: LeastRate,
    due: Instant,
}

impl TransferTimer {
    /// Starts with the full period.
    pub fn new(least: LeastRate, now: Instant) -> Self {
        Self { least, due: now + least.grace }
    }

    /// Notes that this many bytes have moved.
    pub fn moved(&mut self, bytes: usize, now: Instant) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let time = Duration::from_secs(1) * bytes / self.least.bytes_per_second.max(1);
        self.due = (self.due + time).min(now + self.least.grace);
    }

    /// Restores the full period.
    pub fn renew(&mut self, now: Instant) {
        self.due = now + self.least.grace;
    }

    /// When the period will be used up.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// How much of the period is used up: the slower, the more.
    pub fn used(&self, now: Instant) -> Duration {
        (now + self.least.grace).saturating_duration_since(self.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: LeastRate = LeastRate { bytes_per_second: 1000, grace: Duration::from_secs(10) };

    #[test]
    fn a_trickle_and_a_burst_pay_for_no_standstill() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timer = TransferTimer::new(LEAST, start);
        timer.moved(1_000_000, at(0));
        assert_eq!(timer.due(), at(10), "a burst");
        for second in 1..10 {
            timer.moved(100, at(second));
        }
        let rest = timer.due().duration_since(at(10));
        assert_eq!(rest.as_millis(), 900, "a tenth of the rate");
        assert_eq!(timer.used(at(10)).as_millis(), 9100);
        timer.renew(at(10));
        assert_eq!(timer.used(at(10)), Duration::ZERO);
    }

    #[test]
    fn who_keeps_the_rate_is_never_ended() {
        let start = Instant::now();
        let mut timer = TransferTimer::new(LEAST, start);
        for second in (5..1000).step_by(5) {
            let now = start + Duration::from_secs(second);
            assert!(timer.due() > now, "at {second} s");
            timer.moved(5000, now);
        }
    }
}
