//! Lead: the loop that turns waiting submissions into published leaves.
//!
//! ```text
//! sequencer   take - assign - integrate - guard - COMMIT | take - assign - ...
//! finisher                                               | apply - guard - sign - publish - answer
//! settler                                                                  | settle - trim
//! ```
//! Three tasks in step: while batch k is published, batch k + 1 is sequenced and committed. Only
//! one commit is in flight at a time, and the finisher publishes batches in order. The first
//! failure of any task ends the term, and all three with it (I9): the next recovery finishes what
//! was committed, and submissions that still wait are submitted again.

mod batch;
mod finisher;
mod sequencer;
mod settler;

use std::sync::Arc;

use futures::future::{Either, select};
use tokio::sync::{mpsc, watch};

use batch::SETTLES_MAX;
use finisher::Finisher;
use sequencer::Sequencer;
use settler::Settler;

use crate::context::Context;
use crate::dedup::Dedup;
use crate::freeze_request::FreezeRequests;
use crate::liveness::Liveness;
use crate::log_error::LogError;
use crate::pool::Pool;
use crate::publication::Publication;
use crate::recover::Ready;
use crate::still_leading::until_replaced;
use crate::trim::Trimmer;

/// How many committed batches may wait to be published. A batch is taken only when there is room:
/// what stays in the pool makes the next batch larger, and waits no longer for it.
const PIPELINE_DEPTH: usize = 1;

/// One term of leadership.
pub(super) struct Term<'a> {
    pub context: &'a Context,
    pub dedup: &'a Dedup,
    pub pool: &'a Pool,
    pub published: &'a watch::Sender<Arc<Publication>>,
    pub liveness: &'a Liveness,
}

impl Term<'_> {
    /// Leads until the pool is drained, or until something fails.
    pub async fn run(self, ready: Ready) -> Result<(), LogError> {
        let Self { context, dedup, pool, published, liveness } = self;
        let Ready { position, publisher, published: recovered } = ready;
        let dedup = dedup.of_new_term();
        let term = position.epoch;
        liveness.set_next_record(position.number);
        let (committed, to_publish) = mpsc::channel(PIPELINE_DEPTH);
        let (settled, to_settle) = mpsc::channel(SETTLES_MAX);
        let requests = FreezeRequests::default();
        let settler = Settler {
            context,
            requests: &requests,
            // Recovery has finished everything up to here.
            finished: position.number.previous().map(|n| (n, recovered.head.size)),
            trimmer: context.stores.housekeeping.clone().map(|housekeeping| {
                Trimmer::new(housekeeping, context, position.number.previous(), recovered.head.size)
            }),
        };
        let sequencer = Sequencer {
            context,
            dedup: dedup.clone(),
            position,
            pool,
            liveness,
            requests: &requests,
        };
        let finisher = Finisher { context, dedup, publisher, published, liveness, settled };
        let led = async {
            tokio::try_join!(
                biased;
                sequencer.run(committed),
                finisher.run(to_publish),
                settler.run(to_settle),
            )
        };
        let replaced = until_replaced(context, term, liveness);
        match select(std::pin::pin!(led), std::pin::pin!(replaced)).await {
            Either::Left((ended, _)) => ended.map(|_| ()),
            Either::Right((Err(fenced), _)) => Err(fenced.into()),
        }
    }
}
