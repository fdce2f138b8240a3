//! Wake: a leader that its followers have left looks whether it was replaced.
//!
//! It was frozen, or its peers did not reach it for a while. Its next commit would find out (I7), but on
//! an idle log that may be hours away, and until then it would tell everyone that it leads. So this is
//! about what a writer says of itself, never about safety. A leader that has followers, or never had
//! any, does not look, and one that had some looks less and less: idling costs nothing.

use std::convert::Infallible;
use std::time::Duration;

use super::Context;
use super::commit::CommitError;
use super::progress::Progress;
use super::record::{Epoch, Record};

/// Waits until the next record is there and is another term's, which is the error.
pub(super) async fn watch(
    context: &Context,
    term: Epoch,
    progress: &Progress,
) -> Result<Infallible, CommitError> {
    let commits = &context.stores.commits;
    let (tick, patience) = (context.config.ping_interval, context.config.takeover_after);
    let (mut has_had_followers, mut silence, mut looks_after) = (false, Duration::ZERO, patience);
    loop {
        context.clock.sleep(tick).await;
        if progress.take_heard() {
            (has_had_followers, silence, looks_after) = (true, Duration::ZERO, patience);
        } else {
            silence += tick;
        }
        let Some(number) = progress.next_record() else { continue };
        if !has_had_followers || silence < looks_after {
            continue;
        }
        // Without an answer, or with a damaged one, it looks again.
        match commits.read(number).await {
            Ok(None) => looks_after *= 2,
            Ok(Some(there)) => match Record::decode(&there) {
                Ok((record, _)) if record.epoch != term => {
                    return Err(CommitError::Fenced { number });
                }
                Ok(_) => looks_after *= 2,
                Err(_) => {}
            },
            Err(_) => {}
        }
    }
}
