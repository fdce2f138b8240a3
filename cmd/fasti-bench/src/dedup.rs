//! `fasti-bench dedup`: what a writer's deduplication index costs as it grows from empty.
//!
//! It looks up and adds leaves in batches, as a writer does: each batch is new, and one old leaf is
//! looked up with it. It prints a line for each step, so that a cost that grows with the log shows.
//! At the end the index is reopened, as at the next start of a writer.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use fasti::log::dedup::{DedupIndex, DiskIndex};
use serde::Serialize;
use tiles_spec::{Hash, LeafIndex, TreeHead, TreeSize};

use crate::Format;
use crate::entries::mix;
use crate::process;
use crate::units::{show_count, show_duration};

/// The options of `dedup`.
#[derive(Args)]
pub struct DedupArguments {
    /// A directory for the index, which must not exist; it is removed at the end
    #[arg(long)]
    dir: PathBuf,
    /// How many leaves to add
    #[arg(long, default_value_t = 20_000_000)]
    leaves: u64,
    /// Leaves per step
    #[arg(long, default_value_t = 1_000_000)]
    step: u64,
    /// Leaves per batch
    #[arg(long, default_value_t = 256)]
    batch: u64,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What one step costs.
#[derive(Serialize)]
struct Step {
    leaves: u64,
    find_ns_per_leaf: f64,
    add_ns_per_leaf: f64,
    cpu_ns_per_leaf: f64,
    worst_find_us: f64,
    worst_add_us: f64,
    rss_kib: u64,
}

#[derive(Serialize)]
struct Report {
    steps: Vec<Step>,
    open_ms: f64,
    disk_bytes: u64,
    peak_rss_kib: u64,
    /// Wrong lookups: an old leaf not found at its index, or a new one found.
    wrong: u64,
}

/// Makes the run and prints the report; true if every leaf was found where it was added.
pub fn run(arguments: &DedupArguments) -> Result<bool> {
    let DedupArguments { ref dir, leaves, step, batch, format } = *arguments;
    ensure!((1..=1 << 31).contains(&leaves), "--leaves: 1 to 2^31");
    ensure!((1..=65_536).contains(&batch) && step >= batch, "--batch: 1 to 65536, below --step");
    std::fs::create_dir(dir).with_context(|| format!("creating {}", dir.display()))?;
    let report = measure(arguments);
    std::fs::remove_dir_all(dir).with_context(|| format!("removing {}", dir.display()))?;
    let report = report?;
    if format == Format::Json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        let (open, bytes) = (Duration::from_secs_f64(report.open_ms / 1e3), report.disk_bytes);
        let mib = report.peak_rss_kib / 1024;
        println!("reopened in {}, {bytes} B on disk, {mib} MiB of memory", show_duration(open));
        println!("{} wrong lookups", report.wrong);
    }
    Ok(report.wrong == 0)
}

fn measure(arguments: &DedupArguments) -> Result<Report> {
    let DedupArguments { ref dir, leaves, step, batch, format } = *arguments;
    let index = DiskIndex::open(dir)?;
    let (mut steps, mut wrong, mut size) = (Vec::new(), 0, 0);
    while size < leaves {
        let end = (size + step).min(leaves);
        let done = Run { index: &index, batch }.step(size, end, &mut wrong)?;
        if format == Format::Text {
            println!("{}", done.text());
        }
        steps.push(done);
        size = end;
    }
    drop(index);
    let began = Instant::now();
    let index = DiskIndex::open(dir)?;
    let open_ms = began.elapsed().as_secs_f64() * 1e3;
    ensure!(index.covers()?.is_some_and(|head| head.size.get() == leaves), "all of it was kept");
    let disk_bytes = std::fs::read_dir(dir)?.map(|file| Ok(file?.metadata()?.len()));
    let disk_bytes = disk_bytes.sum::<std::io::Result<u64>>()?;
    let peak_rss_kib = process::peak_rss_kib(std::process::id())?;
    Ok(Report { steps, open_ms, disk_bytes, peak_rss_kib, wrong })
}

struct Run<'a> {
    index: &'a DiskIndex,
    batch: u64,
}

impl Run<'_> {
    #[expect(clippy::cast_precision_loss, reason = "figures for people, not exact counts")]
    fn step(&self, start: u64, end: u64, wrong: &mut u64) -> Result<Step> {
        let (mut find, mut add) = (Cost::default(), Cost::default());
        let cpu = process::own_cpu_time();
        let mut size = start;
        while size < end {
            let to = (size + self.batch).min(end);
            let leaves: Vec<(Hash, LeafIndex)> = (size..to).map(leaf).collect();
            let mut asked: Vec<Hash> = leaves.iter().map(|(hash, _)| *hash).collect();
            // One that is in the index, of any age.
            let old = mix(size) % size.max(1);
            asked.push(leaf(old).0);
            let found = find.time(|| self.index.find(&asked))?;
            let (known, new) = found.split_last().expect("one was added");
            let is_known = size > 0 && known.is_some_and(|index| index.get() == old);
            *wrong += u64::from(size > 0 && !is_known);
            *wrong += new.iter().filter(|found| found.is_some()).count() as u64;
            let root = Hash::from([0; 32]);
            let head = TreeHead { size: TreeSize::new(to).expect("in range"), root };
            add.time(|| self.index.add(&leaves, head))?;
            size = to;
        }
        let cpu = process::own_cpu_time().saturating_sub(cpu);
        let per_leaf = |time: Duration| time.as_nanos() as f64 / (end - start) as f64;
        Ok(Step {
            leaves: end,
            find_ns_per_leaf: per_leaf(find.all),
            add_ns_per_leaf: per_leaf(add.all),
            cpu_ns_per_leaf: per_leaf(cpu),
            worst_find_us: find.worst.as_secs_f64() * 1e6,
            worst_add_us: add.worst.as_secs_f64() * 1e6,
            rss_kib: process::rss_kib(std::process::id())?,
        })
    }
}

impl Step {
    fn text(&self) -> String {
        let micro = |us: f64| show_duration(Duration::from_secs_f64(us / 1e6));
        format!(
            "{:>12} leaves: find {:.0} ns, add {:.0} ns, CPU {:.0} ns per leaf; worst find {}, add \
             {} per batch; {} MiB",
            show_count(self.leaves),
            self.find_ns_per_leaf,
            self.add_ns_per_leaf,
            self.cpu_ns_per_leaf,
            micro(self.worst_find_us),
            micro(self.worst_add_us),
            self.rss_kib / 1024,
        )
    }
}

/// The time that calls took.
#[derive(Default)]
struct Cost {
    all: Duration,
    worst: Duration,
}

impl Cost {
    fn time<T, E>(&mut self, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let began = Instant::now();
        let answer = call();
        let took = began.elapsed();
        self.all += took;
        self.worst = self.worst.max(took);
        answer
    }
}

/// Leaf `number`, which looks like any other hash.
fn leaf(number: u64) -> (Hash, LeafIndex) {
    let mut bytes = [0; 32];
    for (part, word) in bytes.chunks_exact_mut(8).zip(0..) {
        part.copy_from_slice(&mix(number * 4 + word + 1).to_be_bytes());
    }
    (Hash::from(bytes), LeafIndex::new(number).expect("in range"))
}
