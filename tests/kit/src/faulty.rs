//! A store in memory where one write fails, or where whoever writes dies.

use std::future::pending;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use fasti_store::{MemoryStore, StoreError};

use crate::stored::{Between, Through, Written};

/// What happens to a write.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It fails and has not happened.
    FailBefore,
    /// It has happened, but the answer is lost.
    FailAfter,
    /// The writer dies before the write.
    DieBefore,
    /// The writer dies after the write.
    DieAfter,
    /// It takes a while.
    Slow,
}

/// Those after which the write may or may not have happened.
pub const FAULTS: [Fault; 4] =
    [Fault::FailBefore, Fault::FailAfter, Fault::DieBefore, Fault::DieAfter];

/// How long a slow write takes.
const WHILE: Duration = Duration::from_millis(500);

/// The fault that the n-th write meets.
#[derive(Debug)]
pub struct Faulty {
    /// Writes until the fault.
    left: AtomicUsize,
    /// Writes so far.
    writes: AtomicUsize,
    fault: Fault,
    met: tokio::sync::Notify,
}

impl Faulty {
    /// Makes the `n`-th write meet a fault; 0 for none.
    pub fn over(inner: &Arc<MemoryStore>, n: usize, fault: Fault) -> Through<Self> {
        let (left, writes) = (AtomicUsize::new(n), AtomicUsize::new(0));
        let between = Self { left, writes, fault, met: <_>::default() };
        Through { inner: inner.clone(), between }
    }

    /// The number of writes requested.
    pub fn writes(&self) -> usize {
        self.writes.load(SeqCst)
    }

    /// Waits until the writer dies, or until a slow write begins.
    pub async fn met(&self) {
        self.met.notified().await;
    }

    /// Runs a writer until it ends or dies; `None` if it died.
    pub async fn run<T>(&self, writer: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.met() => None,
            done = writer => Some(done),
        }
    }
}

impl Between for Faulty {
    async fn write<T: Send>(
        &self,
        written: Written<'_>,
        write: impl Future<Output = Result<T, StoreError>> + Send,
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
            pending::<()>().await;
        }
        Err(StoreError::Ambiguous { path: written.name(), source: ErrorKind::TimedOut.into() })
    }
}
