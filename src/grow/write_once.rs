//! Write once: objects that are created and never change.
//!
//! Invariant: when [`write_once`] returns, the object is durable and holds these bytes, whoever
//! wrote it. An ambiguous answer proves nothing, so the identical write is repeated.

use bytes::Bytes;
use fasti_seams::back_off::BackOff;
use fasti_seams::clock::Clock;
use fasti_store::{Created, ObjectPath, Store, StoreError};

/// After this many inconclusive answers the writer gives up for now.
const ATTEMPTS_MAX: u32 = 8;

/// What an object holds after an attempt to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// What was to be written.
    Ours,
    /// What another writer wrote before.
    Other,
}

/// Creates an object, durably, or finds out what it holds.
pub async fn create(
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
pub async fn write_once(
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
