//! Lead: the writer that leads a log also keeps its heads, off the commit path.
//!
//! A head is kept as soon as the log has grown, and while it goes on growing, one each
//! [`spacing`](HeadsContext::spacing). When the writer stops or no longer leads, the newest tree is
//! kept at once. An idle log costs nothing.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fasti_grow::{GrowthWatch, Leadership};
use fasti_seams::back_off::BackOff;
use fasti_seams::causes::with_causes;
use futures::future::{Either, select};

use crate::keeper::{HeadsContext, HeadsError, Keeper};

/// Pauses between attempts after failures.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// How long the last head is waited for, when this writer stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps the heads of `log` whenever this writer leads, until the log shuts down. Failures are
/// logged, counted, and tried again.
pub async fn keep_heads_while_leading(log: impl GrowthWatch + Leadership, context: HeadsContext) {
    let log = Arc::new(log);
    let mut back_off = BackOff::new(PAUSE_FIRST, PAUSE_MAX);
    while log.until_in_charge(true).await {
        let began = context.clock.now();
        let kept = pin!(keep(&context, &*log));
        let error = match select(kept, pin!(log.until_in_charge(false))).await {
            Either::Left((Err(error), _)) => error,
            Either::Left((Ok(never), _)) => match never {},
            Either::Right(_) => {
                let late = pin!(context.clock.sleep(PATIENCE));
                if let Either::Left((Err(error), _)) = select(pin!(keep_now(&context)), late).await
                {
                    tell(&context, &error);
                }
                continue;
            }
        };
        tell(&context, &error);
        if context.clock.now() - began > PAUSE_MAX {
            back_off.reset();
        }
        let pause = pin!(back_off.wait(&*context.clock));
        select(pause, pin!(log.until_in_charge(false))).await;
    }
}

/// Keeps the newest head of a log, if it is not kept yet.
async fn keep_now(context: &HeadsContext) -> Result<(), HeadsError> {
    Keeper::open(context.clone()).await?.keep().await.map(|_| ())
}

async fn keep(context: &HeadsContext, log: &impl GrowthWatch) -> Result<Infallible, HeadsError> {
    let mut keeper = Keeper::open(context.clone()).await?;
    loop {
        let pause = match keeper.keep().await? {
            Some(_) => context.spacing,
            // What follows the log may be ahead of what is published.
            None => PAUSE_FIRST,
        };
        context.clock.sleep(pause).await;
        log.beyond(keeper.size()).await;
    }
}

fn tell(context: &HeadsContext, error: &HeadsError) {
    context.metrics.failures.inc();
    let reasons = with_causes(error);
    if error.is_passing() {
        tracing::warn!("the newest tree head is not kept yet: {reasons}");
    } else {
        tracing::error!("tree heads cannot be kept: {reasons}");
    }
}
