//! A flag that is raised once. Unlike a watch channel it wakes its waiters in order of arrival, so
//! one seed gives one order.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// The flag; see the module documentation.
#[derive(Default)]
pub struct Flag {
    raised: AtomicBool,
    changed: Notify,
}

impl Flag {
    pub fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// Waits until the flag is raised.
    pub async fn raised(&self) {
        let mut changed = pin!(self.changed.notified());
        changed.as_mut().enable();
        if !self.is_raised() {
            changed.await;
        }
    }
}
