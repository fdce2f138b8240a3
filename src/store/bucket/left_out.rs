//! The bucket store of a program that was built without clouds: opening it says so, so it never
//! exists, and the program need not know.

use std::convert::Infallible;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::TreeSize;

use super::error::BucketError;
use super::location::BucketLocation;
use super::options::BucketOptions;
use super::requests::Requests;
use crate::{
    Attempt, CommitLog, Created, Housekeeping, NewObject, Object, ObjectPath, RecordNumber,
    Replaced, Store, StoreError, Version,
};

/// A log in a bucket. No program without clouds has one.
#[derive(Debug)]
pub struct BucketStore(Infallible);

impl BucketStore {
    /// Refuses, and names the feature that is missing.
    #[allow(clippy::unused_async, reason = "with clouds it waits")]
    pub async fn open(
        location: BucketLocation,
        _options: &BucketOptions,
    ) -> Result<Self, BucketError> {
        Err(location.cloud.left_out())
    }

    /// The log below a prefix of this one's objects.
    pub fn below(&self, _prefix: ObjectPath) -> Result<Self, StoreError> {
        match self.0 {}
    }

    /// Where the log is stored.
    pub fn location(&self) -> &BucketLocation {
        match self.0 {}
    }

    /// The number of requests sent to the bucket so far.
    pub fn requests(&self) -> Requests {
        match self.0 {}
    }
}

#[async_trait]
impl Store for BucketStore {
    async fn get(&self, _: &ObjectPath) -> Result<Option<Object>, StoreError> {
        match self.0 {}
    }

    async fn get_range(&self, _: &ObjectPath, _: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        match self.0 {}
    }

    async fn length(&self, _: &ObjectPath) -> Result<Option<u64>, StoreError> {
        match self.0 {}
    }

    async fn create(&self, _: &ObjectPath, _: Bytes) -> Result<Created, StoreError> {
        match self.0 {}
    }

    async fn replace(&self, _: &ObjectPath, _: Bytes, _: &Version) -> Result<Replaced, StoreError> {
        match self.0 {}
    }

    async fn put_immutable(&self, _: &[NewObject], _: Attempt) -> Result<(), StoreError> {
        match self.0 {}
    }
}

#[async_trait]
impl CommitLog for BucketStore {
    async fn create(&self, _: RecordNumber, _: Bytes) -> Result<Created, StoreError> {
        match self.0 {}
    }

    async fn read(&self, _: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        match self.0 {}
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        match self.0 {}
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        match self.0 {}
    }

    async fn settle(&self, _: RecordNumber, _: TreeSize) -> Result<(), StoreError> {
        match self.0 {}
    }
}

#[async_trait]
impl Housekeeping for BucketStore {
    async fn list(
        &self,
        _: &str,
        _: Option<&ObjectPath>,
        _: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        match self.0 {}
    }

    async fn remove(&self, _: &[ObjectPath]) -> Result<(), StoreError> {
        match self.0 {}
    }

    async fn note(&self, _: &ObjectPath, _: Bytes) -> Result<(), StoreError> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_says_what_is_missing() {
        for (location, feature) in [("s3://log", "s3"), ("gs://log", "gcs"), ("az://log", "azure")]
        {
            let opened =
                BucketStore::open(location.parse().unwrap(), &BucketOptions::default()).await;
            let refused = opened.unwrap_err().to_string();
            assert!(refused.contains(&format!("the cargo feature {feature} adds it")), "{refused}");
        }
    }
}
