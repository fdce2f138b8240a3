//! Freeze: the permanent end of a log (I17).
//!
//! The end is a commit record like any other first record of a term, created under the next number,
//! which says that nothing follows. So it needs no permission: it fences the leader, and everything
//! committed before it stays. A writer that recovers finds it, finishes what was committed before
//! it, and accepts no more entries. Finishing needs no leadership: every writer writes the same
//! bytes, and nobody can commit after the last record, so any number of writers can do it at once.
//!
//! Like a takeover record, a last record that was created too late may lie beside the chain, below
//! what is published. Replay skips it. So a log is believed to be frozen only when its last record
//! and `checkpoint` agree, and [`freeze`] reports success only when it has found that they do.

use std::sync::Arc;
use std::time::Duration;

use fasti_seams::causes::with_causes;

use crate::context::Context;
use crate::freeze_request;
use crate::frozen::{Frozen, finish_frozen};
use crate::picture::{Picture, picture};
use crate::recover_error::RecoverError;
use crate::seen::Seen;
use crate::take_over::{Begins, begin_term};

/// Running writers can be faster this many times. A busy leader gives way long before.
const ATTEMPTS_MAX: u32 = 60;
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// Ends the log of `context`, whether its writers are running or not. When this returns, everything
/// that was ever committed is published, and nothing more will be. An error says nothing about the
/// state of the log: trying again is safe, and finds out.
pub async fn freeze(context: &Context) -> Result<Frozen, RecoverError> {
    let (mut already, seen) = (true, Arc::default());
    for attempt in 1.. {
        let error = match try_to_freeze(context, &seen, &mut already).await {
            Ok(frozen) => {
                freeze_request::withdraw(context).await;
                // There may never be another writer to make it durable.
                context.stores.commits.end(frozen.record, frozen.head().size).await?;
                return Ok(Frozen { already, ..frozen });
            }
            Err(error) => error,
        };
        if !error.is_passing() || attempt == ATTEMPTS_MAX {
            freeze_request::withdraw(context).await;
            return Err(error);
        }
        tracing::debug!(error = with_causes(&error), attempt, "not frozen yet");
        freeze_request::ask(context).await;
        context.clock.sleep(PAUSE).await;
    }
    unreachable!("the last attempt returns")
}

async fn try_to_freeze(
    context: &Context,
    seen: &Arc<Seen>,
    already: &mut bool,
) -> Result<Frozen, RecoverError> {
    let Picture { mut replay, edge, mut guard } = picture(context, seen).await?;
    if !replay.is_frozen {
        *already = false;
        begin_term(context, &mut replay, &mut guard, Begins::TheEnd).await?;
        replay.epoch = replay.epoch.next();
        replay.next = replay.next.next();
    }
    finish_frozen(context, seen, replay, edge).await
}
