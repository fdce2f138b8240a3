//! Keep: an index that follows its log.
//!
//! ```text
//! revise   read - make runs - commit a revision | wait for growth | read - ...
//! merge            do postponed merges ──────────────────► adopted by the next revision
//! ```
//! Revisions are spaced, so that a busy log costs a few writes every few seconds; the first one
//! after a pause comes at once. An idle log costs nothing.
//!
//! Wherever this is stopped, the next builder finishes what was left undone. Until then, a revision
//! that was committed and not yet published is missing from `lookup/latest`, so whoever stops this
//! can wait for a [`CommitLock`].

use std::sync::Arc;

use fasti_grow::GrowthWatch;
use fasti_lookup_spec::Run;
use futures::future::{Either, select};
use tokio::sync::{Mutex, mpsc};

use super::builder::{Advance, Builder, Merge, make_run};
use super::context::IndexContext;
use super::error::IndexError;

/// Held while a revision is committed and published.
pub(super) type CommitLock = Arc<Mutex<()>>;

/// Follows the log until something fails. After a transient failure, start again.
pub async fn keep(context: IndexContext, growth: Arc<dyn GrowthWatch>) -> Result<(), IndexError> {
    keep_with(context, growth, CommitLock::default()).await
}

/// The same, for those who stop it.
pub(super) async fn keep_with(
    context: IndexContext,
    growth: Arc<dyn GrowthWatch>,
    committing: CommitLock,
) -> Result<(), IndexError> {
    let opening = committing.lock().await;
    let builder = Builder::open(context.clone()).await?;
    drop(opening);
    let (give, to_merge) = mpsc::channel(1);
    let (merged, taken_up) = mpsc::channel(1);
    let revise = Revise {
        builder,
        context: context.clone(),
        growth,
        committing,
        give,
        taken_up,
        is_merging: false,
    };
    tokio::try_join!(revise.run(), merge(context, to_merge, merged)).map(|_| ())
}

struct Revise {
    builder: Builder,
    context: IndexContext,
    growth: Arc<dyn GrowthWatch>,
    committing: CommitLock,
    give: mpsc::Sender<Merge>,
    taken_up: mpsc::Receiver<Run>,
    is_merging: bool,
}

impl Revise {
    async fn run(mut self) -> Result<(), IndexError> {
        let mut revised = None;
        loop {
            // If the log grows all the time, `wait` never gets to this.
            if let Ok(run) = self.taken_up.try_recv() {
                self.take_up(run);
            }
            let advance = self.advance().await?;
            if !self.is_merging
                && let Some(merge) = self.builder.put_off()
            {
                // The merge ends with this loop, and the channel has room for one job.
                self.is_merging = self.give.try_send(merge).is_ok();
            }
            if let Advance::Revised { indexed, log } = advance {
                revised = Some(self.context.clock.now());
                self.builder.sweep().await;
                if indexed.size < log.size {
                    continue;
                }
            }
            if let Some(run) = self.wait().await {
                self.take_up(run);
            }
            let since = revised.map(|revised| self.context.clock.now() - revised);
            if let Some(pause) =
                since.and_then(|since| self.context.config.spacing.checked_sub(since))
            {
                self.context.clock.sleep(pause).await;
            }
        }
    }

    async fn advance(&mut self) -> Result<Advance, IndexError> {
        let prepared = self.builder.prepare(self.context.config.rewrite_max).await?;
        let Some(prepared) = prepared else { return Ok(Advance::UpToDate) };
        let _committing = self.committing.lock().await;
        self.builder.commit(prepared).await
    }

    /// Waits for a reason to commit a revision; a finished merge is one.
    async fn wait(&mut self) -> Option<Run> {
        let growth = self.growth.beyond(self.builder.indexed().size);
        let merged = std::pin::pin!(self.taken_up.recv());
        match select(growth, merged).await {
            Either::Left(_) => None,
            Either::Right((merged, _)) => merged,
        }
    }

    fn take_up(&mut self, merged: Run) {
        self.is_merging = false;
        self.builder.adopt(merged);
    }
}

/// Does one merge after another.
async fn merge(
    context: IndexContext,
    mut jobs: mpsc::Receiver<Merge>,
    merged: mpsc::Sender<Run>,
) -> Result<(), IndexError> {
    while let Some(Merge { range, pieces }) = jobs.recv().await {
        let run = make_run(&context, range, &pieces, Vec::new()).await?;
        if merged.send(run).await.is_err() {
            break;
        }
    }
    Ok(())
}
