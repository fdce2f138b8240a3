//! A store's parts together.

use std::sync::Arc;

use super::commit_log::CommitLog;
use super::housekeeping::Housekeeping;
use super::store::Store;

/// The parts of one store.
#[derive(Clone)]
pub struct Stores {
    /// The objects that readers see.
    pub objects: Arc<dyn Store>,
    /// The commit records.
    pub commits: Arc<dyn CommitLog>,
    /// For the writer to remove what is superseded; `None` if the store does this itself, in
    /// [`CommitLog::settle`].
    pub housekeeping: Option<Arc<dyn Housekeeping>>,
}

impl Stores {
    /// All parts from one implementation that removes what is superseded itself.
    pub fn of<S: Store + CommitLog>(store: Arc<S>) -> Self {
        Self { objects: store.clone(), commits: store, housekeeping: None }
    }

    /// All parts from one implementation where the writer removes what is superseded.
    pub fn shared<S: Store + CommitLog + Housekeeping>(store: Arc<S>) -> Self {
        Self { objects: store.clone(), commits: store.clone(), housekeeping: Some(store) }
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stores")
    }
}
