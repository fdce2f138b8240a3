//! Commit records in a bucket: one object each, named by its number, created once.
//!
//! The newest one is found by listing, starting after the record named in the note that tells how
//! far old records were considered for removal. The note only shortens the listing: a wrong one
//! makes it longer.

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

use super::store::BucketStore;
use crate::{CommitLog, Created, ObjectPath, RecordNumber, StoreError};

const RECORDS: &str = "_writer/commit/";

impl BucketStore {
    /// The record number in the note [`ObjectPath::trimmed`], if there is one that can be read.
    async fn trimmed(&self) -> Option<RecordNumber> {
        let note = self.read(&ObjectPath::trimmed()).await.ok()??;
        let digits = str::from_utf8(&note.bytes).ok()?.lines().next()?;
        RecordNumber::new(digits.parse().ok()?)
    }

    /// The highest record whose number is above `after`.
    async fn newest_after(
        &self,
        after: Option<RecordNumber>,
    ) -> Result<Option<RecordNumber>, StoreError> {
        let after = after.map(ObjectPath::commit_record);
        let mut newest = None;
        let record = |path: ObjectPath| newest = newest.max(path.record_number());
        self.each_listed(RECORDS, after.as_ref(), usize::MAX, record).await?;
        Ok(newest)
    }
}

#[async_trait]
impl CommitLog for BucketStore {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        self.create_object(&ObjectPath::commit_record(number), bytes).await
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        let object = BucketStore::read(self, &ObjectPath::commit_record(number)).await?;
        Ok(object.map(|object| object.bytes))
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        if let Some(hint) = self.trimmed().await
            && let Some(newest) = self.newest_after(Some(hint)).await?
        {
            return Ok(Some(newest));
        }
        self.newest_after(None).await
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        Ok(None)
    }

    /// Does nothing: objects are durable when written, and the log itself removes old records.
    async fn settle(&self, _: RecordNumber, _: TreeSize) -> Result<(), StoreError> {
        Ok(())
    }
}
