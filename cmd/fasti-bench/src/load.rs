//! `fasti-bench load`: prepare, drive, sample, check, report.
//!
//! All expensive work happens before the clock starts (signing) or after it stops (sorting,
//! verifying). Costs are sampled at the two moments that bound the measured window.

use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::rand;
use clap::{Args, ValueEnum};

use crate::Format;
use crate::driver::{Driver, Run};
use crate::entries::{Entries, OPAQUE_BYTES_MIN, Opaque, Random};
use crate::process::{self, Counters, CpuTime};
use crate::report::{Indices, Measured, Report, Server, Setting};
use crate::submissions::{Api, Submissions};
use crate::tally::{NO_INDEX, Tally, Window};
use crate::target::Target;
use crate::units::{parse_duration, parse_rate};
use crate::verify::{self, Acknowledged, Source};

/// The options of `load`.
#[derive(Args)]
pub struct LoadArguments {
    /// Base URL of the log's write path, http://host:port[/prefix]; can be repeated to spread the
    /// connections over several writers
    #[arg(long, required = true)]
    log: Vec<String>,
    /// What to submit: opaque entries to POST /add, or signed ones to POST /api/v2/log/entries or
    /// /api/v1/log/entries
    ///
    /// Rekor v1's answer about a duplicate has no index. With --duplicates, start the writer with
    /// --rekor-v1-duplicates answer.
    #[arg(long, value_enum, default_value = "opaque")]
    kind: Kind,
    /// Size of each opaque entry
    #[arg(long, default_value_t = 1024, value_name = "BYTES")]
    entry_bytes: usize,
    /// Number of connections, each with one request in flight
    #[arg(long, default_value_t = 512)]
    connections: usize,
    /// How long to measure, after the warm-up
    #[arg(long, default_value = "10s", value_parser = parse_duration)]
    duration: Duration,
    /// How long to generate load before the measurement
    #[arg(long, default_value = "2s", value_parser = parse_duration)]
    warmup: Duration,
    /// Use an open loop with this many entries per second; latency counts from the scheduled time
    #[arg(long, value_parser = parse_rate, value_name = "N/s")]
    rate: Option<f64>,
    /// Number of threads of the load generator
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Percentage of requests that repeat an earlier entry
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT")]
    duplicates: f64,
    /// Seed that makes opaque entries and choices reproducible [default: random, because a log that
    /// deduplicates would know the entries of an earlier run with the same seed]
    #[arg(long)]
    seed: Option<u64>,
    /// Number of signing keys for hashedrekord entries
    #[arg(long, default_value_t = 1)]
    keys: usize,
    /// How many hashedrekord entries to sign before the start; the run ends when they are used up
    /// [default: as many as --rate needs, else 200,000]
    #[arg(long)]
    submissions: Option<u64>,
    /// How long to wait for an answer
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// Fail if any entry waited longer for its answer
    #[arg(long, value_parser = parse_duration)]
    worst: Option<Duration>,
    /// How many of the acknowledged entries to look up in the log's bundles afterwards
    #[arg(long, default_value_t = 0, value_name = "N")]
    verify: usize,
    /// Where --verify reads the log: a URL or directory [default: the first --log URL]
    #[arg(long, value_name = "URL|DIR")]
    read: Option<String>,
    /// Report the CPU time and peak memory of this process
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Report batches, and fsyncs or requests to the bucket, from this Prometheus page; can be
    /// repeated to report the sum
    #[arg(long, value_name = "URL")]
    metrics: Vec<String>,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Opaque,
    Hashedrekord,
    V1Hashedrekord,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Opaque => "opaque",
            Self::Hashedrekord => "hashedrekord",
            Self::V1Hashedrekord => "v1-hashedrekord",
        }
    }

    /// Where signed entries go.
    fn api(self) -> Option<Api> {
        match self {
            Self::Opaque => None,
            Self::Hashedrekord => Some(Api::V2),
            Self::V1Hashedrekord => Some(Api::V1),
        }
    }
}

