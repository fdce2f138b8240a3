//! Allowance: how many bytes may be rewritten.
//!
//! Each checkpoint needs the unfinished bundle of its tree as an object of its own (I3). So every
//! batch rewrites that bundle from its first entry on: up to 16 MiB for an entry of a single byte.
//! The allowance bounds this (I12). New entries allow [`TIMES_TAKEN`] times their own bytes, and
//! time allows more at a steady rate, of which at most [`SAVED_SECONDS`] are saved up. A batch that
//! is not allowed yet waits for more entries, or for some milliseconds.
//!
//! Invariants:
//! - In any time t in which entries of T bytes are accepted, no more is rewritten than `TIMES_TAKEN
//!   * T + rate * (t + SAVED_SECONDS)`, plus one bundle.
//! - No batch waits longer than it takes to write a bundle at the rate, which is at most a second;
//!   twice that after a batch that turned out smaller than planned. The savings cover several
//!   bundles, so in a log that is not busy nothing waits.

use std::time::{Duration, Instant};

use tiles_spec::{ENTRY_BYTES_MAX, TILE_WIDTH_MAX};

/// Each accepted byte allows this many bytes to be rewritten.
const TIMES_TAKEN: u64 = 8;
/// Unused allowance is saved for at most this many seconds.
const SAVED_SECONDS: u64 = 4;
/// The longest unfinished bundle.
const BUNDLE_BYTES_MAX: u64 = ((size_of::<u16>() + ENTRY_BYTES_MAX) * TILE_WIDTH_MAX) as u64;

/// Nanoseconds in a second.
const NANOS: u128 = 1_000_000_000;

/// What may be rewritten now.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Bytes a second.
    rate: u64,
    /// Bytes that may be rewritten at once. Negative after a batch that was smaller than planned.
    saved: i64,
    as_of: Instant,
}

impl Allowance {
    /// A full allowance at `rate` bytes a second. A rate at which a bundle takes more than a second
    /// is raised to one at which it takes exactly a second.
    pub fn new(rate: u64, now: Instant) -> Self {
        let rate = rate.max(BUNDLE_BYTES_MAX);
        Self { rate, saved: most(rate), as_of: now }
    }

    /// How long a batch of `taken` bytes must wait before it rewrites a bundle of `written` bytes.
    pub fn pause(&mut self, now: Instant, written: usize, taken: usize) -> Duration {
        self.pass(now);
        let missing = cost(written, taken).saturating_sub(self.saved);
        let Ok(missing @ 1..) = u64::try_from(missing) else { return Duration::ZERO };
        let nanos = (u128::from(missing) * NANOS).div_ceil(u128::from(self.rate));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many bytes a batch needs so that it does not wait. Only time makes up for a batch that
    /// was smaller than planned, so a client gains nothing by giving up its submissions.
    pub fn enough(&self, written: usize) -> usize {
        let saved = u64::try_from(self.saved).ok();
        let missing = saved.map(|saved| (written as u64).saturating_sub(saved));
        let enough = missing.and_then(|missing| missing.div_ceil(TIMES_TAKEN).try_into().ok());
        enough.unwrap_or(usize::MAX)
    }

    /// Records that a batch was made.
    pub fn spend(&mut self, now: Instant, written: usize, taken: usize) {
        self.pass(now);
        self.saved = self.saved.saturating_sub(cost(written, taken));
    }

    fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.as_of);
        let allowed = passed.as_nanos() * u128::from(self.rate) / NANOS;
        let allowed = i64::try_from(allowed).unwrap_or(i64::MAX);
        self.saved = self.saved.saturating_add(allowed).min(most(self.rate));
        self.as_of = self.as_of.max(now);
    }
}

/// The most that can be saved.
fn most(rate: u64) -> i64 {
    i64::try_from(rate.saturating_mul(SAVED_SECONDS)).unwrap_or(i64::MAX)
}

