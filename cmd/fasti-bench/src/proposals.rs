//! `fasti-bench proposals`: what it costs to verify proposals of Rekor v1 and to make entries of
//! them, by kind.
//!
//! A directory has a directory for each kind, with files that end in `.proposal.json`. Each file
//! that is accepted is accepted again and again, in this process, on one thread, as a writer does
//! it before an entry is sequenced. Those that are refused are counted and left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;
use fasti::rekor_v1::{Limits, Proposal, Setting};
use serde::Serialize;

use crate::Format;
use crate::process::own_cpu_time;

/// What the names of proposals end in.
const SUFFIX: &str = ".proposal.json";

/// The options of `proposals`.
#[derive(Args)]
pub struct ProposalArguments {
    /// A directory with a directory for each kind, which has proposals: NAME.proposal.json
    #[arg(long, value_name = "DIR")]
    directory: PathBuf,
    /// The CPU time to spend on each proposal, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 200)]
    milliseconds: u64,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What the proposals of one kind and version cost.
#[derive(Default, Serialize)]
struct Cost {
    accepted: u32,
    refused: u32,
    /// Of the sum of all accepted ones, divided by their number.
    cpu_us: f64,
    /// Of the one that costs most.
    cpu_us_max: f64,
    dearest: String,
}

/// Measures and prints.
pub fn run(arguments: &ProposalArguments) -> Result<bool> {
    ensure!((1..=60_000).contains(&arguments.milliseconds), "--milliseconds: 1 to 60000");
    let enough = Duration::from_millis(arguments.milliseconds);
    let mut costs: BTreeMap<String, Cost> = BTreeMap::new();
    for kind in paths(&arguments.directory)?.iter().filter(|path| path.is_dir()) {
        for path in paths(kind)?.iter().filter(|path| name(path).ends_with(SUFFIX)) {
            let body = fs::read(path).with_context(|| path.display().to_string())?;
            let (kind, cost) = (name(kind), accept(&body, enough));
            costs.entry(kind).or_default().add(&name(path), cost);
        }
    }
    ensure!(costs.values().any(|cost| cost.accepted > 0), "no proposal was accepted");
    for cost in costs.values_mut() {
        cost.cpu_us /= f64::from(cost.accepted.max(1));
    }
    match arguments.format {
        Format::Text => {
            for (kind, cost) in &costs {
                let Cost { accepted, refused, cpu_us, cpu_us_max, dearest } = cost;
                println!(
                    "{kind:14} {cpu_us:9.1} µs CPU, the mean of {accepted} ({refused} refused); \
                     {cpu_us_max:.1} for {dearest}"
                );
            }
        }
        Format::Json => println!("{}", serde_json::to_string(&costs)?),
    }
    Ok(true)
}

impl Cost {
    fn add(&mut self, name: &str, cpu: Option<Duration>) {
        let Some(cpu) = cpu else {
            self.refused += 1;
            return;
        };
        let us = cpu.as_secs_f64() * 1e6;
        self.accepted += 1;
        self.cpu_us += us;
        if us > self.cpu_us_max {
            self.cpu_us_max = us;
            name.trim_end_matches(SUFFIX).clone_into(&mut self.dearest);
        }
    }
}

/// The CPU time for one proposal; `None` if it is refused.
fn accept(body: &[u8], enough: Duration) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let setting = Setting { limits: Limits::default(), now };
    let accept = || Proposal::parse(body).ok()?.accept(&setting).ok();
    // The first is dearer: what the cryptography sets up once.
    accept()?;
    let (before, mut times) = (own_cpu_time(), 0);
    loop {
        accept()?;
        times += 1;
        let used = own_cpu_time().saturating_sub(before);
        if used >= enough {
            return Some(used / times);
        }
    }
}

/// What is in a directory, in order.
fn paths(directory: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    let mut paths = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
