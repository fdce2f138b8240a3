//! Three writers of one log, and what can happen to a process: killed, stopped for a while, told to
//! end, started again.
//!
//! A writer that ends by itself fails the test: none of these events is a reason for it to end.

use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::http::Connection;
use fasti_kit::seeded::Seeded;
use rustix::process::Signal;
use serde_json::Value;

use crate::bucket::Bucket;
use crate::scene::Scene;
use crate::writer::{Ended, Writer};

/// The number of writers.
pub const WRITERS: usize = 3;

/// How much of each writer's output is printed when a test fails.
const LAST_LINES: usize = 20;

/// The fleet; see the module documentation.
pub struct Fleet<'a> {
    scene: &'a Scene,
    start: Box<dyn Fn(usize) -> Command + 'a>,
    writers: [Option<Running>; WRITERS],
}

struct Running {
    writer: Writer,
    address: SocketAddr,
    /// Stopped until then.
    stopped: Option<Instant>,
}

impl<'a> Fleet<'a> {
    /// Starts all writers with the commands that `start` returns.
    pub fn start(scene: &'a Scene, start: impl Fn(usize) -> Command + 'a) -> Self {
        let mut fleet = Self { scene, start: Box::new(start), writers: [None, None, None] };
        (0..WRITERS).for_each(|n| fleet.launch(n));
        fleet
    }

    /// Starts all writers with these flags.
    pub fn of(scene: &'a Scene, bucket: &'a Bucket, flags: &'a [&str]) -> Self {
        Self::start(scene, move |n| {
            let mut command = bucket.writer(n);
            command.args(flags);
            command
        })
    }

    /// Starts writer `n`, if it is not running, and waits until it accepts submissions.
    pub fn launch(&mut self, n: usize) {
        if self.writers[n].is_none() {
            let mut writer = Writer::spawn((self.start)(n));
            let address = writer.expect_address();
            self.writers[n] = Some(Running { writer, address, stopped: None });
            self.announce();
        }
    }

    /// Starts writer `n` and kills it before it is ready.
    pub fn launch_and_kill(&mut self, n: usize, after: Duration) {
        self.kill(n);
        let writer = Writer::spawn((self.start)(n));
        thread::sleep(after);
        writer.kill();
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self, n: usize) {
        if let Some(running) = self.writers[n].take() {
            self.announce();
            running.writer.kill();
        }
    }

    /// Sends SIGSTOP, until `time` has passed and [`look`](Self::look) is called.
    pub fn stop_for(&mut self, n: usize, time: Duration) {
        if let Some(running) = &mut self.writers[n] {
            running.writer.signal(Signal::STOP);
            running.stopped = Some(Instant::now() + time);
        }
    }

    /// Sends SIGTERM, and waits for a clean shutdown.
    pub fn terminate(&mut self, n: usize) {
        self.resume(n);
        if let Some(running) = self.writers[n].take() {
            running.writer.stop();
            self.announce();
        }
    }

    /// Sends SIGCONT to the writers whose time is up.
    pub fn look(&mut self) {
        let now = Instant::now();
        for n in 0..WRITERS {
            let Some(running) = &mut self.writers[n] else { continue };
            if running.stopped.is_some_and(|until| until <= now) {
                self.resume(n);
            } else if let Some(Ended { status, stderr }) = running.writer.ended() {
                panic!("writer {n} has ended by itself, {status}: {stderr}");
            }
        }
    }

    fn resume(&mut self, n: usize) {
        if let Some(running) = &mut self.writers[n]
            && running.stopped.take().is_some()
        {
            running.writer.signal(Signal::CONT);
        }
    }

    /// Gets all writers running.
    pub fn mend(&mut self) {
        for n in 0..WRITERS {
            self.resume(n);
            self.launch(n);
        }
    }

    /// Lets time pass, looking after the writers.
    pub fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
            self.look();
        }
    }

    /// Picks a writer that is not stopped: usually the leader.
    pub fn choose(&self, random: &mut Seeded) -> usize {
        let leader = (random.below(3) > 0).then(|| self.leader()).flatten();
        leader.unwrap_or_else(|| random.below(WRITERS))
    }

    /// The writer that reports that it leads.
    pub fn leader(&self) -> Option<usize> {
        let leads = |n: &usize| self.standing(*n).is_some_and(|said| said["role"] == "leading");
        (0..WRITERS).find(leads)
    }

    /// The answer at `/readyz` of a writer that is not stopped.
    pub fn standing(&self, n: usize) -> Option<Value> {
        let running = self.writers[n].as_ref().filter(|running| running.stopped.is_none())?;
        let connection = Connection::open_with(running.address, Duration::from_millis(500));
        let answer = connection.and_then(|mut connection| connection.get("/readyz")).ok()?;
        serde_json::from_slice(&answer.body).ok()
    }

    pub fn address(&self, n: usize) -> SocketAddr {
        self.writers[n].as_ref().expect("it runs").address
    }

    fn announce(&self) {
        let addresses = self.writers.iter().flatten().map(|running| running.address).collect();
        *self.scene.addresses.write().expect("no panics") = addresses;
    }
}

/// When a test fails, the last output of the others helps.
impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        for (n, running) in self.writers.iter_mut().enumerate() {
            let Some(running) = running else { continue };
            let said = running.writer.said();
            let last: Vec<&str> = said.lines().rev().take(LAST_LINES).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            eprintln!("writer {n} at {}:\n{}", running.address, last.join("\n"));
        }
    }
}
