//! `fasti-bench lookup build`: builds the index of an existing log, in one go or as the log grows.
//!
//! Each step shows the log with some more entries and lets the index catch up, until nothing is
//! left to merge. So what is written does not depend on the machine. An index that follows a live
//! log writes the same, with the large merges a little later.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use fasti::client::fetch::{DirectoryFetch, Fetch as _};
use fasti::client::trust::Trust;
use fasti::clock::SystemClock;
use fasti::lookup::{Builder, IndexContext, LookupConfig};
use fasti::lookup_spec::{LatestFile, LookupPath};
use fasti::metrics::LookupMetrics;
use fasti::offload::Workers;
use fasti::signer::{FileSigner, LookupSigner, find_default_key};
use fasti::store::DirectoryStore;
use fasti_flags::MachineFlags;
use serde::Serialize;
use tiles_spec::{NoteSigningKey, Origin, TreeSize};
use tokio::runtime::Runtime;

use super::growing::GrowingLog;
use super::stock::Stock;
use super::written::{CountingStore, Traffic};
use crate::Format;
use crate::process;
use crate::units::{show_count, show_duration};

/// The options of `lookup build`.
#[derive(Args)]
pub struct BuildArguments {
    /// The directory of the log
    #[arg(long, value_name = "DIR")]
    log: PathBuf,
    /// The directory for the index, which must not have one yet [default: the log's]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// A file with the log's key (PRIVATE+KEY+...) [default: the one created for the directory]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where that key is stored.
    #[command(flatten)]
    machine: MachineFlags,
    /// How many entries the log grows by before the index catches up [default: all]
    #[arg(long, value_name = "N")]
    step: Option<u64>,
    /// How large the log grows [default: all of its entries]
    #[arg(long, value_name = "N")]
    entries: Option<u64>,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    log: PathBuf,
    step: Option<u64>,
    seconds: f64,
    entries: u64,
    entries_per_second: f64,
    postings_per_second: f64,
    revisions: u64,
    longest_step_ms: f64,
    peak_rss_kib: u64,
    cpu_seconds: f64,
    puts_of_parts: u64,
    puts_of_others: u64,
    puts_per_million_entries: f64,
    bytes_of_parts: u64,
    bytes_of_others: u64,
    bytes_read: u64,
    /// Bytes of parts written, for each byte of them left at the end.
    bytes_written_per_byte: f64,
    index: Stock,
}

/// What building cost.
struct Built {
    took: Duration,
    longest_step: Duration,
    cpu: Duration,
    traffic: Traffic,
}

/// Builds and prints; always true, because a wrong index would be an error.
pub fn run(arguments: &BuildArguments) -> Result<bool> {
    let runtime = Runtime::new().context("starting the runtime")?;
    let report = runtime.block_on(build(arguments))?;
    match arguments.format {
        Format::Text => print!("{}", report.text()),
        Format::Json => println!("{}", serde_json::to_string(&report)?),
    }
    Ok(true)
}

async fn build(arguments: &BuildArguments) -> Result<Report> {
    let key = read_key(arguments)?;
    let whole = Arc::new(DirectoryFetch::open(arguments.log.clone())?);
    let log = Arc::new(GrowingLog::open(whole, key.clone()).await?);
    let all = log.size().get();
    let entries = arguments.entries.unwrap_or(all);
    ensure!((1..=all).contains(&entries), "--entries: 1 to {all}");
    let step = arguments.step.unwrap_or(entries);
    ensure!(step > 0, "--step: at least 1");

    let to = arguments.to.as_ref().unwrap_or(&arguments.log);
    let store = DirectoryStore::open(to, arguments.machine.directory_options())?;
    let index = DirectoryFetch::open(to.clone())?;
    let is_there = index.fetch_lookup(&LookupPath::Latest).await?.is_some();
    ensure!(!is_there, "{} has an index already", to.display());
    let store = Arc::new(store);
    let counted = Arc::new(CountingStore::new(store.clone()));
    let context = IndexContext {
        housekeeping: Some(store),
        // Remove at once what no revision uses any more; otherwise the disk would keep it all.
        config: LookupConfig { keep_for: Duration::ZERO, ..LookupConfig::default() },
        ..context(log.clone(), &key, counted.clone())?
    };
    let built = grow(&log, context, entries, step, &counted).await?;

    let latest = index.fetch_lookup(&LookupPath::Latest).await?.context("an index was made")?;
    let LatestFile { revision, proof } = LatestFile::parse(&latest)?;
    let index = Stock::of(&revision.manifest);
    let revisions = proof.index.tree_size_after().get();
    Report::new(arguments, &built, index, revisions)
}

