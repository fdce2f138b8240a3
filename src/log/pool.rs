//! The pool: submissions on their way into the next batch.
//!
//! Bounded in entries and in bytes (I12): a full pool refuses, and what it has accepted it answers.
//! There is no artificial delay. The consumer takes everything that waits whenever it is free, so
//! batches grow exactly while a commit is in progress.
//!
//! A submission whose batch was dropped unanswered, because its term of leadership has ended, comes
//! back automatically ([`Pool::submit_again`]). So a closed pool is drained only when no submitter
//! is left that may come back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use fasti_grow::Leaf;
use fasti_seams::trace::Trace;
use tokio::sync::{Notify, oneshot};

use crate::acknowledged::{SubmitError, SubmitResult};

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Entries.
    pub entries_max: usize,
    /// Bytes of entries.
    pub bytes_max: usize,
}

/// A submission that waits for its answer.
#[derive(Debug)]
pub struct PooledEntry {
    /// The entry.
    pub leaf: Leaf,
    /// Where the answer goes; the receiver may be gone.
    pub waiter: oneshot::Sender<SubmitResult>,
    /// Since when it waits, for metrics.
    pub since: Instant,
    /// The trace of its request, if that is traced.
    pub trace: Option<Trace>,
}

impl PooledEntry {
    /// An entry of the request that is being answered here.
    fn new(leaf: Leaf, waiter: oneshot::Sender<SubmitResult>, since: Instant) -> Self {
        Self { leaf, waiter, since, trace: Trace::current() }
    }
}

/// The submitter's side of a submission.
#[derive(Debug)]
pub struct Waiting {
    /// Yields the answer, or an error if the batch was dropped unanswered.
    pub answer: oneshot::Receiver<SubmitResult>,
    _live: Live,
}

/// Counts a submitter for as long as it may come back.
#[derive(Debug)]
struct Live(Arc<Shared>);

impl Drop for Live {
    fn drop(&mut self) {
        if self.0.live.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.changed.notify_one();
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    /// Submitters that wait for an answer.
    live: AtomicUsize,
    /// Something was submitted, or the last submitter left, or the pool was closed.
    changed: Notify,
}

/// See the module documentation.
#[derive(Debug)]
pub struct Pool {
    limits: PoolLimits,
    contents: Mutex<Contents>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Contents {
    waiting: VecDeque<PooledEntry>,
    bytes: usize,
    /// Nothing more is accepted, because the log has ended.
    is_frozen: bool,
    /// Why nothing more is accepted.
    closed: Option<SubmitError>,
    /// Why nothing more will be answered.
    failed: Option<SubmitError>,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: PoolLimits) -> Self {
        Self { limits, contents: Mutex::default(), shared: Arc::default() }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts an entry, or refuses it.
    pub fn submit(&self, leaf: Leaf, now: Instant) -> Result<Waiting, SubmitError> {
        let (waiter, answer) = oneshot::channel();
        let mut contents = self.contents();
        if contents.is_frozen {
            return Err(SubmitError::Frozen);
        }
        if let Some(reason) = &contents.closed {
            return Err(reason.clone());
        }
        let bytes = contents.bytes + leaf.entry.len();
        if contents.waiting.len() >= self.limits.entries_max || bytes > self.limits.bytes_max {
            return Err(SubmitError::Pushback);
        }
        contents.bytes = bytes;
        contents.waiting.push_back(PooledEntry::new(leaf, waiter, now));
        drop(contents);
        self.shared.live.fetch_add(1, Ordering::AcqRel);
        self.shared.changed.notify_one();
        Ok(Waiting { answer, _live: Live(self.shared.clone()) })
    }

    /// Accepts an entry again whose batch was dropped unanswered. It was admitted before, so
    /// neither the limits nor a closed pool turn it away; only a failed pool does.
    pub fn submit_again(
        &self,
        leaf: Leaf,
        waiting: &mut Waiting,
        now: Instant,
    ) -> Result<(), SubmitError> {
        let (waiter, answer) = oneshot::channel();
        let mut contents = self.contents();
        if let Some(reason) = &contents.failed {
            return Err(reason.clone());
        }
        contents.bytes += leaf.entry.len();
        contents.waiting.push_back(PooledEntry::new(leaf, waiter, now));
        drop(contents);
        waiting.answer = answer;
        self.shared.changed.notify_one();
        Ok(())
    }

    /// The number of entries that wait.
    pub fn len(&self) -> usize {
        self.contents().waiting.len()
    }

    /// Waits for submissions, and returns how many bytes of entries wait; 0 if there is nothing
    /// more to wait for.
    pub async fn bytes_waiting(&self) -> usize {
        loop {
            {
                let mut contents = self.contents();
                contents.drop_given_up();
                if !contents.waiting.is_empty() || self.is_drained(&contents) {
                    return contents.bytes;
                }
            }
            self.shared.changed.notified().await;
        }
    }

    /// Waits until this many bytes of entries wait, or the pool is closed.
    pub async fn reach(&self, bytes: usize) {
        loop {
            {
                let contents = self.contents();
                if contents.bytes >= bytes || contents.closed.is_some() {
                    return;
                }
            }
            self.shared.changed.notified().await;
        }
    }

    /// Nothing waits, and nothing more can come.
    fn is_drained(&self, contents: &Contents) -> bool {
        contents.closed.is_some() && self.shared.live.load(Ordering::Acquire) == 0
    }

    /// Whether the pool accepts nothing more.
    pub fn is_closed(&self) -> bool {
        self.contents().closed.is_some()
    }

    /// Waits for submissions and takes them, oldest first, up to both limits but at least one.
    /// `None` once the pool is closed and drained, and no submitter waits for an answer.
    pub async fn take(&self, entries_max: usize, bytes_max: usize) -> Option<Vec<PooledEntry>> {
        loop {
            {
                let mut contents = self.contents();
                let taken = contents.take(entries_max, bytes_max);
                if !taken.is_empty() {
                    return Some(taken);
                }
                if self.is_drained(&contents) {
                    return None;
                }
            }
            self.shared.changed.notified().await;
        }
    }

    /// Accepts nothing more, and answers later submissions with `reason`. What waits can still be
    /// taken; [`fail`](Self::fail) drops it.
    pub fn close(&self, reason: SubmitError) {
        self.contents().closed.get_or_insert(reason);
        self.shared.changed.notify_one();
    }

    /// Accepts nothing more: the log has ended. What waits can still be taken and answered.
    pub fn freeze(&self) {
        self.contents().is_frozen = true;
    }

    /// Closes the pool and answers everything that waits with `reason`. The first failure counts.
    pub fn fail(&self, reason: &SubmitError) {
        let dropped = {
            let mut contents = self.contents();
            contents.failed.get_or_insert_with(|| reason.clone());
            // Later submitters are told why the pool was closed first: a writer that shuts down and
            // then ends has shut down.
            contents.closed.get_or_insert_with(|| reason.clone());
            contents.bytes = 0;
            std::mem::take(&mut contents.waiting)
        };
        for submission in dropped {
            drop(submission.waiter.send(Err(reason.clone())));
        }
        self.shared.changed.notify_one();
    }
}

impl Contents {
    /// Drops submissions whose submitters have gone away. Under more load than can be answered in
    /// time, the log would otherwise be busy with nothing else.
    fn drop_given_up(&mut self) {
        let gone = self.waiting.iter().take_while(|s| s.waiter.is_closed()).count();
        self.bytes -= self.waiting.drain(..gone).map(|s| s.leaf.entry.len()).sum::<usize>();
    }

