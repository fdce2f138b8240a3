//! `fasti fsck`: recomputes the whole log, and its index if asked. Prints either that it is clean,
//! or every problem, with exit status 1. Repairs what can be derived, if asked.

mod others;
mod repairing;
mod state_file;
mod words;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use fasti::audit::fsck::{FsckError, Objects, Options, Outcome, Report, State, Watch, fsck_from};
use fasti::audit::heads;
use fasti::audit::lookup::{self, IndexAuditError, IndexReport, Keys};
use fasti::causes::with_causes;
use fasti::client::fetch::{DirectoryFetch, Location};
use fasti::client::trust::{OpenedCheckpoint, Trust};
use fasti::store::StoreLocation;
use tiles_spec::{ResourcePath, TreeSize, VerifierKey};
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::format::Format;
use crate::freshness::{Case, Freshness, FreshnessFlags};
use crate::globals::Globals;
use crate::memory::is_unreadable;
use crate::output::Output;
use crate::progress::ProgressFlags;

use others::{OtherFlags, Others};
use repairing::{RepairFlags, Repaired};
use state_file::{StateFile, StateFlags};
use words::lines;

/// The number of concurrent requests to a log behind a URL or in a bucket.
const REQUESTS: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct Arguments {
    /// Threads that read and hash [default: one per processor; 16 for a URL or bucket]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Verify the signatures in Rekor entries again
    #[arg(long)]
    verify_signatures: bool,
    /// Also look for attestations beside the entries; this is done anyway if the log says that it
    /// keeps them
    #[arg(long)]
    attestations: bool,
    /// Also recompute the lookup index, and compare every posting
    #[arg(long)]
    lookup: bool,
    /// Where the index is [default: next to the log]
    #[arg(long, value_name = "URL|DIR", requires = "lookup")]
    index: Option<Location>,
    /// The verifier key that signs the index [default: the log's own key, for ORIGIN/lookup]
    #[arg(long, value_name = "VKEY", requires = "lookup")]
    lookup_key: Option<VerifierKey>,
    /// A directory for postings that do not fit into memory [default: the system's]
    #[arg(long, value_name = "DIR", requires = "lookup")]
    scratch: Option<PathBuf>,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: StateFlags,
    #[command(flatten)]
    others: OtherFlags,
    #[command(flatten)]
    repair: RepairFlags,
    #[command(flatten)]
    progress: ProgressFlags,
    #[command(flatten)]
    freshness: FreshnessFlags,
}

impl Arguments {
    /// The output format.
    pub fn format(&self, global: Format) -> Format {
        if self.json { Format::Json } else { global }
    }
}

pub fn run(globals: &Globals, arguments: &Arguments, runtime: &Runtime) -> Result<Output, Failure> {
    let began = Instant::now();
    let trust = globals.trust()?;
    let (objects, workers) = objects(globals, arguments, runtime)?;
    let options = Options {
        workers: arguments.workers.unwrap_or(workers),
        verify_signatures: arguments.verify_signatures,
        attestations: arguments.attestations,
    };
    let repair = arguments.repair.prepare(globals, runtime)?;
    // A log that went back is refused before hours of work.
    let fresh = runtime.block_on(freshness(globals, arguments, &trust, None))?;
    let memory = arguments.freshness.monitor();
    let others = runtime.block_on(arguments.others.read(globals, &trust, memory))?;
    let file = arguments.state.open();
    let before = file.as_ref().map(StateFile::load).transpose()?.flatten();
    let run = Run { arguments, runtime, objects: &objects, trust: &trust, options, others };
    let Outcome { mut report, mut state } = run.check(before.as_ref(), file.as_ref())?;
    let mut repaired: Option<Repaired> = None;
    let resumed = report.resumed.clone();
    while let (Some(repair), Some(checkpoint)) = (&repair, &report.checkpoint) {
        let format = arguments.format(globals.format);
        let round = repair.run(runtime, &objects.fetch(), &trust, checkpoint, &report, format)?;
        let (is_done, has_written) = (round.is_done(), round.has_written());
        repaired = Some(Repaired::after(repaired, round));
        if is_done {
            // The same again, for the places that had problems.
            Outcome { report, state } = run.check(state.as_ref(), file.as_ref())?;
        }
        // What was repaired may show what is wrong below it.
        if !has_written || report.is_clean() {
            break;
        }
    }
    let repaired = repaired.map(|repaired| repaired.settled_by(&report));
    report.resumed = resumed;
    let output = output(&report, repaired.as_ref(), began.elapsed())?;
    let output = output.warn(file.and_then(StateFile::into_warning));
    let Some(read) = &report.checkpoint else { return Ok(output) };
    let fresh = match fresh.filter(|fresh| fresh.head() == read.head()) {
        Some(fresh) => Some(fresh),
        None => runtime.block_on(freshness(globals, arguments, &trust, Some(read)))?,
    };
    Ok(match fresh {
        Some(fresh) => fresh.end(output, Case::Snake),
        None => output.warn([NOT_COMPARED.to_owned()]),
    })
}

/// What a check needs.
struct Run<'a> {
    arguments: &'a Arguments,
    runtime: &'a Runtime,
    objects: &'a Objects,
    trust: &'a Trust,
    options: Options,
    others: Others,
}

