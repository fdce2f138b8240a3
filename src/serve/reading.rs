//! A body that is being read: how slow it can be, and that it gives way to others (I12).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fasti_seams::least_rate::{LeastRate, TransferTimer};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::body_error::BodyError;
use super::limits::Limits;
use super::shares::Holder;

/// A body that is being read.
pub(super) struct Reading {
    least: LeastRate,
    /// How long it may take in all, and when that is over.
    time: Duration,
    until: Instant,
    timer: Mutex<Option<TransferTimer>>,
    gives_way: Notify,
}

impl Reading {
    /// A body that begins to arrive now, within these limits.
    pub fn within(limits: &Limits) -> Arc<Self> {
        let grace = limits.body_rate_min.grace.min(limits.body_timeout);
        let least = LeastRate { grace, ..limits.body_rate_min };
        let now = Instant::now();
        let timer = Mutex::new(Some(TransferTimer::new(least, now.into_std())));
        let (time, until) = (limits.body_timeout, now + limits.body_timeout);
        Arc::new(Self { least, time, until, timer, gives_way: Notify::new() })
    }

    fn with<T>(&self, what: impl FnOnce(&mut Option<TransferTimer>) -> T) -> T {
        what(&mut self.timer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that bytes have arrived.
    pub fn moved(&self, bytes: usize) {
        let now = Instant::now().into_std();
        self.with(|timer| timer.iter_mut().for_each(|one| one.moved(bytes, now)));
    }

    /// The body waits for the server from now on.
    pub fn pauses(&self) {
        self.with(|timer| *timer = None);
    }

    /// The body waits for its client again.
    pub fn goes_on(&self) {
        let new = TransferTimer::new(self.least, Instant::now().into_std());
        self.with(|timer| *timer = Some(new));
    }

    /// Waits for `read`, but only as long as the body is fast enough and has its share.
    pub async fn read<T>(
        &self,
        read: impl Future<Output = Result<T, BodyError>>,
    ) -> Result<T, BodyError> {
        tokio::select! {
            biased;
            read = read => read,
            () = self.gives_way.notified() => Err(BodyError::NoRoom),
            () = sleep_until(self.until) => Err(BodyError::TooSlow(self.time)),
            () = self.is_too_slow() => {
                Err(BodyError::StandsStill { least: self.least.bytes_per_second })
            }
        }
    }

    /// Waits until the body is too slow.
    async fn is_too_slow(&self) {
        while let Some(due) = self.with(|timer| timer.as_ref().map(TransferTimer::due)) {
            if due <= Instant::now().into_std() {
                return;
            }
            sleep_until(Instant::from_std(due) + Duration::from_millis(1)).await;
        }
    }
}

impl Holder for Reading {
    fn stands(&self) -> Option<Duration> {
        let now = Instant::now().into_std();
        self.with(|timer| timer.as_ref().map(|one| one.used(now)))
    }

    fn give_way(&self) {
        self.gives_way.notify_one();
    }
}