/// What time must allow for such a batch.
fn cost(written: usize, taken: usize) -> i64 {
    let allowed = TIMES_TAKEN.saturating_mul(taken as u64);
    i64::try_from((written as u64).saturating_sub(allowed)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fasti_seams::clock::{Clock as _, SystemClock};

    const MIB: usize = 1 << 20;
    const RATE: u64 = 64 << 20;

    fn full() -> (Allowance, Instant) {
        let now = SystemClock.now();
        (Allowance::new(RATE, now), now)
    }

    #[test]
    fn nobody_waits_until_what_was_saved_is_used_up() {
        let (mut allowance, now) = full();
        for _ in 0..16 {
            assert_eq!(allowance.pause(now, 16 * MIB, 1), Duration::ZERO);
            allowance.spend(now, 16 * MIB, 0);
        }
        assert_eq!(allowance.pause(now, 16 * MIB, 0), Duration::from_millis(250));
        assert_eq!(allowance.pause(now, MIB, 0), Duration::from_micros(15_625));
        let later = now + Duration::from_millis(250);
        assert_eq!(allowance.pause(later, 16 * MIB, 0), Duration::ZERO);
        assert_eq!(allowance.pause(later, 17 * MIB, 0), Duration::from_micros(15_625));
        let much_later = now + Duration::from_hours(1);
        assert_eq!(allowance.pause(much_later, 256 * MIB, 0), Duration::ZERO);
        assert_eq!(
            allowance.pause(much_later, 320 * MIB, 0),
            Duration::from_secs(1),
            "4 s, no more"
        );
    }

    #[test]
    fn what_is_new_allows_eight_times_its_bytes() {
        let (mut allowance, now) = full();
        allowance.spend(now, 256 * MIB, 0);
        assert_eq!(allowance.enough(16 * MIB), 2 * MIB);
        assert_eq!(allowance.pause(now, 16 * MIB, 2 * MIB), Duration::ZERO);
        assert_eq!(allowance.pause(now, 16 * MIB, MIB), Duration::from_millis(125));
        allowance.spend(now, 16 * MIB, 9 * MIB);
        assert_eq!(allowance.enough(16 * MIB), 2 * MIB, "what is left over is not kept");
        allowance.spend(now, 16 * MIB, 0);
        assert_eq!(allowance.enough(MIB), usize::MAX, "time alone makes up for that");
        assert_eq!(allowance.pause(now, 0, MIB), Duration::from_millis(250));
    }

    #[test]
    fn a_bundle_never_takes_longer_than_a_second() {
        let now = SystemClock.now();
        let mut allowance = Allowance::new(1, now);
        let bundle = usize::try_from(BUNDLE_BYTES_MAX).unwrap();
        allowance.spend(now, 4 * bundle, 0);
        assert_eq!(allowance.pause(now, bundle, 0), Duration::from_secs(1));
    }

    /// Batches of every kind, some smaller than planned, each made as soon as it is allowed. The
    /// bounds hold over every stretch of them.
    #[test]
    fn no_stretch_of_batches_writes_more_again_than_it_may() {
        for seed in 1..200_u64 {
            let mut random = fastrand(seed);
            let (mut allowance, start) = full();
            let (mut now, mut bundle, mut made) = (start, 0_usize, Vec::new());
            let is_patient = seed % 3 == 0;
            for _ in 0..200 {
                let waiting = [1, 60_000, 3 * MIB][random(3)] + random(1000);
                let pause = allowance.pause(now, bundle, waiting);
                assert!(pause <= Duration::from_millis(501), "{pause:?}");
                if allowance.enough(bundle) <= waiting {
                    assert_eq!(pause, Duration::ZERO);
                }
                now += pause;
                let taken = if random(5) == 0 { random(waiting) } else { waiting };
                allowance.spend(now, bundle, taken);
                made.push((now, bundle as u64, taken as u64));
                bundle = if random(40) == 0 { 0 } else { (bundle + taken).min(16 * MIB) };
                if is_patient {
                    now += Duration::from_millis(random(300) as u64);
                }
            }
            for from in 0..made.len() {
                let (mut again, mut taken) = (0, 0);
                for &(at, written, new) in &made[from..] {
                    (again, taken) = (again + written, taken + new);
                    let time = (at - made[from].0).as_nanos() + u128::from(SAVED_SECONDS) * NANOS;
                    let steady = u128::from(RATE) * time / NANOS;
                    let may = u128::from(TIMES_TAKEN * taken + BUNDLE_BYTES_MAX + 1) + steady;
                    assert!(u128::from(again) <= may, "seed {seed}: {again} of {may}");
                }
            }
        }
    }

    /// Pseudorandom numbers below a limit, the same for each seed.
    fn fastrand(mut state: u64) -> impl FnMut(usize) -> usize {
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below.max(1)
        }
    }
}
