//! Three writers of one log, and what can befall a process: killed, stopped for a while, told to
//! end, started again.
//!
//! A writer that ends by itself is a failure of the test: nothing that befalls processes is a reason.

use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::bucket::Bucket;
use crate::http::Connection;
use crate::scene::Scene;
use crate::seeded::Seeded;
use crate::writer::{Ended, Writer};

/// How many writers there are.
pub const WRITERS: usize = 3;

/// How much of each writer's log is shown when a test fails.
const LAST_LINES: usize = 20;

/// See the module's text.
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
    /// All writers, started as `start` has it.
    pub fn start(scene: &'a Scene, start: impl Fn(usize) -> Command + 'a) -> Self {
        let mut fleet = Self { scene, start: Box::new(start), writers: [None, None, None] };
        (0..WRITERS).for_each(|n| fleet.launch(n));
        fleet
    }

    /// The same, with these flags.
    pub fn of(scene: &'a Scene, bucket: &'a Bucket, flags: &'a [&str]) -> Self {
        Self::start(scene, move |n| {
            let mut command = bucket.writer(n);
            command.args(flags);
            command
        })
    }

    /// Starts writer `n`, if it does not run, and waits until it takes submissions.
    pub fn launch(&mut self, n: usize) {
        if self.writers[n].is_none() {
            let mut writer = Writer::spawn((self.start)(n));
            let address = writer.expect_address();
            self.writers[n] = Some(Running { writer, address, stopped: None });
            self.announce();
        }
    }

    /// Starts writer `n` and kills it before it is through.
    pub fn launch_and_kill(&mut self, n: usize, after: Duration) {
        self.kill(n);
        let writer = Writer::spawn((self.start)(n));
        thread::sleep(after);
        writer.kill();
    }

    /// SIGKILL.
    pub fn kill(&mut self, n: usize) {
        if let Some(running) = self.writers[n].take() {
            self.announce();
            running.writer.kill();
        }
    }

    /// SIGSTOP, until `time` has passed and somebody looks.
    pub fn stop_for(&mut self, n: usize, time: Duration) {
        if let Some(running) = &mut self.writers[n] {
            running.writer.signal(Signal::STOP);
            running.stopped = Some(Instant::now() + time);
        }
    }

    /// SIGTERM, and waits for the end, which is in order.
    pub fn terminate(&mut self, n: usize) {
        self.resume(n);
        if let Some(running) = self.writers[n].take() {
            running.writer.stop();
            self.announce();
        }
    }

    /// SIGCONT for those whose time has come.
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

    /// Everybody runs.
    pub fn mend(&mut self) {
        for n in 0..WRITERS {
            self.resume(n);
            self.launch(n);
        }
    }

    /// Lets time go by, and looks.
    pub fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
            self.look();
        }
    }

    /// A writer that is not stopped: mostly the one that leads.
    pub fn choose(&self, random: &mut Seeded) -> usize {
        let leader = (random.below(3) > 0).then(|| self.leader()).flatten();
        leader.unwrap_or_else(|| random.below(WRITERS))
    }

    /// The writer that says that it leads.
    pub fn leader(&self) -> Option<usize> {
        let leads = |n: &usize| self.standing(*n).is_some_and(|said| said["role"] == "leading");
        (0..WRITERS).find(leads)
    }

    /// What a writer that is not stopped says at `/readyz`.
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

/// When a test fails, it helps to know what the others have said last.
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
