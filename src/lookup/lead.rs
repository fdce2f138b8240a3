//! Lead: the writer that leads a log also keeps its index, off the commit path.
//!
//! Leadership only decides who does the work. Two writers that both think that they lead do no
//! harm: a revision is committed once ([`super::revisions`]).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fasti_grow::{GrowthWatch, Leadership};
use fasti_seams::back_off::BackOff;
use fasti_seams::causes::with_causes;
use futures::future::{Either, select};

use super::context::IndexContext;
use super::error::IndexError;
use super::keep::{CommitLock, keep_with};

/// Pauses between attempts after failures.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// How long a revision that is being committed is waited for, when this writer stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps the index of `log` up to date whenever this writer leads, until the log shuts down.
/// Failures are logged, counted, and tried again. At the end, a revision that is being committed is
/// published, unless that takes long.
pub async fn keep_while_leading(log: impl GrowthWatch + Leadership, context: IndexContext) {
    let log = Arc::new(log);
    let mut back_off = BackOff::new(PAUSE_FIRST, PAUSE_MAX);
    while log.until_in_charge(true).await {
        let began = context.clock.now();
        let committing = CommitLock::default();
        let kept = pin!(keep_with(context.clone(), log.clone(), committing.clone()));
        let failed = match select(kept, pin!(log.until_in_charge(false))).await {
            Either::Left((Ok(()), _)) => continue,
            Either::Left((Err(error), _)) => error,
            Either::Right((_, kept)) => {
                let committed = pin!(committing.lock());
                let late = pin!(context.clock.sleep(PATIENCE));
                select(kept, select(committed, late)).await;
                continue;
            }
        };
        tell(&context, &failed);
        if context.clock.now() - began > PAUSE_MAX {
            back_off.reset();
        }
        let pause = pin!(back_off.wait(&*context.clock));
        select(pause, pin!(log.until_in_charge(false))).await;
    }
}

fn tell(context: &IndexContext, failed: &IndexError) {
    let reasons = with_causes(failed);
    context.metrics.failures.inc();
    if failed.is_passing() {
        tracing::warn!("the lookup index falls behind: {reasons}");
    } else {
        tracing::error!("the lookup index cannot be continued: {reasons}");
    }
}
