//! Compressed entry bundles, compressed once for all clients.
//!
//! The object at a bundle's path never changes (I5), so neither does its compressed form. That is
//! cached and served without asking the store; the most requested bundles stay longest. A request
//! for a bundle that is just being compressed waits for it. Some processors are kept free for
//! everything else: when no other is available, a bundle is sent uncompressed, which every client
//! understands (I12).

use std::sync::Arc;

use bytes::Bytes;
use fasti_seams::offload::offload;
use fasti_store::{ObjectPath, Store};
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::represent::Coding;

/// Maximum bytes in the cache.
const KEPT_BYTES_MAX: u64 = 64 << 20;
/// The overhead of a cached bundle, in bytes.
const KEPT_OVERHEAD: usize = 256;

pub(super) struct PackedBundles {
    kept: Cache<(ObjectPath, Coding), Bytes>,
    processors: Arc<Semaphore>,
}

impl PackedBundles {
    /// Creates an empty cache.
    pub fn new() -> Self {
        let processors = fasti_seams::offload::processors();
        let weigh = |_: &(ObjectPath, Coding), packed: &Bytes| {
            u32::try_from(packed.len() + KEPT_OVERHEAD).unwrap_or(u32::MAX)
        };
        Self {
            kept: Cache::builder().max_capacity(KEPT_BYTES_MAX).weigher(weigh).build(),
            processors: Arc::new(Semaphore::new(processors.div_ceil(2))),
        }
    }

    /// Returns the bundle at `path` in `coding`, or `None` if it must be sent uncompressed or does
    /// not exist.
    pub async fn get(
        &self,
        objects: &dyn Store,
        path: &ObjectPath,
        coding: Coding,
    ) -> Option<Bytes> {
        let pack = async {
            let processor = self.processors.clone().try_acquire_owned().ok()?;
            let bundle = objects.get(path).await.ok()??.bytes;
            let packed = offload(move || {
                let packed = coding.pack(&bundle);
                drop(processor);
                packed
            });
            Some(Bytes::from(packed.await))
        };
        self.kept.optionally_get_with((path.clone(), coding), pack).await
    }
}

#[cfg(test)]
mod tests;