impl Run<'_> {
    /// Checks everything that is asked for. What an earlier check got through is not read again.
    fn check(&self, before: Option<&State>, file: Option<&StateFile>) -> Result<Outcome, Failure> {
        let progress = self.arguments.progress.begin();
        let watch = Watch {
            progress: &|count| progress.add(count),
            save: &|state: &State| file.into_iter().for_each(|file| file.save_now_and_then(state)),
        };
        let announce = |left: TreeSize| progress.announce(left.get());
        let checked = fsck_from(self.objects, self.trust, self.options, before, announce, watch);
        let Outcome { report, state } = checked.map_err(refused)?;
        progress.end();
        if let (Some(file), Some(state)) = (file, &state) {
            file.save(state);
        }
        Ok(Outcome { report: self.check_beside(report)?, state })
    }

    /// Checks what there is beside the tree.
    fn check_beside(&self, report: Report) -> anyhow::Result<Report> {
        let Some(checkpoint) = report.checkpoint.clone() else { return Ok(report) };
        let fetch = self.objects.fetch();
        let heads = self.runtime.block_on(heads::check(fetch.clone(), self.trust));
        let report = report.with_heads(heads.context("the kept heads were not checked")?);
        let compared = self.runtime.block_on(self.others.compare(&fetch, &checkpoint));
        let report = report.with_elsewhere(compared.0, compared.1);
        if !self.arguments.lookup {
            return Ok(report);
        }
        match self.check_index(&checkpoint.checkpoint().origin) {
            Ok(index) => Ok(report.with_index(index)),
            // The check of the log has named the damage.
            Err(IndexAuditError::Log(error)) if error.is_refusal() => {
                let problem = format!("the index was not checked: {}", with_causes(&error));
                Ok(report.with_unchecked_index(problem))
            }
            Err(error) => Err(anyhow::Error::from(error).context("the index was not checked")),
        }
    }

    fn check_index(&self, origin: &str) -> Result<IndexReport, IndexAuditError> {
        let mut trust = self.trust.clone();
        trust.indexers.extend(self.arguments.lookup_key.clone());
        let keys = Keys { log: &trust, lookup: &trust.in_lookup_of(origin), origin };
        let scratch = self.arguments.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let options = lookup::Options { workers: self.options.workers, scratch };
        let progress = self.arguments.progress.begin();
        let announce = |size: TreeSize| progress.announce(size.get());
        let add = |count| progress.add(count);
        let (objects, runtime) = (self.objects, self.runtime.handle());
        let report = lookup::check(objects, runtime, keys, &options, announce, &add)?;
        progress.end();
        Ok(report)
    }
}

/// Why nothing was checked.
fn refused(error: FsckError) -> Failure {
    let is_refusal = matches!(&error, FsckError::State(error) if error.is_refusal());
    let error = anyhow::Error::from(error).context("nothing was checked");
    if is_refusal { Failure::Refused(error) } else { Failure::Broken(error) }
}

/// The form of the JSON report (`src/docs/formats.md`, "Reports of fsck").
const FORMAT: &str = "fasti/fsck/v1";

/// The report, and what was done about it.
fn output(report: &Report, repaired: Option<&Repaired>, taken: Duration) -> anyhow::Result<Output> {
    let mut json = serde_json::to_value(report).context("a report is JSON")?;
    json["format"] = FORMAT.into();
    json["seconds"] = taken.as_secs_f64().into();
    let mut lines = lines(report);
    if let Some(repaired) = repaired {
        json["repair"] = repaired.json();
        lines.extend(repaired.lines());
    }
    Ok(Output::judged(report.is_clean(), lines, json))
}

const NOT_COMPARED: &str = "this log was not compared with what was seen before, because of the \
                            problems above";

/// How new the log's tree is, at this checkpoint or at the one that is served now. `None` if the
/// log cannot be read so far, which is for the check itself to report.
async fn freshness(
    globals: &Globals,
    arguments: &Arguments,
    trust: &Trust,
    checkpoint: Option<&OpenedCheckpoint>,
) -> Result<Option<Freshness>, Failure> {
    let Ok(fetch) = globals.open(globals.location()?) else { return Ok(None) };
    let checkpoint = if let Some(checkpoint) = checkpoint {
        checkpoint.clone()
    } else {
        let Ok(Some(bytes)) = fetch.fetch(&ResourcePath::Checkpoint).await else {
            return Ok(None);
        };
        let Ok(checkpoint) = trust.open(&bytes) else { return Ok(None) };
        checkpoint
    };
    match arguments.freshness.check(&fetch, &checkpoint, trust).await {
        Err(Failure::Refused(error) | Failure::Broken(error)) if is_unreadable(&error) => Ok(None),
        checked => checked.map(Some),
    }
}

fn objects(
    globals: &Globals,
    arguments: &Arguments,
    runtime: &Runtime,
) -> anyhow::Result<(Objects, NonZeroUsize)> {
    if arguments.index.is_some() {
        let fetch = globals.log_and_index(arguments.index.as_ref())?;
        return Ok((Objects::Remote { fetch, runtime: runtime.handle().clone() }, REQUESTS));
    }
    match globals.location()? {
        Location::Store(StoreLocation::Directory(path)) => {
            let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            Ok((Objects::Directory(DirectoryFetch::open(path.clone())?), processors))
        }
        remote => {
            let fetch = globals.open(remote)?;
            Ok((Objects::Remote { fetch, runtime: runtime.handle().clone() }, REQUESTS))
        }
    }
}
