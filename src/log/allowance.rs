//! Allowance: how much may be written again of what is written already.
//!
//! Each checkpoint needs the unfinished bundle of its tree as an object of its own (I3). So every batch
//! writes that bundle from its first entry on, which is up to 16 MiB for an entry of a single byte. The
//! allowance bounds it (I12): new entries allow [`TIMES_TAKEN`] times their own bytes, and time allows
//! some at a steady rate, of which [`SAVED_SECONDS`] can be saved up. A batch that is not allowed yet
//! waits until there is more to take, or for some milliseconds.
//!
//! Invariants:
//! - In any time t in which entries of T bytes are taken, no more is written again than
//!   `TIMES_TAKEN * T + rate * (t + SAVED_SECONDS)`, and one bundle.
//! - Nobody waits longer than a bundle takes at the rate, which is a second at most; twice that after a
//!   batch that turned out smaller than it was to be. What is saved suffices for several bundles, so
//!   in a log that is not busy nobody waits.

use std::time::{Duration, Instant};

use tiles_spec::{ENTRY_BYTES_MAX, TILE_WIDTH_MAX};

/// So many times the bytes that are taken may be written again for them.
const TIMES_TAKEN: u64 = 8;
/// What time has allowed and nobody has used lasts for so long.
const SAVED_SECONDS: u64 = 4;
/// Longest unfinished bundle.
const BUNDLE_BYTES_MAX: u64 = ((size_of::<u16>() + ENTRY_BYTES_MAX) * TILE_WIDTH_MAX) as u64;

/// Nanoseconds in a second.
const NANOS: u128 = 1_000_000_000;

/// What may be written again now.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Bytes a second.
    rate: u64,
    /// Bytes that may be written again at once. Below zero where a batch was smaller than it was to be.
    saved: i64,
    as_of: Instant,
}

impl Allowance {
    /// All that can be saved, at `rate` bytes a second. A rate at which a bundle takes more than a
    /// second is raised to one.
    pub fn new(rate: u64, now: Instant) -> Self {
        let rate = rate.max(BUNDLE_BYTES_MAX);
        Self { rate, saved: most(rate), as_of: now }
    }

    /// How long a batch of `taken` bytes has to wait that writes a bundle again of which `written` bytes
    /// are there.
    pub fn pause(&mut self, now: Instant, written: usize, taken: usize) -> Duration {
        self.pass(now);
        let missing = cost(written, taken).saturating_sub(self.saved);
        let Ok(missing @ 1..) = u64::try_from(missing) else { return Duration::ZERO };
        let nanos = (u128::from(missing) * NANOS).div_ceil(u128::from(self.rate));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// From how many bytes on such a batch need not wait. Nothing but time makes up for one that was
    /// smaller than it was to be: whoever gives up what it has submitted gains nothing by that.
    pub fn enough(&self, written: usize) -> usize {
        let saved = u64::try_from(self.saved).ok();
        let missing = saved.map(|saved| (written as u64).saturating_sub(saved));
        let enough = missing.and_then(|missing| missing.div_ceil(TIMES_TAKEN).try_into().ok());
        enough.unwrap_or(usize::MAX)
    }

    /// Such a batch is made.
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

/// Most that can be saved.
fn most(rate: u64) -> i64 {
    i64::try_from(rate.saturating_mul(SAVED_SECONDS)).unwrap_or(i64::MAX)
}

/// What time has to allow of such a batch.
fn cost(written: usize, taken: usize) -> i64 {
    let allowed = TIMES_TAKEN.saturating_mul(taken as u64);
    i64::try_from((written as u64).saturating_sub(allowed)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, SystemClock};

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

    /// Batches of every kind, some of them smaller than they were to be, each made as soon as it may.
    /// Over every stretch of them the bounds hold.
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

    /// Numbers below a limit, the same for each seed.
    fn fastrand(mut state: u64) -> impl FnMut(usize) -> usize {
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below.max(1)
        }
    }
}
