//! `fasti-bench start`: how long a writer takes from spawn to ready on an existing store.
//!
//! Polls `/readyz` every millisecond until the first 200, stops the writer with SIGTERM and repeats
//! this if requested. The writer's standard error passes through; its standard output does not, so
//! that the report stays readable. Invariant: no writer is left running.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use crate::Format;
use crate::fetch;
use crate::process;
use crate::target::Target;
use crate::units::{parse_duration, show_duration};

/// The options of `start`.
#[derive(Args)]
pub struct StartArguments {
    /// The writer's binary
    #[arg(long)]
    writer: PathBuf,
    /// The directory of the log; passed to the writer as --store DIR
    #[arg(long)]
    store: PathBuf,
    /// URL that answers 200 when the writer is ready
    #[arg(long, default_value = "http://127.0.0.1:3000/readyz", value_name = "URL")]
    ready: String,
    /// How many times to start it
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// How long to wait for the writer to start, and to stop
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    timeout: Duration,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Further arguments for the writer
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Serialize)]
struct Start {
    ready_ms: f64,
    peak_rss_kib: u64,
    stopped_ms: f64,
}

#[derive(Serialize)]
struct Report {
    store: PathBuf,
    starts: Vec<Start>,
    ready_ms_median: f64,
    ready_ms_max: f64,
}

/// Starts the writer as often as asked and prints the times.
pub fn run(arguments: &StartArguments) -> Result<bool> {
    ensure!((1..=10_000).contains(&arguments.runs), "--runs: 1 to 10000");
    ensure!(arguments.store.is_dir(), "{} is not a directory", arguments.store.display());
    let ready = Target::parse(&arguments.ready)?;
    let starts: Vec<Start> =
        (0..arguments.runs).map(|_| start_once(arguments, &ready)).collect::<Result<_>>()?;
    let mut times: Vec<f64> = starts.iter().map(|start| start.ready_ms).collect();
    times.sort_unstable_by(f64::total_cmp);
    let (median, max) = (times[times.len() / 2], times[times.len() - 1]);
    match arguments.format {
        Format::Text => print_text(&starts, median, max),
        Format::Json => {
            let store = arguments.store.clone();
            let report = Report { store, starts, ready_ms_median: median, ready_ms_max: max };
            println!("{}", serde_json::to_string(&report)?);
        }
    }
    Ok(true)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn print_text(starts: &[Start], median: f64, max: f64) {
    let show = |ms: f64| show_duration(Duration::from_secs_f64(ms / 1e3));
    for Start { ready_ms, peak_rss_kib, stopped_ms } in starts {
        let mebibytes = *peak_rss_kib as f64 / 1024.0;
        let (ready, stopped) = (show(*ready_ms), show(*stopped_ms));
        println!("start      ready after {ready}, peak {mebibytes:.1} MiB, stopped in {stopped}");
    }
    if starts.len() > 1 {
        println!("ready      median {}  max {}", show(median), show(max));
    }
}

fn start_once(arguments: &StartArguments, ready: &Target) -> Result<Start> {
    if fetch::get(ready, "", POLL_TIMEOUT).is_ok() {
        bail!("something already answers at {}", arguments.ready);
    }
    let started = Instant::now();
    let child = Command::new(&arguments.writer)
        .arg("--store")
        .arg(&arguments.store)
        .args(&arguments.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("spawning {}", arguments.writer.display()))?;
    let mut writer = Writer(child);
    writer.wait_until_ready(ready, started + arguments.timeout)?;
    let ready_ms = milliseconds(started.elapsed());
    let peak_rss_kib = process::peak_rss_kib(writer.0.id())?;
    let ending = Instant::now();
    writer.terminate(ending + arguments.timeout)?;
    Ok(Start { ready_ms, peak_rss_kib, stopped_ms: milliseconds(ending.elapsed()) })
}

/// A spawned writer; killed if dropped while it runs.
struct Writer(Child);

impl Writer {
    fn wait_until_ready(&mut self, ready: &Target, deadline: Instant) -> Result<()> {
        loop {
            if let Ok((200, _)) = fetch::get(ready, "", POLL_TIMEOUT) {
                return Ok(());
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("the writer exited before it was ready: {status}");
            }
            ensure!(Instant::now() < deadline, "the writer was not ready in time");
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn terminate(&mut self, deadline: Instant) -> Result<()> {
        kill_process(Pid::from_child(&self.0), Signal::TERM).context("stopping the writer")?;
        while self.0.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "the writer did not stop in time");
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Both do nothing if the writer has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

const POLL_INTERVAL: Duration = Duration::from_millis(1);
const POLL_TIMEOUT: Duration = Duration::from_secs(2);
