//! A store whose operations are timed, for metrics. It changes nothing about them.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fasti_seams::clock::{Clock as _, SystemClock};
use tiles_spec::TreeSize;

use super::metrics::StoreMetrics;
use super::{
    Attempt, CommitLog, Created, Housekeeping, NewObject, Object, ObjectPath, RecordNumber,
    Replaced, Store, StoreError, Stores, Version,
};

/// One part of a store, timed.
struct Measured<S: ?Sized> {
    inner: Arc<S>,
    metrics: StoreMetrics,
}

impl StoreMetrics {
    /// All parts of a store, timed.
    pub fn measure(&self, stores: &Stores) -> Stores {
        Stores {
            objects: Arc::new(self.part(stores.objects.clone())),
            commits: Arc::new(self.part(stores.commits.clone())),
            housekeeping: stores.housekeeping.clone().map(|part| self.housekeeping(part)),
        }
    }

    /// Housekeeping, timed.
    pub fn housekeeping(&self, inner: Arc<dyn Housekeeping>) -> Arc<dyn Housekeeping> {
        Arc::new(self.part(inner))
    }

    fn part<S: ?Sized>(&self, inner: Arc<S>) -> Measured<S> {
        Measured { inner, metrics: self.clone() }
    }
}

impl<S: ?Sized + Send + Sync> Measured<S> {
    /// Times one operation. What is given up halfway is not counted.
    async fn time<T>(
        &self,
        operation: &'static str,
        working: impl Future<Output = Result<T, StoreError>> + Send,
        success: impl FnOnce(&T) -> &'static str + Send,
    ) -> Result<T, StoreError> {
        let began = SystemClock.now();
        let ended = working.await;
        let outcome = match &ended {
            Ok(value) => success(value),
            Err(error) => failure(error),
        };
        self.metrics.observe(operation, outcome, SystemClock.now() - began);
        ended
    }
}

/// How an operation failed, as a label.
fn failure(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict { .. } => "conflict",
        StoreError::Corrupt { .. } => "damaged",
        StoreError::Ambiguous { .. } => "ambiguous",
        StoreError::Contended { .. } => "contended",
        StoreError::Io { .. } => "failed",
        StoreError::Poisoned { .. } => "poisoned",
    }
}

/// How a question was answered.
fn presence(is_there: bool) -> &'static str {
    if is_there { "ok" } else { "missing" }
}

/// How a write ended whose condition may not hold.
fn creation(created: Created) -> &'static str {
    if created == Created::Now { "ok" } else { "exists" }
}

#[async_trait]
impl Store for Measured<dyn Store> {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.time("get", self.inner.get(path), |found| presence(found.is_some())).await
    }

    async fn get_packed(&self, path: &ObjectPath) -> Result<Option<Bytes>, StoreError> {
        self.time("get_packed", self.inner.get_packed(path), |found| presence(found.is_some()))
            .await
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.time("get_range", self.inner.get_range(path, range), |found| presence(found.is_some()))
            .await
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        self.time("length", self.inner.length(path), |found| presence(found.is_some())).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        self.time("create", self.inner.create(path, bytes), |&created| creation(created)).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        self.time("replace", self.inner.replace(path, bytes, expected), |replaced| {
            if matches!(replaced, Replaced::Now(_)) { "ok" } else { "conflict" }
        })
        .await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        self.time("put_immutable", self.inner.put_immutable(objects, attempt), |()| "ok").await
    }
}

#[async_trait]
impl CommitLog for Measured<dyn CommitLog> {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        self.time("create_record", self.inner.create(number, bytes), |&created| creation(created))
            .await
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        self.time("read_record", self.inner.read(number), |found| presence(found.is_some())).await
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        self.time("newest_record", self.inner.newest(), |found| presence(found.is_some())).await
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        self.time("settled", self.inner.settled(), |_| "ok").await
    }

    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        self.time("settle", self.inner.settle(number, size), |()| "ok").await
    }

    async fn end(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        self.time("end", self.inner.end(number, size), |()| "ok").await
    }
}

#[async_trait]
impl Housekeeping for Measured<dyn Housekeeping> {
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        self.time("list", self.inner.list(prefix, after, max), |_| "ok").await
    }

    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        self.time("remove", self.inner.remove(paths), |()| "ok").await
    }

    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError> {
        self.time("note", self.inner.note(path, bytes), |()| "ok").await
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::MemoryStore;

    #[tokio::test]
    async fn operations_are_counted_by_how_they_end() {
        let metrics = StoreMetrics::default();
        let mut registry = Registry::with_prefix("fasti");
        metrics.register(&mut registry);
        let stores = metrics.measure(&Stores::shared(Arc::<MemoryStore>::default()));
        let path = ObjectPath::checkpoint();
        assert!(stores.objects.get(&path).await.expect("in memory").is_none());
        for expected in [Created::Now, Created::Already] {
            let created = stores.objects.create(&path, Bytes::from_static(b"a")).await;
            assert_eq!(created.expect("in memory"), expected);
        }
        assert!(stores.objects.get(&path).await.expect("in memory").is_some());
        let mut text = String::new();
        encode(&mut text, &registry).expect("to a string");
        for (operation, outcome) in
            [("get", "missing"), ("get", "ok"), ("create", "ok"), ("create", "exists")]
        {
            let line = format!(
                "fasti_store_operation_duration_seconds_count\
                 {{operation=\"{operation}\",outcome=\"{outcome}\"}} 1"
            );
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
    }
}
