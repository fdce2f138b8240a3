//! When entries are due to be sent.
//!
//! A closed loop sends as soon as a connection is free, so a stalled server just gets fewer
//! requests. An open loop has a schedule that no server can slow down: entry `n` is due at `n /
//! rate`, and latency counts from then, however late a connection becomes free. That keeps
//! coordinated omission out of the percentiles. The schedule's clock ticks every half millisecond,
//! and entries due within a tick are scheduled for its start: waking up for each entry would cost
//! several times the CPU of sending it. Invariant: intended times ascend and are within the run;
//! each is either taken or left over, once.

use std::time::{Duration, Instant};

/// One driver's share of the schedule.
pub enum Pace {
    /// Send whenever a connection is free, until the end.
    Closed {
        /// When sending stops.
        end: Instant,
    },
    /// Send at fixed times.
    Open(Schedule),
}

/// Evenly spaced times.
pub struct Schedule {
    start: Instant,
    rate: f64,
    /// The next entry's position in the schedule of all drivers.
    next: u64,
    /// The distance between this driver's positions.
    stride: u64,
    total: u64,
}

impl Schedule {
    /// Schedules `rate` entries per second from `start` until `end`, shared by `drivers` drivers of
    /// which this is number `driver`. Together they keep the even spacing.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^40")]
    pub fn new(start: Instant, end: Instant, rate: f64, driver: usize, drivers: usize) -> Self {
        let span = end.saturating_duration_since(start).as_secs_f64();
        // Minus a tiny amount: rounding must not add an entry at the very end.
        let total = (rate * span - 1e-6).ceil() as u64;
        Self { start, rate, next: driver as u64, stride: drivers as u64, total }
    }

    // Computed from the position, not by adding intervals, so that rounding errors do not add up.
    #[expect(clippy::cast_precision_loss, reason = "places stay below 2^40")]
    fn time(&self, place: u64) -> Instant {
        let exact = Duration::from_secs_f64(place as f64 / self.rate);
        let into_tick = Duration::from_nanos((exact.subsec_nanos() % TICK_NS).into());
        self.start + exact.saturating_sub(into_tick)
    }

    fn due(&self) -> Option<Instant> {
        (self.next < self.total).then(|| self.time(self.next))
    }
}

impl Pace {
    /// Takes the next intended time, if it has been reached.
    pub fn take(&mut self, now: Instant) -> Option<Instant> {
        match self {
            Self::Closed { end } => (now < *end).then_some(now),
            Self::Open(schedule) => {
                let intended = schedule.due().filter(|intended| *intended <= now)?;
                schedule.next += schedule.stride;
                Some(intended)
            }
        }
    }

    /// The next intended time of an open loop, to wake up for.
    pub fn next(&self) -> Option<Instant> {
        match self {
            Self::Closed { .. } => None,
            Self::Open(schedule) => schedule.due(),
        }
    }

    /// The intended times that were never taken.
    pub fn left_over(&self) -> impl Iterator<Item = Instant> + '_ {
        let schedule = match self {
            Self::Closed { .. } => None,
            Self::Open(schedule) => Some(schedule),
        };
        schedule.into_iter().flat_map(|schedule| {
            let stride = usize::try_from(schedule.stride).expect("the number of drivers");
            let places = (schedule.next..schedule.total).step_by(stride);
            places.map(|place| schedule.time(place))
        })
    }
}

/// Divides a second. Small compared to the milliseconds of a disk or an object store.
const TICK_NS: u32 = 500_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_share_one_even_schedule() {
        let start = Instant::now();
        let end = start + Duration::from_secs(1);
        let mut times = Vec::new();
        for (driver, first_ms) in [0, 100, 200].into_iter().enumerate() {
            let mut pace = Pace::Open(Schedule::new(start, end, 10.0, driver, 3));
            assert_eq!(pace.next(), Some(start + Duration::from_millis(first_ms)));
            times.extend(std::iter::from_fn(|| pace.take(end)));
            assert_eq!(pace.left_over().count(), 0);
        }
        times.sort_unstable();
        let expected: Vec<_> = (0..10).map(|n| start + Duration::from_millis(100) * n).collect();
        assert_eq!(times, expected);
    }

    #[test]
    fn nothing_is_taken_early_and_the_late_is_left_over() {
        let start = Instant::now();
        let end = start + Duration::from_secs(1);
        let mut pace = Pace::Open(Schedule::new(start, end, 4.0, 0, 1));
        assert_eq!(pace.take(start), Some(start));
        assert_eq!(pace.take(start + Duration::from_millis(249)), None);
        let second = start + Duration::from_millis(250);
        assert_eq!(pace.take(start + Duration::from_millis(700)), Some(second));
        let left: Vec<_> = pace.left_over().map(|t| t - start).collect();
        assert_eq!(left, [Duration::from_millis(500), Duration::from_millis(750)]);
    }

    #[test]
    fn what_falls_due_within_a_tick_leaves_together() {
        let start = Instant::now();
        let end = start + Duration::from_millis(2);
        let mut pace = Pace::Open(Schedule::new(start, end, 3000.0, 0, 1));
        let times: Vec<_> = std::iter::from_fn(|| pace.take(end)).map(|t| t - start).collect();
        assert_eq!(times, [0, 0, 500, 1000, 1000, 1500].map(Duration::from_micros));
    }

    #[test]
    fn a_closed_loop_has_no_schedule() {
        let now = Instant::now();
        let end = now + Duration::from_secs(1);
        let mut pace = Pace::Closed { end };
        assert_eq!(pace.take(end), None);
        assert_eq!(pace.take(now), Some(now));
        assert_eq!((pace.next(), pace.left_over().count()), (None, 0));
    }
}