/// Makes the run and prints the report; true if every check passed.
pub fn run(arguments: &LoadArguments) -> Result<bool> {
    arguments.check()?;
    let targets = Target::parse_all(&arguments.log)?;
    let metrics = Target::parse_all(&arguments.metrics)?;
    let read = Source::parse(arguments.read.as_ref().unwrap_or(&arguments.log[0]))?;
    let seed = arguments.seed.map_or_else(random_seed, Ok)?;
    let observer = Observer { pid: arguments.server_pid, metrics };
    // A wrong PID, metrics page or address should not cost a whole run.
    observer.sample()?;
    for target in &targets {
        TcpStream::connect_timeout(&target.address, Duration::from_secs(5))
            .with_context(|| format!("connecting to {}", target.address))?;
    }
    let entries = arguments.entries(seed)?;

    let start = Instant::now();
    let window_start = start + arguments.warmup;
    let window = Window { start: window_start, end: window_start + arguments.duration };
    let run = Run {
        targets: &targets,
        entries: &entries,
        start,
        window,
        timeout: arguments.timeout,
        rate: arguments.rate,
        repeats_per_mille: per_mille(arguments.duplicates),
        connections: arguments.connections,
        drivers: arguments.threads,
        seed,
    };
    let (tallies, costs) = drive(&run, &observer)?;
    let peak_rss_kib = arguments.server_pid.map(process::peak_rss_kib).transpose()?;

    let acknowledged = acknowledgements(&tallies);
    let indices = check_indices(&acknowledged);
    let found = (arguments.verify > 0 && !acknowledged.is_empty())
        .then(|| {
            let sample = sample(acknowledged, arguments.verify, seed);
            read.compare(&entries, sample, arguments.timeout).context("verifying")
        })
        .transpose()?;

    let total = Tally::sum(window, &tallies);
    let measured = costs.measured(window, &total, peak_rss_kib);
    let report = Report::new(&arguments.setting(seed), &measured, &total, &indices, found.as_ref());
    match arguments.format {
        Format::Text => print!("{}", report.text()),
        Format::Json => println!("{}", serde_json::to_string(&report)?),
    }
    let is_in_time = arguments.worst.is_none_or(|worst| total.latencies.max() <= worst);
    if !is_in_time {
        eprintln!("fasti-bench: an entry waited longer than --worst");
    }
    Ok(report.passed() && is_in_time)
}

impl LoadArguments {
    fn check(&self) -> Result<()> {
        ensure!(
            (OPAQUE_BYTES_MIN..=ENTRY_BYTES_MAX).contains(&self.entry_bytes),
            "--entry-bytes: {OPAQUE_BYTES_MIN} to {ENTRY_BYTES_MAX}"
        );
        ensure!((1..=64).contains(&self.threads), "--threads: 1 to 64");
        ensure!(
            (self.threads..=60_000).contains(&self.connections),
            "--connections: one per thread to 60000"
        );
        ensure!((0.0..=99.9).contains(&self.duplicates), "--duplicates: 0 to 99.9 percent");
        ensure!((1..=10_000).contains(&self.keys), "--keys: 1 to 10000");
        ensure!(!self.duration.is_zero() && !self.timeout.is_zero(), "times must not be zero");
        let longest = Duration::from_hours(24);
        if self.duration.max(self.warmup).max(self.timeout) > longest {
            bail!("times must be at most a day");
        }
        Ok(())
    }

    fn entries(&self, seed: u64) -> Result<Entries> {
        let Some(api) = self.kind.api() else {
            return Ok(Entries::Opaque(Opaque::new(seed, self.entry_bytes)));
        };
        // A few more, so that no thread runs out at the very end.
        let spare = self.threads as u64;
        let seconds = (self.warmup + self.duration).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let needed = self.rate.map(|rate| (rate * seconds).ceil() as u64 + spare);
        let count = self.submissions.or(needed).unwrap_or(SUBMISSIONS_DEFAULT).max(1);
        ensure!(count <= SUBMISSIONS_MAX, "--submissions: at most {SUBMISSIONS_MAX}");
        let started = Instant::now();
        let submissions = Submissions::sign(api, count, self.keys, seed)?;
        eprintln!("signed {count} submissions in {:.1} s", started.elapsed().as_secs_f64());
        Ok(Entries::Hashedrekord(submissions))
    }

    fn setting(&self, seed: u64) -> Setting {
        Setting {
            log: self.log.join(","),
            kind: self.kind.name(),
            entry_bytes: (self.kind == Kind::Opaque).then_some(self.entry_bytes),
            connections: self.connections,
            threads: self.threads,
            rate: self.rate,
            duplicates_percent: self.duplicates,
            warmup_s: self.warmup.as_secs_f64(),
            seed,
        }
    }
}

