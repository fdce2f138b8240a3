//! Compressed entry bundles, compressed once for all clients.
//!
//! The object at a bundle's path never changes (I5), so neither does its compressed form. That is
//! cached and served without asking the store; the most requested bundles stay longest. A request
//! for a bundle that is just being compressed waits for it. Some processors are kept free for
//! everything else: when no other is available, a bundle is sent uncompressed, which every client
//! understands (I12).

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use fasti_seams::offload::offload;
use fasti_store::{ObjectPath, Store};
use tokio::sync::Semaphore;

use super::kept::Kept;
use super::represent::Coding;

/// Maximum bytes in the cache of a server that has no other.
pub(super) const KEPT_BYTES_MAX: usize = 64 << 20;
/// The overhead of a cached bundle, in bytes.
const KEPT_OVERHEAD: usize = 256;

pub(super) struct PackedBundles {
    kept: Kept<(ObjectPath, Coding)>,
    processors: Arc<Semaphore>,
}

impl PackedBundles {
    /// Creates an empty cache for `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        let processors = fasti_seams::offload::processors();
        Self {
            kept: Kept::new(bytes_max, KEPT_OVERHEAD),
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
        let pack = async { Ok::<_, Infallible>(pack.await) };
        let kept = self.kept.get_or_make((path.clone(), coding), pack).await;
        kept.unwrap_or_else(|never| match never {})
    }
}

#[cfg(test)]
mod tests;