fn read_key(arguments: &BuildArguments) -> Result<NoteSigningKey> {
    let made = || find_default_key(&arguments.log, arguments.machine.state().as_ref().ok());
    let path = match &arguments.key {
        Some(path) => path.clone(),
        None => made()?.context("give the log's key with --key FILE")?,
    };
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    NoteSigningKey::parse(text.trim()).with_context(|| format!("the key in {}", path.display()))
}

fn context(
    log: Arc<GrowingLog>,
    key: &NoteSigningKey,
    objects: Arc<CountingStore>,
) -> Result<IndexContext> {
    let origin: Origin = key.verifier_key().name().as_str().parse()?;
    let signer = Arc::new(FileSigner::new(origin.clone(), key.clone()));
    Ok(IndexContext {
        cosigners: None,
        log,
        trust: Trust::in_keys([key.verifier_key().clone()]),
        origin,
        objects,
        housekeeping: None,
        signer: Arc::new(LookupSigner::new(signer)?),
        clock: Arc::new(SystemClock),
        metrics: Arc::new(LookupMetrics::default()),
        workers: Workers::processors(),
        config: LookupConfig::default(),
    })
}

async fn grow(
    log: &GrowingLog,
    context: IndexContext,
    entries: u64,
    step: u64,
    counted: &CountingStore,
) -> Result<Built> {
    let mut builder = Builder::open(context).await?;
    let (cpu, started) = (process::own_cpu_time(), Instant::now());
    let mut longest_step = Duration::ZERO;
    let mut shown = 0;
    while shown < entries {
        shown = shown.saturating_add(step).min(entries);
        log.show(TreeSize::new(shown).context("no more than the log has")?).await?;
        let began = Instant::now();
        let indexed = builder.catch_up().await?;
        longest_step = longest_step.max(began.elapsed());
        ensure!(indexed.size.get() == shown, "the index ends at {} of {shown}", indexed.size);
    }
    let took = started.elapsed();
    let cpu = process::own_cpu_time().checked_sub(cpu).unwrap_or_default();
    Ok(Built { took, longest_step, cpu, traffic: counted.traffic() })
}

#[expect(clippy::cast_precision_loss, reason = "figures for people, not exact counts")]
impl Report {
    fn new(
        arguments: &BuildArguments,
        built: &Built,
        index: Stock,
        revisions: u64,
    ) -> Result<Self> {
        let Built { took, longest_step, cpu, traffic: Traffic { parts, others, read } } = built;
        let seconds = took.as_secs_f64();
        let millions = index.leaves as f64 / 1e6;
        Ok(Self {
            log: arguments.log.clone(),
            step: arguments.step,
            seconds,
            entries: index.leaves,
            entries_per_second: index.leaves as f64 / seconds,
            postings_per_second: index.postings as f64 / seconds,
            revisions,
            longest_step_ms: longest_step.as_secs_f64() * 1e3,
            peak_rss_kib: process::peak_rss_kib(std::process::id())?,
            cpu_seconds: cpu.as_secs_f64(),
            puts_of_parts: parts.requests,
            puts_of_others: others.requests,
            puts_per_million_entries: (parts.requests + others.requests) as f64 / millions,
            bytes_of_parts: parts.bytes,
            bytes_of_others: others.bytes,
            bytes_read: read.bytes,
            bytes_written_per_byte: parts.bytes as f64 / index.bytes as f64,
            index,
        })
    }

    fn text(&self) -> String {
        let (entries, postings) = (show_count(self.entries), show_count(self.index.postings));
        let rate = |per_second: f64| format!("{per_second:.0}/s");
        let step = self.step.map_or_else(
            || "at once".to_owned(),
            |step| format!("{} entries at a time", show_count(step)),
        );
        let longest = show_duration(Duration::from_secs_f64(self.longest_step_ms / 1e3));
        let mebibytes = self.peak_rss_kib as f64 / 1024.0;
        format!(
            "built      {entries} entries = {} and {postings} keys = {} in {:.2} s ({:.2} s CPU), \
             {step}\n\
             steps      {} revisions, the longest step {longest}\n\
             memory     {mebibytes:.1} MiB at most\n\
             written    {} bytes of parts, {:.2} per byte that is left; {} of all else; {} read\n\
             requests   {} PUTs of parts, {} of all else: {:.1} per million entries\n\
             index      {}\n",
            rate(self.entries_per_second),
            rate(self.postings_per_second),
            self.seconds,
            self.cpu_seconds,
            show_count(self.revisions),
            show_count(self.bytes_of_parts),
            self.bytes_written_per_byte,
            show_count(self.bytes_of_others),
            show_count(self.bytes_read),
            show_count(self.puts_of_parts),
            show_count(self.puts_of_others),
            self.puts_per_million_entries,
            self.index.text(),
        )
    }
}