/// Runs the drivers, and samples costs at both ends of the window.
fn drive(run: &Run, observer: &Observer) -> Result<(Vec<Tally>, Costs)> {
    let drivers = (0..run.drivers)
        .map(|number| Driver::new(run, number))
        .collect::<Result<Vec<_>, _>>()
        .context("setting up epoll")?;
    thread::scope(|scope| {
        let (running, all_done) = mpsc::channel::<()>();
        let threads: Vec<_> = drivers
            .into_iter()
            .map(|driver| {
                let running = running.clone();
                scope.spawn(move || {
                    let tally = driver.drive();
                    drop(running);
                    tally
                })
            })
            .collect();
        drop(running);
        wait_until(run.window.start, &all_done);
        let before = observer.sample()?;
        wait_until(run.window.end, &all_done);
        let after = observer.sample()?;
        let tallies = threads
            .into_iter()
            .map(|thread| thread.join().expect("drivers do not panic"))
            .collect::<Result<Vec<_>, _>>()
            .context("waiting for events")?;
        Ok((tallies, Costs { before, after }))
    })
}

/// Returns at the given moment, or when all drivers are done.
fn wait_until(moment: Instant, all_done: &Receiver<()>) {
    let remaining = moment.saturating_duration_since(Instant::now());
    match all_done.recv_timeout(remaining) {
        Ok(()) => unreachable!("drivers never send, they only hang up"),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
    }
}

/// Samples what the run costs.
struct Observer {
    pid: Option<u32>,
    metrics: Vec<Target>,
}

struct Sample {
    client: Duration,
    server: Option<CpuTime>,
    counters: Option<Counters>,
}

struct Costs {
    before: Sample,
    after: Sample,
}

impl Observer {
    fn sample(&self) -> Result<Sample> {
        // CPU times first: reading the metrics page costs both sides CPU time.
        let client = process::own_cpu_time();
        let server = self.pid.map(CpuTime::of).transpose()?;
        let counters = (!self.metrics.is_empty()).then(|| Counters::sum(&self.metrics));
        let counters = counters.transpose()?;
        Ok(Sample { client, server, counters })
    }
}

impl Costs {
    fn measured(&self, window: Window, total: &Tally, peak_rss_kib: Option<u64>) -> Measured {
        let Self { before, after } = self;
        // If the submissions were used up, the window ended with the last answer.
        let last = total.last.filter(|last| total.used_up && *last < window.end);
        let end = last.unwrap_or(window.end);
        let server = before.server.zip(after.server).map(|(before, after)| Server {
            user: after.user.saturating_sub(before.user),
            system: after.system.saturating_sub(before.system),
            peak_rss_kib,
        });
        let counted = before.counters.zip(after.counters);
        Measured {
            seconds: end.saturating_duration_since(window.start).as_secs_f64(),
            used_up: last.is_some(),
            client: after.client.saturating_sub(before.client),
            server,
            counted: counted.map(|(before, after)| after.since(before)),
        }
    }
}

/// Every acknowledged entry, once.
fn acknowledgements(tallies: &[Tally]) -> Vec<Acknowledged> {
    let mut all = Vec::new();
    for (driver, tally) in tallies.iter().enumerate() {
        for (slot, &index) in tally.indices.iter().enumerate() {
            if index != NO_INDEX {
                let number = (slot * tallies.len() + driver) as u64;
                all.push(Acknowledged { number, index });
            }
        }
    }
    all
}

fn check_indices(acknowledged: &[Acknowledged]) -> Indices {
    let mut indices: Vec<u64> = acknowledged.iter().map(|a| a.index).collect();
    let given_twice = verify::indices_given_twice(&mut indices);
    Indices { given_twice, range: indices.first().copied().zip(indices.last().copied()) }
}

/// Draws `count` of the acknowledgements without repetition.
fn sample(mut all: Vec<Acknowledged>, count: usize, seed: u64) -> Vec<Acknowledged> {
    let mut random = Random::new(!seed);
    let count = count.min(all.len());
    for at in 0..count {
        let offset = random.below((all.len() - at) as u64);
        all.swap(at, at + usize::try_from(offset).expect("below a length"));
    }
    all.truncate(count);
    all
}

fn random_seed() -> Result<u64> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).context("drawing a seed")?;
    Ok(u64::from_le_bytes(bytes))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 999")]
fn per_mille(percent: f64) -> u64 {
    (percent * 10.0).round() as u64
}

/// The largest entry that fits into an entry bundle.
const ENTRY_BYTES_MAX: usize = 65_535;
const SUBMISSIONS_DEFAULT: u64 = 200_000;
/// About 7 GB of signatures.
const SUBMISSIONS_MAX: u64 = 50_000_000;
