//! An in-memory store where one write fails, or where the builder dies.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fasti::store::{
    Attempt, Created, MemoryStore, NewObject, Object, ObjectPath, Replaced, Store, StoreError,
    Version,
};

/// What happens to a write.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It fails and has not happened.
    FailBefore,
    /// It has happened, but the answer is lost.
    FailAfter,
    /// The builder dies before the write.
    DieBefore,
    /// The builder dies after the write.
    DieAfter,
    /// It takes a while.
    Slow,
}

pub const FAULTS: [Fault; 4] =
    [Fault::FailBefore, Fault::FailAfter, Fault::DieBefore, Fault::DieAfter];

/// A store whose n-th write meets a fault.
pub struct Faulty {
    inner: Arc<MemoryStore>,
    /// Writes until the fault.
    left: AtomicUsize,
    /// Writes so far.
    writes: AtomicUsize,
    fault: Fault,
    met: tokio::sync::Notify,
}

const WHILE: Duration = Duration::from_millis(500);

impl Faulty {
    /// Makes the `n`-th write meet a fault; 0 for none.
    pub fn over(inner: &Arc<MemoryStore>, n: usize, fault: Fault) -> Self {
        let (left, writes) = (AtomicUsize::new(n), AtomicUsize::new(0));
        Self { inner: inner.clone(), left, writes, fault, met: <_>::default() }
    }

    /// The number of writes requested.
    pub fn writes(&self) -> usize {
        self.writes.load(SeqCst)
    }

    /// Waits for the fault.
    pub async fn met(&self) {
        self.met.notified().await;
    }

    /// Runs a builder until it ends or dies; `None` if it died.
    pub async fn run<T>(&self, builder: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.met() => None,
            done = builder => Some(done),
        }
    }

    async fn write<T>(
        &self,
        path: &ObjectPath,
        write: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.writes.fetch_add(1, SeqCst);
        if self.left.fetch_sub(1, SeqCst) != 1 {
            return write.await;
        }
        if matches!(self.fault, Fault::Slow) {
            self.met.notify_one();
            tokio::time::sleep(WHILE).await;
            return write.await;
        }
        if matches!(self.fault, Fault::FailAfter | Fault::DieAfter) {
            write.await?;
        }
        if matches!(self.fault, Fault::DieBefore | Fault::DieAfter) {
            self.met.notify_one();
            std::future::pending::<()>().await;
        }
        let (path, source) = (path.to_string(), std::io::ErrorKind::TimedOut.into());
        Err(StoreError::Ambiguous { path, source })
    }
}

#[async_trait]
impl Store for Faulty {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.inner.get(path).await
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.inner.get_range(path, range).await
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        self.inner.length(path).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        self.write(path, Store::create(&*self.inner, path, bytes)).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        self.write(path, self.inner.replace(path, bytes, expected)).await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        self.write(&objects[0].path, self.inner.put_immutable(objects, attempt)).await
    }
}
