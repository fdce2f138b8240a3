//! The seam to other threads: work that would block the I/O threads runs elsewhere.
//!
//! On the multi-threaded runtime that a server uses, [`offload`] moves the work to the blocking
//! pool, and [`Background`] to threads that give way to all others. On a current-thread runtime,
//! which tests and simulations use, work runs in place, so that one seed gives one order of events.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, oneshot};

use super::request_id::RequestId;

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
    let request = RequestId::current();
    let work = move || match request {
        Some(request) => request.within_here(work),
        None => work(),
    };
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

/// How far background threads step back, in the scale of nice(2): while others want the processor,
/// such a thread gets a tenth of what each of them gets.
#[cfg(all(target_os = "linux", feature = "priorities"))]
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// Threads for long computations that nobody waits for. The system runs them when other threads
/// leave a processor free, and seldom otherwise.
///
/// They are for computing only. Work that takes a lock must not run here: everybody who needs the
/// lock would wait for a thread that has to wait for everybody. An allocator keeps what a thread
/// has freed for that thread, so one thread is right for pieces of work that each take tens of
/// megabytes.
#[derive(Clone, Debug)]
pub struct Background {
    give: Sender<Job>,
}

impl Background {
    /// Starts `threads` threads, and at least one. They end with the last clone of this value.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn start(threads: usize) -> Self {
        let (give, take) = channel::<Job>();
        let take = Arc::new(Mutex::new(take));
        for _ in 0..threads.max(1) {
            let take = take.clone();
            let work = move || {
                give_way();
                while let Some(job) = next(&take) {
                    job();
                }
            };
            thread::Builder::new().name("background".to_owned()).spawn(work).expect("a thread");
        }
        Self { give }
    }

    /// Runs `work` on one of the threads, after all that was given before, and waits for it.
    ///
    /// # Panics
    /// Propagates a panic of `work`.
    pub async fn run<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        if matches!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread) {
            return work();
        }
        let (done, result) = oneshot::channel();
        let job = move || drop(done.send(catch_unwind(AssertUnwindSafe(work))));
        self.give.send(Box::new(job)).expect("the threads wait for work");
        match result.await {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => unreachable!("every job sends its result"),
        }
    }
}

/// Where many computations run.
#[derive(Clone, Debug)]
pub enum Workers {
    /// On all processors: a permit for each.
    Processors(Arc<Semaphore>),
    /// On threads that give way to all others.
    Background(Background),
}

impl Workers {
    /// All processors.
    pub fn processors() -> Self {
        Self::Processors(Arc::new(Semaphore::new(processors())))
    }

    /// Whether they give way to all others.
    pub const fn are_background(&self) -> bool {
        matches!(self, Self::Background(_))
    }

    /// Runs `work` when it is its turn, and waits for it.
    ///
    /// # Panics
    /// Propagates a panic of `work`.
    pub async fn run<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        match self {
            Self::Processors(permits) => {
                let _permit = permits.acquire().await;
                offload(work).await
            }
            Self::Background(background) => background.run(work).await,
        }
    }
}

/// Runs pieces of `work` that each take tens of megabytes, one at a time, on a background thread
/// kept for this, and waits.
///
/// # Panics
/// Propagates a panic of `work`.
pub async fn offload_large<T, F>(work: F) -> T
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    static THREAD: LazyLock<Background> = LazyLock::new(|| Background::start(1));
    THREAD.run(work).await
}

/// The next job; `None` when there will be no more.
fn next(take: &Mutex<Receiver<Job>>) -> Option<Job> {
    take.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Lowers the priority of this thread. Failing to do so costs others some speed, nothing else.
fn give_way() {
    // Elsewhere the call would change the whole process.
    #[cfg(all(target_os = "linux", feature = "priorities"))]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_background_thread_does_one_thing_after_the_other() {
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

    #[test]
    #[cfg(all(target_os = "linux", feature = "priorities"))]
    fn background_threads_give_way_and_others_do_not() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        assert_eq!(runtime.block_on(Background::start(2).run(niceness)), before.max(NICENESS));
        assert_eq!(runtime.block_on(offload(niceness)), before);
        assert_eq!(niceness(), before);
    }
}
