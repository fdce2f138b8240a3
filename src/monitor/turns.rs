//! Turns: who watches one log in two places does not read it at both at once, since what is
//! remembered is of the log, not of the place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// The turns at all logs, by the files of their states.
#[derive(Debug, Default)]
pub struct Turns(Mutex<BTreeMap<PathBuf, Arc<Queue<()>>>>);

impl Turns {
    /// Waits for a turn, which lasts until the result is dropped.
    pub(crate) async fn take(&self, path: &Path) -> OwnedMutexGuard<()> {
        let queue = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            queues.entry(path.to_owned()).or_default().clone()
        };
        queue.lock_owned().await
    }
}
