//! Still leading: a leader that commits nothing checks whether it was replaced.
//!
//! It may have been suspended, or out of reach of its peers for a while. Its next commit would find
//! out (I7), but on an idle log that may be hours away, and until then it would tell everyone that
//! it leads. So this only concerns what a writer says about itself, never safety.
//!
//! That peers ask it proves nothing: they may not know either. So it checks on its own, after as
//! long as a leader may be silent, and then less and less often, down to once in
//! [`LOOK_INTERVAL_MAX`]. A commit counts as a check. When peers that have asked stop asking, it
//! checks at once. A check is a GET of the record that it would write next.

use std::convert::Infallible;
use std::future::pending;
use std::time::{Duration, Instant};

use fasti_seams::back_off::BackOff;
use fasti_store::RecordNumber;

use crate::commit::CommitError;
use crate::context::Context;
use crate::liveness::Liveness;
use crate::record::{Epoch, Record};

/// The longest time that a leader believes that it leads without evidence.
const LOOK_INTERVAL_MAX: Duration = Duration::from_mins(1);

/// Waits until the next record exists and belongs to another term, which is the error. Waits for
/// ever if there are no other writers.
pub(super) async fn until_replaced(
    context: &Context,
    term: Epoch,
    liveness: &Liveness,
) -> Result<Infallible, CommitError> {
    if !context.store_is_shared() {
        return pending().await;
    }
    let clock = &*context.clock;
    let mut watch = Watch::begin(clock.now(), context.config.takeover_after);
    loop {
        clock.sleep(context.config.ping_interval).await;
        if !watch.is_time(clock.now(), liveness.take_heard(), liveness.next_record()) {
            continue;
        }
        let Some(number) = watch.next else { continue };
        let sign = match context.stores.commits.read(number).await {
            Ok(None) => true,
            Ok(Some(there)) => match Record::decode(&there) {
                Ok((record, _)) if record.epoch != term => {
                    return Err(CommitError::Fenced { number });
                }
                Ok(_) => true,
                Err(_) => false,
            },
            Err(_) => false,
        };
        watch.looked(clock.now(), sign);
    }
}

/// Decides when to check.
struct Watch {
    patience: Duration,
    /// The record that the term writes next, as it was last known.
    next: Option<RecordNumber>,
    /// The last commit or check.
    last: Instant,
    /// How long after it to check.
    interval: BackOff,
    /// When a peer was last heard, until its silence has been checked.
    heard: Option<Instant>,
}

impl Watch {
    fn begin(now: Instant, patience: Duration) -> Self {
        let interval = BackOff::new(patience, LOOK_INTERVAL_MAX.max(patience));
        Self { patience, next: None, last: now, interval, heard: None }
    }

    /// Whether to check now; `heard` says whether a peer has asked since the last time.
    fn is_time(&mut self, now: Instant, heard: bool, next: Option<RecordNumber>) -> bool {
        if heard {
            self.heard = Some(now);
        }
        if next != self.next {
            (self.next, self.last) = (next, now);
            self.interval.reset();
        }
        let since = |then: Instant| now.saturating_duration_since(then);
        let left = self.heard.is_some_and(|heard| since(heard) >= self.patience);
        if left {
            self.heard = None;
            self.interval.reset();
        }
        left || since(self.last) >= self.interval.peek()
    }

    /// Notes a check that found evidence that it leads, or no answer.
    fn looked(&mut self, now: Instant, sign: bool) {
        if sign {
            self.interval.take();
        } else {
            self.interval.reset();
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);
    const TICK: Duration = Duration::from_millis(500);

    /// The seconds at which a leader checks, in the first `seconds` of its term.
    fn looks(seconds: u32, heard: impl Fn(u32) -> bool, record: impl Fn(u32) -> u64) -> Vec<u32> {
        let began = Instant::now();
        let mut watch = Watch::begin(began, PATIENCE);
        let mut looks = Vec::new();
        for tick in 1..=seconds * 2 {
            let (now, second) = (began + TICK * tick, tick / 2);
            if watch.is_time(now, heard(second), RecordNumber::new(record(second))) {
                watch.looked(now, true);
                looks.push(second);
            }
        }
        looks
    }

    #[test]
    fn an_idle_leader_looks_less_and_less_but_never_stops_whoever_asks_it() {
        let lonely = looks(300, |_| false, |_| 7);
        assert_eq!(lonely, [2, 6, 14, 30, 62, 122, 182, 242]);
        assert_eq!(looks(300, |_| true, |_| 7), lonely, "being asked is no sign of leading");
    }

    #[test]
    fn peers_that_stop_asking_are_reason_to_look() {
        let left = looks(200, |second| second < 100, |_| 7);
        assert_eq!(left, [2, 6, 14, 30, 62, 101, 105, 113, 129, 161]);
    }

    #[test]
    fn a_commit_is_as_good_as_a_look() {
        assert_eq!(looks(60, |_| true, |second| u64::from(second) + 1), [0; 0]);
        assert_eq!(looks(20, |_| true, |second| if second < 10 { 7 } else { 8 }), [2, 6, 12, 16]);
    }

    #[test]
    fn without_an_answer_it_looks_again_after_patience() {
        let began = Instant::now();
        let mut watch = Watch::begin(began, PATIENCE);
        let next = RecordNumber::new(7);
        assert!(!watch.is_time(began + TICK, false, next));
        for n in 1..10 {
            let now = began + TICK + PATIENCE * n;
            assert!(watch.is_time(now, false, next), "{n}");
            watch.looked(now, false);
            assert!(!watch.is_time(now + TICK, false, next));
        }
    }
}
