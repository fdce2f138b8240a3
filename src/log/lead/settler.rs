//! The settler: what happens to published batches in the background.

use fasti_store::RecordNumber;
use tiles_spec::TreeSize;
use tokio::sync::mpsc;

use super::batch::{SETTLES_MAX, Settled};
use crate::context::Context;
use crate::freeze_request::FreezeRequests;
use crate::log_error::LogError;
use crate::trim::Trimmer;

/// Lets the store make published objects durable in bulk, and removes what is no longer needed,
/// alongside the other two tasks.
pub(super) struct Settler<'a> {
    pub context: &'a Context,
    pub requests: &'a FreezeRequests,
    /// The newest published record and its tree.
    pub finished: Option<(RecordNumber, TreeSize)>,
    pub trimmer: Option<Trimmer>,
}

impl Settler<'_> {
    pub async fn run(mut self, mut published: mpsc::Receiver<Settled>) -> Result<(), LogError> {
        let commits = &self.context.stores.commits;
        let mut waiting = Vec::new();
        while published.recv_many(&mut waiting, SETTLES_MAX).await > 0 {
            for Settled { number, size, bytes } in waiting.drain(..) {
                if let Some(trimmer) = &mut self.trimmer {
                    trimmer.note(number, size, bytes);
                }
                self.finished = Some((number, size));
            }
            if let Some((number, size)) = self.finished {
                commits.settle(number, size).await.map_err(LogError::Settle)?;
            }
            if let Some(trimmer) = &mut self.trimmer {
                trimmer.trim_some().await;
            }
            self.requests.look(self.context).await;
        }
        if let Some((number, size)) = self.finished {
            commits.end(number, size).await.map_err(LogError::Settle)?;
        }
        if let Some(mut trimmer) = self.trimmer {
            trimmer.trim_all().await;
        }
        Ok(())
    }
}
