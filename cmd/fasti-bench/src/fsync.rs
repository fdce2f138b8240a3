//! `fasti-bench fsync`: what one durable append costs on a disk.
//!
//! Appends to a new file, with fdatasync after each write, and removes the file. Other figures are
//! given as multiples of this one, so that they are meaningful for other disks.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::Format;
use crate::histogram::Histogram;
use crate::report::Latency;

/// The options of `fsync`.
#[derive(Args)]
pub struct FsyncArguments {
    /// An existing directory on the disk to measure
    #[arg(long)]
    dir: PathBuf,
    /// How many appends to make
    #[arg(long, default_value_t = 1000)]
    writes: u32,
    /// Size of each append
    #[arg(long, default_value_t = 4096, value_name = "BYTES")]
    bytes: usize,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    dir: PathBuf,
    writes: u32,
    bytes: usize,
    fdatasync_us: Latency,
}

/// Measures and prints; always true, because nothing is checked.
pub fn run(arguments: &FsyncArguments) -> Result<bool> {
    let FsyncArguments { ref dir, writes, bytes, format } = *arguments;
    ensure!((1..=1_000_000).contains(&writes), "--writes: 1 to 1000000");
    ensure!((1..=16 << 20).contains(&bytes), "--bytes: 1 to 16 MiB");
    let fdatasync_us = Latency::of(&measure(arguments)?);
    let report = Report { dir: dir.clone(), writes, bytes, fdatasync_us };
    match format {
        Format::Text => {
            let (dir, latency) = (dir.display(), report.fdatasync_us.text());
            println!("fdatasync  {dir}, {writes} appends of {bytes} B\nlatency    {latency}");
        }
        Format::Json => println!("{}", serde_json::to_string(&report)?),
    }
    Ok(true)
}

fn measure(arguments: &FsyncArguments) -> Result<Histogram> {
    let path = arguments.dir.join(format!("fasti-bench-fsync.{}", std::process::id()));
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("creating {}", path.display()))?;
    let block = vec![0x5a; arguments.bytes];
    let mut histogram = Histogram::new();
    let outcome = (0..arguments.writes).try_for_each(|_| {
        let started = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        histogram.record(started.elapsed());
        Ok::<_, std::io::Error>(())
    });
    fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
    outcome.with_context(|| format!("appending to {}", path.display()))?;
    Ok(histogram)
}
