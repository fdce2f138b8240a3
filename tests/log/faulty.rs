//! A store that fails on command: the n-th operation from now fails before or after it took effect,
//! or the writer dies there.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use fasti::store::{
    Attempt, CommitLog, Created, MemoryStore, NewObject, Object, ObjectPath, RecordNumber,
    Replaced, Store, StoreError, Version,
};
use tiles_spec::TreeSize;

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A definite error; nothing has happened.
    FailBefore,
    /// It happened, but the answer is lost.
    FailAfter,
    /// The writer dies before the operation: it and everything later hangs forever.
    CrashBefore,
    /// The writer dies after the operation.
    CrashAfter,
    /// It has not happened when the ambiguous answer arrives, and happens when the next operation
    /// begins.
    LandsLate,
    /// A definite error, also for every later operation, as on a full disk.
    FailForEver,
    /// It happens, and there is never an answer; everything else goes on.
    NoAnswer,
}

impl Fault {
    /// What a writer stops for, or tries again.
    pub const ALL: [Self; 6] = [
        Self::FailBefore,
        Self::FailAfter,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::LandsLate,
        Self::FailForEver,
    ];
}

/// The effect of one request to the store.
type Effect = Box<dyn Fn(&MemoryStore) + Send>;

/// The store; see the module documentation.
pub struct FaultyStore {
    inner: Arc<MemoryStore>,
    /// Operations until the fault; 0 for no fault.
    countdown: AtomicUsize,
    fault: Mutex<Fault>,
    /// All operations so far.
    pub operations: AtomicUsize,
    dead: Mutex<bool>,
    failing: Mutex<bool>,
    late: Mutex<Vec<Effect>>,
}

impl FaultyStore {
    pub fn over(inner: Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            countdown: AtomicUsize::new(0),
            fault: Mutex::new(Fault::FailBefore),
            operations: AtomicUsize::new(0),
            dead: Mutex::new(false),
            failing: Mutex::new(false),
            late: Mutex::default(),
        })
    }

    /// Makes the `n`-th operation from now on meet the fault, counting from 1.
    pub fn arm(&self, n: usize, fault: Fault) {
        *self.fault.lock().expect("unpoisoned") = fault;
        self.countdown.store(n, Ordering::SeqCst);
    }

    /// Reports whether the writer met a crash.
    pub fn is_dead(&self) -> bool {
        *self.dead.lock().expect("unpoisoned")
    }

    /// Lands the requests that were in flight when the writer died, as can happen at any later
    /// time.
    pub fn land_late_writes(&self) {
        for effect in self.late.lock().expect("unpoisoned").drain(..) {
            effect(&self.inner);
        }
    }

    async fn perform<T, F>(
        &self,
        path: &str,
        late: impl Fn() -> Option<Effect>,
        work: impl FnOnce() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.land_late_writes();
        self.operations.fetch_add(1, Ordering::SeqCst);
        let io = || std::io::Error::other("injected");
        let definite = || StoreError::Io {
            action: "use",
            path: path.to_owned(),
            source: std::io::Error::from(std::io::ErrorKind::StorageFull),
        };
        let ambiguous = || StoreError::Ambiguous { path: path.to_owned(), source: io() };
        if self.is_dead() {
            return std::future::pending().await;
        }
        if *self.failing.lock().expect("unpoisoned") {
            return Err(definite());
        }
        let due = self.countdown.load(Ordering::SeqCst);
        self.countdown.store(due.saturating_sub(1), Ordering::SeqCst);
        if due != 1 {
            return work().await;
        }
        let fault = *self.fault.lock().expect("unpoisoned");
        match fault {
            Fault::FailBefore => Err(definite()),
            Fault::FailForEver => {
                *self.failing.lock().expect("unpoisoned") = true;
                Err(definite())
            }
            Fault::NoAnswer => {
                work().await?;
                std::future::pending().await
            }
            Fault::FailAfter => work().await.and(Err(ambiguous())),
            Fault::LandsLate => {
                self.late.lock().expect("unpoisoned").extend(late());
                Err(ambiguous())
            }
            Fault::CrashBefore | Fault::CrashAfter => {
                if fault == Fault::CrashAfter {
                    work().await?;
                }
                *self.dead.lock().expect("unpoisoned") = true;
                std::future::pending().await
            }
        }
    }
}

/// Runs an operation of a memory store, which never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    futures::FutureExt::now_or_never(future).expect("a memory store never waits")
}

#[async_trait]
impl Store for FaultyStore {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.perform(path.as_str(), || None, || self.inner.get(path)).await
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let work = || self.inner.get_range(path, range.clone());
        self.perform(path.as_str(), || None, work).await
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        self.perform(path.as_str(), || None, || self.inner.length(path)).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        let late = || -> Option<Effect> {
            let (path, bytes) = (path.clone(), bytes.clone());
            Some(Box::new(move |store| drop(now(Store::create(store, &path, bytes.clone())))))
        };
        self.perform(path.as_str(), late, || Store::create(&*self.inner, path, bytes.clone())).await
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let late = || -> Option<Effect> {
            let (path, bytes, expected) = (path.clone(), bytes.clone(), expected.clone());
            Some(Box::new(move |store| drop(now(store.replace(&path, bytes.clone(), &expected)))))
        };
        let work = || self.inner.replace(path, bytes.clone(), expected);
        self.perform(path.as_str(), late, work).await
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        // Each object is an operation of its own: a crash can leave any number of them.
        for object in objects {
            let one = std::slice::from_ref(object);
            let late = || -> Option<Effect> {
                let object = object.clone();
                Some(Box::new(move |store| {
                    drop(now(store.put_immutable(std::slice::from_ref(&object), attempt)));
                }))
            };
            let work = || self.inner.put_immutable(one, attempt);
            self.perform(object.path.as_str(), late, work).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl CommitLog for FaultyStore {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        let late = || -> Option<Effect> {
            let bytes = bytes.clone();
            Some(Box::new(move |store| drop(now(CommitLog::create(store, number, bytes.clone())))))
        };
        let work = || CommitLog::create(&*self.inner, number, bytes.clone());
        self.perform("commit record", late, work).await
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        self.perform("commit record", || None, || self.inner.read(number)).await
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        self.perform("commit records", || None, || self.inner.newest()).await
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        self.inner.settled().await
    }

    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        self.perform("commit records", || None, || self.inner.settle(number, size)).await
    }
}
