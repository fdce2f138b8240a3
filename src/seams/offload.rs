//! The seam to other threads: work that would block the I/O threads runs elsewhere.
//!
//! On the multi-threaded runtime that a server uses, [`offload`] moves the work to the blocking
//! pool. On a current-thread runtime, which tests and simulations use, it runs in place, so that
//! one seed gives one order of events.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

/// Runs `work` where it may block or compute for long, and waits for it.
///
/// # Panics
/// Propagates a panic of `work`.
pub async fn offload<T, F>(work: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    if matches!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread) {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The blocking pool only cancels work that it has not started, when the runtime shuts
            // down; the task that waits for it ends with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// How many computations are worth running at once: one per processor.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The next piece of large work.
type Job = Box<dyn FnOnce() + Send>;

/// Runs pieces of `work` that each take tens of megabytes, one at a time, on a thread kept for
/// this, and waits. An allocator keeps what a thread has freed for that thread; on the blocking
/// pool, each of many threads would come to keep that much.
///
/// # Panics
/// Propagates a panic of `work`, and panics if the system cannot start a thread.
pub async fn offload_large<T, F>(work: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    static THREAD: LazyLock<Sender<Job>> = LazyLock::new(|| {
        let (give, take) = channel::<Job>();
        let jobs = move || take.into_iter().for_each(|job| job());
        thread::Builder::new().name("large-work".to_owned()).spawn(jobs).expect("a thread");
        give
    });
    if matches!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread) {
        return work();
    }
    let (done, result) = oneshot::channel();
    let job = move || drop(done.send(catch_unwind(AssertUnwindSafe(work))));
    THREAD.send(Box::new(job)).expect("the thread never ends");
    match result.await {
        Ok(Ok(value)) => value,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => unreachable!("every job sends its result"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_work_is_done_one_after_the_other() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let thread = || async { offload_large(|| thread::current().id()).await };
        let (first, second) = runtime.block_on(async { tokio::join!(thread(), thread()) });
        assert_eq!(first, second);
        assert_ne!(first, thread::current().id());
        let panics = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(offload_large(|| panic!("as expected")));
        }));
        assert!(panics.is_err());
        assert_eq!(runtime.block_on(offload_large(|| 7)), 7, "and goes on");
    }
}
