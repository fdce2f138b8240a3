//! Files of an index: written once and for all, or published and only moved forward.
//!
//! Invariants: when [`write_once`] returns, the object is durable and holds these bytes, whoever
//! wrote it. [`publish`] never replaces a newer revision with an older one, however many builders
//! publish theirs.

use bytes::Bytes;
use fasti_grow::forward_only::NotPublished;
use fasti_grow::{ForwardOnly, Found};
use fasti_seams::back_off::BackOff;
use fasti_seams::clock::Clock;
use fasti_store::{Created, Object, ObjectPath, Store, StoreError};
use tiles_spec::TreeSize;

use super::error::IndexError;

/// After this many inconclusive answers the builder gives up for now.
const ATTEMPTS_MAX: u32 = 8;

/// What an object holds after an attempt to write it.
pub(super) enum Holds {
    /// What was to be written.
    Ours,
    /// What another builder wrote before.
    Other,
}

/// Creates an object, durably, or finds out what it holds.
pub(super) async fn create(
    objects: &dyn Store,
    clock: &dyn Clock,
    path: &ObjectPath,
    bytes: &Bytes,
) -> Result<Holds, StoreError> {
    let mut back_off = BackOff::between_requests();
    for _ in 0..ATTEMPTS_MAX {
        match objects.create(path, bytes.clone()).await {
            Ok(Created::Now) => return Ok(Holds::Ours),
            Ok(Created::Already) => {
                // An earlier attempt may have created it.
                if let Some(there) = objects.get(path).await? {
                    let is_ours = there.bytes == *bytes;
                    return Ok(if is_ours { Holds::Ours } else { Holds::Other });
                }
            }
            Err(StoreError::Ambiguous { .. }) => {}
            Err(error) => return Err(error),
        }
        back_off.wait(clock).await;
    }
    let source = std::io::ErrorKind::TimedOut.into();
    Err(StoreError::Ambiguous { path: path.to_string(), source })
}

/// Writes an object whose bytes follow from its path.
pub(super) async fn write_once(
    objects: &dyn Store,
    clock: &dyn Clock,
    path: &ObjectPath,
    bytes: &Bytes,
) -> Result<(), StoreError> {
    match create(objects, clock, path, bytes).await? {
        Holds::Ours => Ok(()),
        Holds::Other => Err(StoreError::Conflict { path: path.clone() }),
    }
}

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
