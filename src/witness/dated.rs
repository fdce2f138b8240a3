//! The time that is signed: never before that of the last cosignature.

use std::time::{Duration, UNIX_EPOCH};

use fasti_entry::quote;
use fasti_seams::clock::Clock;

/// How far back a clock may be set without showing in the times of cosignatures. If it was set back
/// by more, the times before were wrong.
const SET_BACK_MAX: u64 = 60;

/// The time to sign, in POSIX seconds, after one that was signed for this log; `None` if the clock
/// does not know it.
pub(super) fn time_after(last: u64, clock: &dyn Clock, origin: &str) -> Option<u64> {
    let now = clock.date().duration_since(UNIX_EPOCH).as_ref().map_or(0, Duration::as_secs);
    let time = if last.saturating_sub(now) <= SET_BACK_MAX { now.max(last) } else { now };
    if time < last {
        let log = quote(origin);
        tracing::warn!(log, last, now, "the clock was set back: times before it were wrong");
    }
    (now > 0).then_some(time)
}