    fn take(&mut self, entries_max: usize, bytes_max: usize) -> Vec<PooledEntry> {
        self.drop_given_up();
        let mut bytes = 0;
        let mut count = 0;
        for submission in self.waiting.iter().take(entries_max.max(1)) {
            bytes += submission.leaf.entry.len();
            if count > 0 && bytes > bytes_max {
                break;
            }
            count += 1;
        }
        let taken: Vec<PooledEntry> = self.waiting.drain(..count).collect();
        self.bytes -= taken.iter().map(|s| s.leaf.entry.len()).sum::<usize>();
        taken
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn leaf(bytes: usize) -> Leaf {
        Leaf::new(vec![1; bytes].into()).expect("short enough")
    }

    fn pool() -> Pool {
        Pool::new(PoolLimits { entries_max: 4, bytes_max: 100 })
    }

    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn refuses_when_full_and_takes_again_when_drained() {
        let pool = pool();
        let waiting: Vec<_> = (0..4).map(|_| pool.submit(leaf(1), now()).expect("room")).collect();
        assert_eq!(pool.submit(leaf(1), now()).err(), Some(SubmitError::Pushback), "entries");
        let taken = pool.contents().take(10, 1000);
        assert_eq!((taken.len(), waiting.len(), pool.len()), (4, 4, 0));
        let _first = pool.submit(leaf(60), now()).expect("room");
        assert_eq!(pool.submit(leaf(60), now()).err(), Some(SubmitError::Pushback), "bytes");
        let _second = pool.submit(leaf(40), now()).expect("room");
    }

    #[test]
    fn takes_the_oldest_first_and_always_at_least_one() {
        let pool = pool();
        let _waiting: Vec<_> =
            [30, 40, 20].map(|n| pool.submit(leaf(n), now()).expect("room")).into_iter().collect();
        let lengths = |taken: Vec<PooledEntry>| -> Vec<usize> {
            taken.iter().map(|s| s.leaf.entry.len()).collect()
        };
        assert_eq!(lengths(pool.contents().take(9, 75)), [30, 40]);
        assert_eq!(lengths(pool.contents().take(9, 1)), [20]);
        assert_eq!(pool.contents().bytes, 0);
    }

    #[tokio::test]
    async fn a_closed_pool_is_drained_and_a_failed_one_answers_everybody() {
        let pool = pool();
        let mut first = pool.submit(leaf(1), now()).expect("room");
        pool.close(SubmitError::ShuttingDown);
        assert_eq!(pool.submit(leaf(1), now()).err(), Some(SubmitError::ShuttingDown));
        drop(pool.take(9, 9).await);
        assert!(pool.take(9, 9).now_or_never().is_none(), "the first may come back");
        assert!((&mut first.answer).await.is_err(), "was dropped unanswered");
        pool.submit_again(leaf(1), &mut first, now()).expect("was admitted before");
        assert_eq!(pool.take(9, 9).await.map(|taken| taken.len()), Some(1));
        drop(first);
        assert!(pool.take(9, 9).await.is_none());

        let pool = self::pool();
        let waiting = pool.submit(leaf(1), now()).expect("room");
        pool.fail(&SubmitError::Halted("disk full".to_owned()));
        assert_eq!(
            waiting.answer.await.expect("is answered").err().map(|e| e.to_string()),
            Some(SubmitError::Halted("disk full".to_owned()).to_string())
        );
    }
}
