//! Files of an index: written once and for all, or published and only moved forward.
//!
//! Invariants: when [`write_once`] returns, the object is durable and holds these bytes, whoever
//! wrote it. [`Shown`] never replaces a newer revision with an older one, however many builders
//! publish theirs.

use std::time::Duration;

use bytes::Bytes;
use fasti_seams::clock::Clock;
use fasti_store::{Created, ObjectPath, Replaced, Store, StoreError, Version};
use tiles_spec::TreeSize;

use super::IndexError;

/// After this many inconclusive answers the builder gives up for now.
const ATTEMPTS_MAX: u32 = 8;
const BACK_OFF_FIRST: Duration = Duration::from_millis(50);

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
    let mut back_off = BACK_OFF_FIRST;
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
        clock.sleep(back_off).await;
        back_off *= 2;
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

/// An object that publishes the newest revision.
pub(super) struct Shown {
    path: ObjectPath,
    /// The version to replace; `None` if there is nothing yet.
    version: Option<Version>,
}

/// What an object publishes.
pub(super) enum Shows {
    /// Nothing valid, such as what a power cut leaves.
    Nothing,
    /// This many revisions.
    Revisions(TreeSize),
}

impl Shown {
    pub(super) fn new(path: ObjectPath, version: Option<Version>) -> Self {
        Self { path, version }
    }

    /// Publishes `bytes`, which are of this many revisions, unless at least as many are published.
    /// `read` tells what bytes publish.
    pub(super) async fn show(
        &mut self,
        objects: &dyn Store,
        clock: &dyn Clock,
        bytes: &Bytes,
        revisions: TreeSize,
        read: &(dyn Fn(&[u8]) -> Result<Shows, IndexError> + Sync),
    ) -> Result<(), IndexError> {
        let mut back_off = BACK_OFF_FIRST;
        for _ in 0..ATTEMPTS_MAX {
            let written = match &self.version {
                Some(version) => match objects.replace(&self.path, bytes.clone(), version).await {
                    Ok(Replaced::Now(version)) => {
                        self.version = Some(version);
                        return Ok(());
                    }
                    Ok(Replaced::Conflict) => Ok(()),
                    Err(error) => Err(error),
                },
                None => objects.create(&self.path, bytes.clone()).await.map(|_| ()),
            };
            match written {
                Ok(()) | Err(StoreError::Ambiguous { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            // What is there now decides, whoever wrote it.
            let there = objects.get(&self.path).await?;
            self.version = there.as_ref().map(|there| there.version.clone());
            if let Some(there) = there
                && let Shows::Revisions(shown) = read(&there.bytes)?
                && shown >= revisions
            {
                return Ok(());
            }
            clock.sleep(back_off).await;
            back_off *= 2;
        }
        let source = std::io::ErrorKind::TimedOut.into();
        Err(StoreError::Ambiguous { path: self.path.to_string(), source }.into())
    }
}
