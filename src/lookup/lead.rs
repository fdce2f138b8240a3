//! Lead: the writer that leads a log also keeps its index, off the commit path.
//!
//! Leadership only decides who does the work. Two writers that both think that they lead do no
//! harm: a revision is committed once ([`super::revisions`]).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fasti_log::Log;
use futures::future::{Either, select};
use tiles_spec::TreeSize;

use super::{Growth, IndexError, Site, keep};

/// Pauses between attempts after failures.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// Keeps the index of `log` up to date whenever this writer leads, until the log shuts down.
/// Failures are logged, counted, and tried again.
pub async fn keep_while_leading(log: Log, site: Site) {
    let growth: Arc<dyn Growth> = Arc::new(Published(log.clone()));
    let mut pause = PAUSE_FIRST;
    while log.until_in_charge(true).await {
        let began = site.clock.now();
        let kept = keep(site.clone(), growth.clone());
        let failed = match select(pin!(kept), pin!(log.until_in_charge(false))).await {
            Either::Left((Ok(()), _)) => continue,
            Either::Left((Err(error), _)) => error,
            Either::Right(_) => continue,
        };
        tell(&site, &failed);
        if site.clock.now() - began > PAUSE_MAX {
            pause = PAUSE_FIRST;
        }
        site.clock.sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn tell(site: &Site, failed: &IndexError) {
    let reasons = std::iter::successors(Some(failed as &dyn std::error::Error), |e| e.source());
    let reasons: Vec<String> = reasons.map(ToString::to_string).collect();
    let reasons = reasons.join(": ");
    site.metrics.failures.inc();
    if failed.is_passing() {
        tracing::warn!("the lookup index falls behind: {reasons}");
    } else {
        tracing::error!("the lookup index cannot be continued: {reasons}");
    }
}

/// A log that reports its own growth.
struct Published(Log);

#[async_trait]
impl Growth for Published {
    async fn beyond(&self, size: TreeSize) {
        self.0.grown_beyond(size).await;
    }
}
