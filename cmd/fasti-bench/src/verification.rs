//! `fasti-bench verify`: what it costs to verify one bundle.
//!
//! First in this process, in a loop: reading the bundle and all checks, with the trusted root read
//! once. Then as a user does it, in a new process each time: the given commands take turns, so that
//! what else happens on the machine is the same for all. A command counts only if it succeeds each
//! time. The signer can be anybody whom the root's authorities vouch for; which signer is demanded
//! costs nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use fasti::entry::Bundle;
use fasti::verify::{Artifact, Demand, any_bundle, trusted_root};
use serde::Serialize;

use crate::Format;
use crate::histogram::Histogram;
use crate::process::{children_cpu_time, own_cpu_time};
use crate::report::Latency;

/// The options of `verify`.
#[derive(Args)]
pub struct VerifyArguments {
    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// The artifact; can be left out for a bundle with an envelope
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// The trusted root by which the bundle verifies
    #[arg(long, value_name = "FILE")]
    trusted_root: PathBuf,
    /// How often to verify it in this process
    #[arg(long, default_value_t = 1000)]
    times: u32,
    /// A command that verifies it, such as 'cosign verify-blob …', split at spaces
    ///
    /// Can be repeated: they take turns.
    #[arg(long, value_name = "COMMAND")]
    command: Vec<String>,
    /// How often to run each command, in turns of ten
    #[arg(long, default_value_t = 50)]
    runs: u32,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    bundle: PathBuf,
    times: u32,
    cpu_us: f64,
    commands: Vec<Cold>,
}

/// A command in new processes.
#[derive(Serialize)]
struct Cold {
    command: String,
    runs: u32,
    cpu_ms: f64,
    wall_us: Latency,
}

/// Measures and prints; an error if something does not verify.
pub fn run(arguments: &VerifyArguments) -> Result<bool> {
    ensure!((1..=10_000_000).contains(&arguments.times), "--times: 1 to 10000000");
    ensure!((1..=100_000).contains(&arguments.runs), "--runs: 1 to 100000");
    let cpu = in_a_loop(arguments)?;
    let report = Report {
        bundle: arguments.bundle.clone(),
        times: arguments.times,
        cpu_us: cpu.as_secs_f64() * 1e6 / f64::from(arguments.times),
        commands: in_turns(&arguments.command, arguments.runs)?,
    };
    match arguments.format {
        Format::Text => {
            println!("library    {:.1} µs CPU, over {} times", report.cpu_us, report.times);
            for Cold { command, runs, cpu_ms, wall_us } in &report.commands {
                println!("command    {command}");
                println!("           {cpu_ms:.1} ms CPU, over {runs} runs");
                println!("latency    {}", wall_us.text());
            }
        }
        Format::Json => println!("{}", serde_json::to_string(&report)?),
    }
    Ok(true)
}

/// The CPU time of this process for all times.
fn in_a_loop(arguments: &VerifyArguments) -> Result<Duration> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("reading {}", path.display()));
    let root = trusted_root::read(&read(&arguments.trusted_root)?)?;
    let json = read(&arguments.bundle)?;
    let artifact = arguments.artifact.as_deref().map(read).transpose()?;
    let artifact = artifact.as_ref().map(|artifact| artifact as &dyn Artifact);
    let demand = Demand::default();
    let verify = || -> Result<()> {
        any_bundle(&Bundle::parse_all(&json)?, artifact, &root, &demand)?;
        Ok(())
    };
    // The first is dearer: what the cryptography sets up once.
    verify()?;
    let before = own_cpu_time();
    (0..arguments.times).try_for_each(|_| verify())?;
    Ok(own_cpu_time().saturating_sub(before))
}

/// How often a command runs in its turn. The kernel counts in ticks of 10 ms, which is about what
/// one run takes.
const TURN: u32 = 10;

fn in_turns(commands: &[String], runs: u32) -> Result<Vec<Cold>> {
    let turns = runs.div_ceil(TURN);
    let mut measured: Vec<_> =
        commands.iter().map(|_| (Duration::ZERO, Histogram::new())).collect();
    // The first run of each finds the program and files on the disk, and does not count.
    commands.iter().try_for_each(|command| once(command).map(drop))?;
    for _ in 0..turns {
        for (command, (cpu, wall)) in commands.iter().zip(&mut measured) {
            let before = children_cpu_time()?;
            for _ in 0..TURN {
                wall.record(once(command)?);
            }
            *cpu += children_cpu_time()?.saturating_sub(before);
        }
    }
    let cold = commands.iter().zip(measured).map(|(command, (cpu, wall))| Cold {
        command: command.clone(),
        runs: turns * TURN,
        cpu_ms: cpu.as_secs_f64() * 1e3 / f64::from(turns * TURN),
        wall_us: Latency::of(&wall),
    });
    Ok(cold.collect())
}

/// How long one run takes.
fn once(command: &str) -> Result<Duration> {
    let mut words = command.split_ascii_whitespace();
    let program = words.next().context("an empty --command")?;
    let mut child = Command::new(program);
    child.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let output = child.output().with_context(|| format!("running {program}"))?;
    let took = began.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command}: {}: {}", output.status, said.trim());
    }
    Ok(took)
}
