//! What a log needs of a store for its commit records.

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

use super::error::StoreError;
use super::object::Created;
use super::record_number::RecordNumber;

/// The numbered commit records of a log.
///
/// # Contract
/// - [`create`](CommitLog::create) is create-only, atomic, and **durable when it returns**, power
///   cuts included. Of several writers that create one number exactly one is told
///   [`Created::Now`]. [`StoreError::Ambiguous`] as in [`Store`](super::store::Store).
/// - A record once created reads back byte for byte until it is trimmed by
///   [`settle`](CommitLog::settle). The newest record is never trimmed.
#[async_trait]
pub trait CommitLog: Send + Sync + 'static {
    /// Writes record `number`.
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError>;

    /// Reads the bytes of record `number`, or returns `None` if it was not written yet or was
    /// trimmed.
    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError>;

    /// Returns the highest number known to hold a record: a candidate, from which the caller
    /// probes upward. `None` only if there are no records at all.
    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError>;

    /// Returns the tree size up to which every immutable object is known to survive a power cut.
    /// `None` if objects are durable as soon as they are written.
    async fn settled(&self) -> Result<Option<TreeSize>, StoreError>;

    /// Called after every publication: everything that record `number` and the earlier ones imply
    /// is written and published, at `size`. The store may make it durable in bulk and trim records
    /// that are not needed for recovery. Cheap if there is nothing to do.
    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError>;

    /// Called once, when the log shuts down cleanly, with the last arguments of
    /// [`settle`](CommitLog::settle): whatever is done now shortens the next start.
    async fn end(&self, _number: RecordNumber, _size: TreeSize) -> Result<(), StoreError> {
        Ok(())
    }
}
