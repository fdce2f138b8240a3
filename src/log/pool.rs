//! The pool: submissions on their way into the next batch.
//!
//! Bounded in entries and in bytes (I12): a full pool refuses, and what it has taken it answers.
//! There is no artificial delay; whoever takes, takes all that waits whenever it is free, so batches
//! grow exactly while a commit is under way.
//!
//! A submission whose batch was dropped unanswered, because the term of leadership it belonged to
//! has ended, comes back by itself ([`Pool::submit_again`]). So a closed pool is drained only when
//! nobody is left who may come back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::integrate::Leaf;
use super::{Answer, SubmitError};

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
pub struct Submission {
    /// The entry.
    pub leaf: Leaf,
    /// Where the answer goes; nobody may be listening any more.
    pub waiter: oneshot::Sender<Answer>,
}

/// What a submitter waits for.
#[derive(Debug)]
pub struct Waiting {
    /// Yields the answer, or an error where the batch was dropped unanswered.
    pub answer: oneshot::Receiver<Answer>,
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
    /// Something was submitted, or nobody is left, or the pool was closed.
    changed: Notify,
}

/// See the module's text.
#[derive(Debug)]
pub struct Pool {
    limits: PoolLimits,
    held: Mutex<Held>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Held {
    waiting: VecDeque<Submission>,
    bytes: usize,
    /// Nothing more is taken, because the log has ended.
    is_frozen: bool,
    /// Why nothing more is taken.
    closed: Option<SubmitError>,
    /// Why nothing will be answered any more.
    failed: Option<SubmitError>,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: PoolLimits) -> Self {
        Self { limits, held: Mutex::default(), shared: Arc::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry, or refuses it.
    pub fn submit(&self, leaf: Leaf) -> Result<Waiting, SubmitError> {
        let (waiter, answer) = oneshot::channel();
        let mut held = self.held();
        if held.is_frozen {
            return Err(SubmitError::Frozen);
        }
        if let Some(reason) = &held.closed {
            return Err(reason.clone());
        }
        let bytes = held.bytes + leaf.entry.len();
        if held.waiting.len() >= self.limits.entries_max || bytes > self.limits.bytes_max {
            return Err(SubmitError::Pushback);
        }
        held.bytes = bytes;
        held.waiting.push_back(Submission { leaf, waiter });
        drop(held);
        self.shared.live.fetch_add(1, Ordering::AcqRel);
        self.shared.changed.notify_one();
        Ok(Waiting { answer, _live: Live(self.shared.clone()) })
    }

    /// Takes an entry once more whose batch was dropped unanswered. It was admitted before, so that
    /// neither the limits nor a closed pool turn it away; only a failed one does.
    pub fn submit_again(&self, leaf: Leaf, waiting: &mut Waiting) -> Result<(), SubmitError> {
        let (waiter, answer) = oneshot::channel();
        let mut held = self.held();
        if let Some(reason) = &held.failed {
            return Err(reason.clone());
        }
        held.bytes += leaf.entry.len();
        held.waiting.push_back(Submission { leaf, waiter });
        drop(held);
        waiting.answer = answer;
        self.shared.changed.notify_one();
        Ok(())
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.held().waiting.len()
    }

    /// Waits for submissions, and says how many bytes of entries wait; nothing where there is nothing
    /// to wait for any more.
    pub async fn bytes_waiting(&self) -> usize {
        loop {
            {
                let mut held = self.held();
                held.drop_given_up();
                if !held.waiting.is_empty() || self.is_drained(&held) {
                    return held.bytes;
                }
            }
            self.shared.changed.notified().await;
        }
    }

    /// Waits until so many bytes of entries wait, or the pool is closed.
    pub async fn reach(&self, bytes: usize) {
        loop {
            {
                let held = self.held();
                if held.bytes >= bytes || held.closed.is_some() {
                    return;
                }
            }
            self.shared.changed.notified().await;
        }
    }

    /// Nothing waits or comes any more.
    fn is_drained(&self, held: &Held) -> bool {
        held.closed.is_some() && self.shared.live.load(Ordering::Acquire) == 0
    }

    /// The pool takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.held().closed.is_some()
    }

    /// Waits for submissions and takes them, oldest first, up to both limits but at least one.
    /// `None` once the pool is closed and drained, and nobody is left who waits for an answer.
    pub async fn take(&self, entries_max: usize, bytes_max: usize) -> Option<Vec<Submission>> {
        loop {
            {
                let mut held = self.held();
                let taken = held.take(entries_max, bytes_max);
                if !taken.is_empty() {
                    return Some(taken);
                }
                if self.is_drained(&held) {
                    return None;
                }
            }
            self.shared.changed.notified().await;
        }
    }

    /// Takes nothing more, and answers later submissions with `reason`. What waits can still be
    /// taken; [`fail`](Self::fail) drops it.
    pub fn close(&self, reason: SubmitError) {
        self.held().closed.get_or_insert(reason);
        self.shared.changed.notify_one();
    }

    /// Takes nothing more: the log has ended. What waits can still be taken and answered.
    pub fn freeze(&self) {
        self.held().is_frozen = true;
    }

    /// Closes the pool and answers everything that waits with `reason`. The first failure counts.
    pub fn fail(&self, reason: &SubmitError) {
        let dropped = {
            let mut held = self.held();
            held.failed.get_or_insert_with(|| reason.clone());
            // Whoever comes later is told why the pool was closed first: a writer that shuts down and
            // then ends has shut down.
            held.closed.get_or_insert_with(|| reason.clone());
            held.bytes = 0;
            std::mem::take(&mut held.waiting)
        };
        for submission in dropped {
            drop(submission.waiter.send(Err(reason.clone())));
        }
        self.shared.changed.notify_one();
    }
}

impl Held {
    /// Those whose submitters have gone away are left out: under more load than can be answered in
    /// time, the log would otherwise be busy with nothing else.
    fn drop_given_up(&mut self) {
        let gone = self.waiting.iter().take_while(|s| s.waiter.is_closed()).count();
        self.bytes -= self.waiting.drain(..gone).map(|s| s.leaf.entry.len()).sum::<usize>();
    }

