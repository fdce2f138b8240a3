//! What a log needs of a store for the objects that readers see.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use super::error::StoreError;
use super::object::{Attempt, Created, NewObject, Object, Replaced, Version};
use super::path::ObjectPath;

/// The objects that readers see.
///
/// # Contract
/// - **Durability**: an object of [`put_immutable`](Store::put_immutable) survives a crash of the
///   process once the call returns. It survives a power cut too, unless the store's
///   `CommitLog::settled` says how far that holds; in that case the records beyond that size
///   imply everything that may be lost.
/// - **Atomicity**: a reader sees all of an object's old or new bytes, never a mixture.
/// - **Conditions**: of concurrent [`create`](Store::create)s of one path one answers
///   [`Created::Now`]; of concurrent [`replace`](Store::replace)s at one version one answers
///   [`Replaced::Now`].
/// - **Ambiguity**: after a [`StoreError::Ambiguous`] error the write may have happened, may not
///   have, or may happen later. Every other error means that it has not and will not.
/// - **Retries** are left to the caller; a store never hides a retry of a conditional write, except
///   after an answer that the write had no effect because another one was in progress.
/// - **Parts**: [`get_range`](Store::get_range) returns exactly the requested bytes, never fewer.
///   An object that ends before them is [`StoreError::Corrupt`]: the caller knows its length from
///   elsewhere.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads the object at `path`, or returns `None` if it does not exist.
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError>;

    /// Reads the object at `path` as it is stored, or returns `None` if it does not exist or is not
    /// packed with gzip.
    async fn get_packed(&self, _path: &ObjectPath) -> Result<Option<Bytes>, StoreError> {
        Ok(None)
    }

    /// Reads the bytes in `range` (offsets from the beginning, end excluded) of the object at
    /// `path`; `None` if there is no object. Nothing else is read, so the object's length does not
    /// matter. An empty range is an empty part of any object that exists.
    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError>;

    /// Returns the length in bytes of the object at `path`, or `None` if it does not exist. Its
    /// content is not read, unless it is stored packed.
    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError>;

    /// Writes an object that must not exist yet. It is durable when this returns.
    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError>;

    /// Replaces the object at `path` if it is still at version `expected`.
    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError>;

    /// Writes objects whose content is implied by their path. One that exists with the same bytes
    /// is left alone (or rewritten, see [`Attempt`]); one that exists with other bytes is
    /// [`StoreError::Conflict`] and stays as it is. After an error some of the objects may have
    /// been written; repeating the call is safe.
    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError>;
}
