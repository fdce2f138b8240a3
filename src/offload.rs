//! The seam to other threads: work that would hold up the I/O threads is run elsewhere.
//!
//! On the multi-threaded runtime that a server uses, [`offload`] moves the work to the blocking
//! pool. On a current-thread runtime, which tests and simulations use, it runs in place, so that
//! one seed gives one order of events.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs `work` where it may block or compute for long, and waits for it.
///
/// # Panics
/// Passes a panic of `work` on.
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
            // The blocking pool only cancels what it has not started, when the runtime goes down;
            // whoever waits for it goes down with it.
            Err(_) => std::future::pending().await,
        },
    }
}
