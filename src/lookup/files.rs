//! What an index publishes, and only moves forward.
//!
//! Invariant: [`publish`] never replaces a newer revision with an older one, however many builders
//! publish theirs.

use bytes::Bytes;
use fasti_grow::forward_only::NotPublished;
use fasti_grow::{ForwardOnly, Found};
use fasti_seams::clock::Clock;
use fasti_store::{Object, Store};
use tiles_spec::TreeSize;

use super::error::IndexError;

/// What an object publishes.
pub(super) enum Published {
    /// Nothing valid, such as what a power cut leaves.
    Nothing,
    /// This many revisions.
    Revisions(TreeSize),
}

/// Publishes `bytes`, which are of this many revisions, unless at least as many are published.
/// `read` tells what bytes publish.
pub(super) async fn publish(
    object: &mut ForwardOnly,
    objects: &dyn Store,
    clock: &dyn Clock,
    bytes: Bytes,
    revisions: TreeSize,
    read: &(dyn Fn(&[u8]) -> Result<Published, IndexError> + Sync),
) -> Result<(), IndexError> {
    // What is there decides, whoever wrote it.
    let judge = |there: Option<&Object>| match there.map(|there| read(&there.bytes)).transpose()? {
        Some(Published::Revisions(shown)) if shown >= revisions => Ok(Found::Enough),
        _ => Ok(Found::Less),
    };
    match object.publish(objects, clock, bytes, judge).await {
        Ok(_) => Ok(()),
        Err(NotPublished::Store(error)) => Err(error.into()),
        Err(NotPublished::Judged(error)) => Err(error),
    }
}
