//! The two clients of a bucket, whatever cloud it is in.

use std::sync::Arc;

use object_store::ObjectStore;

/// Two clients of one bucket.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Never retries: for conditional writes, where a retry would look like a lost race.
    pub conditional: Arc<dyn ObjectStore>,
    /// Retries failures a few times: for reads, listings, removals, and immutable objects.
    pub steady: Arc<dyn ObjectStore>,
}

impl Clients {
    /// One client for both: for stores that need no retries, such as those in memory.
    pub fn same<S: ObjectStore>(store: Arc<S>) -> Self {
        Self { conditional: store.clone(), steady: store }
    }
}
