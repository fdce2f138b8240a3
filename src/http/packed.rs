//! Packed: entry bundles as they go out, compressed once for all who ask.
//!
//! What is at the path of a bundle never changes (I5), so neither does what it is compressed to. It is kept,
//! and asked for again without the store; what is asked for most often stays longest. Who wants a
//! bundle that is just being compressed waits for that one. Some processors are left for everything
//! else: where no other is free, a bundle goes out as it is, which every client understands (I12).

use std::sync::Arc;

use bytes::Bytes;
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::represent::Coding;
use crate::offload::offload;
use crate::store::{ObjectPath, Store};

/// Most bytes that are kept.
const KEPT_BYTES_MAX: u64 = 64 << 20;
/// What keeping one takes beside its bytes.
const KEPT_OVERHEAD: usize = 256;

pub(super) struct PackedBundles {
    kept: Cache<(ObjectPath, Coding), Bytes>,
    processors: Arc<Semaphore>,
}

impl PackedBundles {
    /// Nothing is kept yet.
    pub fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let weigh = |_: &(ObjectPath, Coding), packed: &Bytes| {
            u32::try_from(packed.len() + KEPT_OVERHEAD).unwrap_or(u32::MAX)
        };
        Self {
            kept: Cache::builder().max_capacity(KEPT_BYTES_MAX).weigher(weigh).build(),
            processors: Arc::new(Semaphore::new(processors.div_ceil(2))),
        }
    }

    /// The bundle at `path` in `coding`; `None` where it has to be answered as it is, which may turn
    /// out to be that it is not there.
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
