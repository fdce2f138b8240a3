//! Forward only: an object that publishes a tree, such as `checkpoint`, and is only ever replaced
//! by one of a larger tree (I2).
//!
//! It is replaced on the version that was last read or written. If another writer was faster, what
//! is published then decides; what it means is up to the caller, who says whether something remains
//! to be done. An ambiguous answer proves nothing, so the identical replacement is repeated.

use std::sync::Arc;

use bytes::Bytes;
use fasti_seams::back_off::BackOff;
use fasti_seams::clock::Clock;
use fasti_store::{Object, ObjectPath, Replaced, Store, StoreError, Version};
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// After this many inconclusive answers the writer stops; the next start finds out the rest.
const ATTEMPTS_MAX: u32 = 8;

/// An object that only moves forward, as one writer knows it.
#[derive(Clone, Debug)]
pub struct ForwardOnly {
    path: ObjectPath,
    /// The version to replace; `None` if there is nothing yet.
    version: Option<Version>,
}

/// How what is published relates to what was to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is as much, or more: nothing remains to be done.
    Enough,
    /// It is less, and is replaced in turn.
    Less,
}

/// A replacement under way.
pub type Replacement = BoxFuture<'static, Result<Replaced, StoreError>>;

/// Why a tree could not be published.
#[derive(Debug)]
pub enum NotPublished<E> {
    /// The store failed, or gave no definite answer too often.
    Store(StoreError),
    /// What was found there forbids it.
    Judged(E),
}

impl ForwardOnly {
    /// The object at `path`, whose known version is to be replaced next.
    pub fn new(path: ObjectPath, version: Option<Version>) -> Self {
        Self { path, version }
    }

    /// Publishes `bytes`, and returns what is published in the end. Whenever something other than
    /// the known version is found, `judge` decides; `None` is a missing object. An error of `judge`
    /// is final.
    pub async fn publish<E>(
        &mut self,
        objects: &dyn Store,
        clock: &dyn Clock,
        bytes: Bytes,
        mut judge: impl FnMut(Option<&Object>) -> Result<Found, E>,
    ) -> Result<Bytes, NotPublished<E>> {
        let mut back_off = BackOff::between_requests();
        for attempt in 1.. {
            let undecided = match self.write(objects, bytes.clone()).await {
                Ok(true) => return Ok(bytes),
                Ok(false) => match objects.get(&self.path).await {
                    Ok(there) => {
                        let found = judge(there.as_ref()).map_err(NotPublished::Judged)?;
                        self.version = there.as_ref().map(|there| there.version.clone());
                        match (found, there) {
                            (Found::Enough, Some(there)) => return Ok(there.bytes),
                            _ => StoreError::Ambiguous {
                                path: self.path.to_string(),
                                source: std::io::Error::other("other writers keep replacing it"),
                            },
                        }
                    }
                    Err(error) if error.is_passing() => error,
                    Err(error) => return Err(NotPublished::Store(error)),
                },
                Err(error @ StoreError::Ambiguous { .. }) => error,
                Err(error) => return Err(NotPublished::Store(error)),
            };
            if attempt == ATTEMPTS_MAX {
                return Err(NotPublished::Store(undecided));
            }
            back_off.wait(clock).await;
        }
        unreachable!("the last attempt returns")
    }

    /// Replaces the known version once, in the background: whoever publishes next need not wait for
    /// the outcome, as long as that is read in its place. `None` if no version is known.
    pub fn replace_once(&self, objects: Arc<dyn Store>, bytes: Bytes) -> Option<Replacement> {
        let (path, version) = (self.path.clone(), self.version.clone()?);
        let replaced = async move { objects.replace(&path, bytes, &version).await };
        Some(replaced.boxed())
    }

    /// The object has this version now.
    pub fn is_replaced(&mut self, version: Version) {
        self.version = Some(version);
    }

    /// Writes `bytes` over the known version. `false` if what is there now has to be read: a create
    /// does not say which version it has made.
    async fn write(&mut self, objects: &dyn Store, bytes: Bytes) -> Result<bool, StoreError> {
        let Some(version) = &self.version else {
            return objects.create(&self.path, bytes).await.map(|_| false);
        };
        match objects.replace(&self.path, bytes, version).await? {
            Replaced::Now(version) => {
                self.version = Some(version);
                Ok(true)
            }
            Replaced::Conflict => Ok(false),
        }
    }
}
