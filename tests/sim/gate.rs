//! The gate of one writer process: it freezes and kills the process.
//!
//! Every future of the process runs through [`Gate::run`]. While the process is frozen none of them
//! is polled: it sends nothing, answers nothing, and sees no timer fire. When it is killed they are
//! dropped wherever they are. Requests already sent stay in flight.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::{Either, select};
use tokio::time::Instant;

use crate::flag::Flag;

/// The gate; see the module documentation.
pub struct Gate {
    frozen: Mutex<Frozen>,
    dead: Flag,
    /// The process's own clock stops while it is frozen, as on a sleeping machine.
    clock_freezes: bool,
}

#[derive(Default)]
struct Frozen {
    since: Option<Instant>,
    /// The number of the freeze: a thaw meant for an earlier one does nothing.
    count: u64,
    lost: Duration,
    waiting: Vec<Waker>,
}

impl Gate {
    pub fn new(clock_freezes: bool) -> Arc<Self> {
        Arc::new(Self { frozen: Mutex::default(), dead: Flag::default(), clock_freezes })
    }

    /// Stops the process until [`thaw`](Self::thaw) is called with the returned number. Returns
    /// `None` if it is already stopped.
    pub fn freeze(&self) -> Option<u64> {
        let mut frozen = self.frozen.lock().expect("unpoisoned");
        if frozen.since.is_some() {
            return None;
        }
        frozen.since = Some(Instant::now());
        frozen.count += 1;
        Some(frozen.count)
    }

    /// Resumes the process, if this freeze is still the current one.
    pub fn thaw(&self, count: u64) {
        if self.frozen.lock().expect("unpoisoned").count == count {
            self.thaw_now();
        }
    }

    /// Resumes the process.
    pub fn thaw_now(&self) {
        let mut frozen = self.frozen.lock().expect("unpoisoned");
        if let Some(since) = frozen.since.take() {
            frozen.lost += since.elapsed();
        }
        frozen.waiting.drain(..).for_each(Waker::wake);
    }

    pub fn kill(&self) {
        self.dead.raise();
    }

    /// The time as the process sees it.
    pub fn now(&self) -> Instant {
        let lost = self.frozen.lock().expect("unpoisoned").lost;
        if self.clock_freezes { Instant::now() - lost } else { Instant::now() }
    }

    /// Runs a future inside the process. Returns `None` if the process was killed before it
    /// completed.
    pub async fn run<F: Future>(self: &Arc<Self>, future: F) -> Option<F::Output> {
        let died = pin!(self.dead.raised());
        let inside = Inside { gate: self.clone(), future: Box::pin(future) };
        // `select` polls its first future first: a killed process does nothing more.
        match select(died, inside).await {
            Either::Left(_) => None,
            Either::Right((value, _)) => Some(value),
        }
    }
}

struct Inside<F> {
    gate: Arc<Gate>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        {
            let mut frozen = self.gate.frozen.lock().expect("unpoisoned");
            if frozen.since.is_some() {
                frozen.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
        }
        self.future.as_mut().poll(context)
    }
}
