//! Patience: how long a writer waits before it takes over, and between two attempts.

use std::time::Duration;

use fasti_seams::back_off::BackOff;

/// A term that ended sooner than this was a quarrel: either the store fails all the time, or two
/// writers can reach the store but not each other. Patience doubles with each quarrel, so that both
/// get some work done, until a term or a leader lasts longer.
pub(super) const QUARREL: Duration = Duration::from_mins(1);
/// How often patience is doubled at most.
pub(super) const QUARRELS_MAX: u32 = 4;
/// Most that quarrels add to any pause: clients wait for their answers meanwhile.
const QUARREL_PAUSE_MAX: Duration = Duration::from_secs(15);

/// A pause, doubled for each quarrel.
pub(super) fn after_quarrels(pause: Duration, quarrels: u32) -> Duration {
    let mut back_off = BackOff::new(pause, pause + QUARREL_PAUSE_MAX);
    for _ in 0..quarrels {
        back_off.take();
    }
    back_off.peek()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quarrel_doubles_a_pause_but_adds_no_more_than_the_most() {
        let pauses = |pause| [0, 1, 2, 3, 4].map(|quarrels| after_quarrels(pause, quarrels));
        let seconds = |numbers: [u64; 5]| numbers.map(Duration::from_secs);
        assert_eq!(pauses(Duration::from_secs(1)), seconds([1, 2, 4, 8, 16]));
        assert_eq!(pauses(Duration::from_secs(2)), seconds([2, 4, 8, 16, 17]));
        assert_eq!(pauses(Duration::from_secs(20)), seconds([20, 35, 35, 35, 35]));
    }
}
