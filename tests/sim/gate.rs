//! The gate of one writer's process: through it the process can be frozen, and killed.
//!
//! Every future that belongs to the process is run through [`Gate::run`]. While the process is
//! frozen none of them is polled: nothing is asked, nothing is answered, no timer is seen to be due.
//! When it is killed they are dropped, wherever they are. What was sent before is on its way.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::{Either, select};
use tokio::time::Instant;

use crate::flag::Flag;

/// See the module's text.
pub struct Gate {
    frozen: Mutex<Frozen>,
    dead: Flag,
    /// The process's own clock stands still while it is frozen, as that of a machine that sleeps.
    clock_freezes: bool,
}

#[derive(Default)]
struct Frozen {
    since: Option<Instant>,
    /// Which freeze it is: a thaw that was meant for an earlier one does nothing.
    count: u64,
    lost: Duration,
    waiting: Vec<Waker>,
}

impl Gate {
    pub fn new(clock_freezes: bool) -> Arc<Self> {
        Arc::new(Self { frozen: Mutex::default(), dead: Flag::default(), clock_freezes })
    }

    /// Stops the process until [`thaw`](Self::thaw) is called with what is returned; `None` if it
    /// is stopped already.
    pub fn freeze(&self) -> Option<u64> {
        let mut frozen = self.frozen.lock().expect("unpoisoned");
        if frozen.since.is_some() {
            return None;
        }
        frozen.since = Some(Instant::now());
        frozen.count += 1;
        Some(frozen.count)
    }

    /// Lets the process go on, if it is still the same freeze.
    pub fn thaw(&self, count: u64) {
        if self.frozen.lock().expect("unpoisoned").count == count {
            self.thaw_now();
        }
    }

    /// Lets the process go on.
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

    /// What the process takes for the time.
    pub fn now(&self) -> Instant {
        let lost = self.frozen.lock().expect("unpoisoned").lost;
        if self.clock_freezes { Instant::now() - lost } else { Instant::now() }
    }

    /// Runs a future inside the process; `None` if the process was killed before the end.
    pub async fn run<F: Future>(self: &Arc<Self>, future: F) -> Option<F::Output> {
        let died = pin!(self.dead.raised());
        let inside = Inside { gate: self.clone(), future: Box::pin(future) };
        // The first is polled first: a process that was killed does nothing more.
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
