//! A bad connection between the writers and the store: requests refused, reset, stalled, cut short.
//!
//! Nothing acknowledged is lost and nothing forks. A writer continues, or ends and says why; then
//! it is restarted. When the connection is good again, everything is answered (L1).
//!
//! The ordinary run has a few kinds of weather; `FASTI_FAILOVER_LINES=all` runs all of them.

use std::thread;
use std::time::{Duration, Instant};

use fasti_buckets::{FaultProxy, Weather};
use fasti_kit::http::Connection;

use crate::bucket::{Bucket, HASTY};
use crate::scene::{Over, Scene, from_env};
use crate::writer::{Ended, Writer};

const SEED: u64 = 1;
const CLIENTS: u64 = 3;
/// How long the bad weather lasts.
const BAD: Duration = Duration::from_secs(3);
/// Every client is answered within this time afterwards.
const GOOD: Duration = Duration::from_secs(15);

/// The name of a kind of weather, and how bad it is with this probability.
type Kind = (&'static str, fn(f64) -> Weather);

const KINDS: [Kind; 6] = [
    ("500", |p| Weather { internal_error: p, ..Weather::default() }),
    ("503", |p| Weather { unavailable: p, ..Weather::default() }),
    ("reset before", |p| Weather { reset_before: p, ..Weather::default() }),
    ("reset after", |p| Weather { reset_after: p, ..Weather::default() }),
    ("stalls", |p| Weather { stall: p, stall_for: Duration::from_secs(3), ..Weather::default() }),
    ("truncated", |p| Weather { truncated: p, ..Weather::default() }),
];

#[test]
fn one_writer_behind_a_bad_line() {
    if wants_all() {
        all(1);
    } else {
        endure("reset after", KINDS[3].1(0.1), 1);
        endure("everything", Weather::all(0.02), 1);
    }
}

#[test]
fn two_writers_behind_bad_lines() {
    if wants_all() {
        all(2);
    } else {
        endure("503", KINDS[1].1(0.5), 2);
        endure("everything", Weather::all(0.02), 2);
    }
}

fn wants_all() -> bool {
    std::env::var("FASTI_FAILOVER_LINES").is_ok_and(|lines| lines == "all")
}

fn all(writers: usize) {
    for (name, weather) in KINDS {
        for probability in [0.01, 0.1, 0.5] {
            endure(name, weather(probability), writers);
        }
    }
    endure("everything", Weather::all(0.05), writers);
}

/// A short run: good weather, bad weather, good weather.
fn endure(name: &str, weather: Weather, writers: usize) {
    let seed = from_env("FASTI_FAILOVER_SEED", SEED);
    let (bucket, scene) = (Bucket::new(), Scene::new(GOOD));
    let mut outdoors = Outdoors::start(&bucket, &scene, seed, writers);
    thread::scope(|threads| {
        let over = Over(&scene);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| (n, &scene))
            .map(|(n, scene)| threads.spawn(move || scene.submit_opaque(n, seed)))
            .collect();
        outdoors.wait(Duration::from_millis(300));
        outdoors.set(weather);
        outdoors.wait(BAD);
        outdoors.set(Weather::default());
        let good = Instant::now();
        // Every writer that ended is running again, and every waiting client is answered.
        outdoors.wait(Duration::from_millis(300));
        drop(over);
        let unanswered: Vec<Vec<u8>> =
            clients.into_iter().flat_map(|c| c.join().expect("no client panics")).collect();
        scene.resubmit(outdoors.address(), &unanswered);
        assert!(good.elapsed() < GOOD, "it took {:?} to answer every client", good.elapsed());
        println!(
            "{writers} behind {name} {weather:?}: {} faults, {} ended; {} resubmitted; all answered \
             after {:.1} s",
            outdoors.strikes(),
            outdoors.reasons.len(),
            unanswered.len(),
            good.elapsed().as_secs_f64(),
        );
        for reason in &outdoors.reasons {
            println!("    {reason}");
        }
    });
    outdoors.stop();
    let reader = bucket.reader();
    let verified = scene.verify(&|path| reader.read(path), &bucket.verifier_key());
    assert!(verified.acknowledgements > 20, "the writers did some work");
    bucket.fsck();
}

/// Writers, each at the end of its own connection, restarted when they end.
struct Outdoors<'a> {
    bucket: &'a Bucket,
    scene: &'a Scene,
    lines: Vec<FaultProxy>,
    writers: Vec<Writer>,
    /// Why writers have ended.
    reasons: Vec<String>,
}

impl<'a> Outdoors<'a> {
    fn start(bucket: &'a Bucket, scene: &'a Scene, seed: u64, count: usize) -> Self {
        let lines = (0..count).map(|n| bucket.line(seed + n as u64)).collect();
        let mut outdoors = Self { bucket, scene, lines, writers: Vec::new(), reasons: Vec::new() };
        for n in 0..count {
            let writer = outdoors.launch(n);
            outdoors.writers.push(writer);
        }
        outdoors
    }

    /// Starts writer `n`, retrying as often as needed.
    fn launch(&mut self, n: usize) -> Writer {
        loop {
            let mut command = self.bucket.writer_over(&self.lines[n].url(), n);
            command.args(HASTY);
            let mut writer = Writer::spawn(command);
            match writer.address() {
                Ok(address) => {
                    self.scene.addresses.write().expect("no panics").push(address);
                    return writer;
                }
                Err(ended) => self.note(&ended),
            }
        }
    }

    fn note(&mut self, ended: &Ended) {
        assert_eq!(ended.status.code(), Some(1), "it exits with status 1: {}", ended.stderr);
        let reason = ended.stderr.lines().last().unwrap_or_default();
        assert!(reason.starts_with("fasti-writer: "), "it says why: {}", ended.stderr);
        self.reasons.push(reason.to_owned());
    }

    fn set(&self, weather: Weather) {
        self.lines.iter().for_each(|line| line.set(weather));
    }

    fn strikes(&self) -> u64 {
        self.lines.iter().map(|line| line.faults().strikes()).sum()
    }

    /// Lets time pass. Writers that end are restarted.
    fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            for n in 0..self.writers.len() {
                if let Some(ended) = self.writers[n].ended() {
                    self.note(&ended);
                    self.writers[n] = self.launch(n);
                }
            }
            if Instant::now() >= until {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A writer that can be reached.
    fn address(&self) -> std::net::SocketAddr {
        let addresses = self.scene.addresses.read().expect("no panics");
        let open = addresses.iter().rev().find(|address| Connection::open(**address).is_ok());
        *open.expect("a writer runs")
    }

    fn stop(self) {
        self.writers.into_iter().for_each(Writer::stop);
    }
}