    fn take(&mut self, entries_max: usize, bytes_max: usize) -> Vec<Submission> {
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
        let taken: Vec<Submission> = self.waiting.drain(..count).collect();
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

    #[test]
    fn refuses_when_full_and_takes_again_when_drained() {
        let pool = pool();
        let waiting: Vec<_> = (0..4).map(|_| pool.submit(leaf(1)).expect("room")).collect();
        assert_eq!(pool.submit(leaf(1)).err(), Some(SubmitError::Pushback), "entries");
        let taken = pool.held().take(10, 1000);
        assert_eq!((taken.len(), waiting.len(), pool.len()), (4, 4, 0));
        let _first = pool.submit(leaf(60)).expect("room");
        assert_eq!(pool.submit(leaf(60)).err(), Some(SubmitError::Pushback), "bytes");
        let _second = pool.submit(leaf(40)).expect("room");
    }

    #[test]
    fn takes_the_oldest_first_and_always_at_least_one() {
        let pool = pool();
        let _waiting: Vec<_> =
            [30, 40, 20].map(|n| pool.submit(leaf(n)).expect("room")).into_iter().collect();
        let lengths = |taken: Vec<Submission>| -> Vec<usize> {
            taken.iter().map(|s| s.leaf.entry.len()).collect()
        };
        assert_eq!(lengths(pool.held().take(9, 75)), [30, 40]);
        assert_eq!(lengths(pool.held().take(9, 1)), [20]);
        assert_eq!(pool.held().bytes, 0);
    }

    #[tokio::test]
    async fn a_closed_pool_is_drained_and_a_failed_one_answers_everybody() {
        let pool = pool();
        let mut first = pool.submit(leaf(1)).expect("room");
        pool.close(SubmitError::ShuttingDown);
        assert_eq!(pool.submit(leaf(1)).err(), Some(SubmitError::ShuttingDown));
        drop(pool.take(9, 9).await);
        assert!(pool.take(9, 9).now_or_never().is_none(), "the first may come back");
        assert!((&mut first.answer).await.is_err(), "was dropped unanswered");
        pool.submit_again(leaf(1), &mut first).expect("was admitted before");
        assert_eq!(pool.take(9, 9).await.map(|taken| taken.len()), Some(1));
        drop(first);
        assert!(pool.take(9, 9).await.is_none());

        let pool = self::pool();
        let waiting = pool.submit(leaf(1)).expect("room");
        pool.fail(&SubmitError::Halted("disk full".to_owned()));
        assert_eq!(
            waiting.answer.await.expect("is answered").err().map(|e| e.to_string()),
            Some(SubmitError::Halted("disk full".to_owned()).to_string())
        );
    }
}
