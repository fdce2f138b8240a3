//! `fasti fsck`: recomputes the whole log, and its index if asked. Prints either that it is clean,
//! or every problem, with exit status 1.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use fasti::audit::fsck::{Attestations, Objects, Options, Report, fsck};
use fasti::audit::heads;
use fasti::audit::lookup::{self, IndexReport, Keys};
use fasti::client::fetch::{DirectoryFetch, Location};
use fasti::client::trust::{OpenedCheckpoint, Trust};
use fasti::store::StoreLocation;
use tiles_spec::{ResourcePath, VerifierKey};
use tokio::runtime::Runtime;

use crate::counted::{counted, entries};
use crate::failure::Failure;
use crate::format::Format;
use crate::freshness::{Case, Freshness, FreshnessFlags};
use crate::globals::Globals;
use crate::memory::is_unreadable;
use crate::output::Output;
use crate::progress::progress_bar;

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
    freshness: FreshnessFlags,
}

impl Arguments {
    /// The output format.
    pub fn format(&self, global: Format) -> Format {
        if self.json { Format::Json } else { global }
    }
}

pub fn run(globals: &Globals, arguments: &Arguments, runtime: &Runtime) -> Result<Output, Failure> {
    let trust = globals.trust()?;
    let (objects, workers) = objects(globals, arguments, runtime)?;
    let options = Options {
        workers: arguments.workers.unwrap_or(workers),
        verify_signatures: arguments.verify_signatures,
        attestations: arguments.attestations,
    };
    // A log that went back is refused before hours of work.
    let fresh = runtime.block_on(freshness(globals, arguments, &trust, None))?;
    let bar = progress_bar();
    let report =
        fsck(&objects, &trust, options, |size| bar.set_length(size.get()), &|n| bar.inc(n))
            .context("nothing was checked")?;
    bar.finish_and_clear();
    let report = match &report.origin {
        Some(_) => {
            let heads = runtime.block_on(heads::check(objects.fetch(), &trust));
            report.with_heads(heads.context("the kept heads were not checked")?)
        }
        None => report,
    };
    let report = match &report.origin {
        Some(origin) if arguments.lookup => {
            let index = check_index(arguments, runtime, &objects, &trust, origin, options)?;
            report.with_index(index)
        }
        _ => report,
    };
    let json = serde_json::to_value(&report).context("a report is JSON")?;
    let output = Output::judged(report.is_clean(), lines(&report), json);
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

fn check_index(
    arguments: &Arguments,
    runtime: &Runtime,
    objects: &Objects,
    trust: &Trust,
    origin: &str,
    Options { workers, .. }: Options,
) -> anyhow::Result<IndexReport> {
    let mut trust = trust.clone();
    trust.indexers.extend(arguments.lookup_key.clone());
    let keys = Keys { log: &trust, lookup: &trust.in_lookup_of(origin), origin };
    let scratch = arguments.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let options = lookup::Options { workers, scratch };
    let bar = progress_bar();
    let announce = |size: tiles_spec::TreeSize| bar.set_length(size.get());
    let report =
        lookup::check(objects, runtime.handle(), keys, &options, announce, &|n| bar.inc(n))
            .context("the index was not checked")?;
    bar.finish_and_clear();
    Ok(report)
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

fn lines(report: &Report) -> Vec<String> {
    let named = report.problems.iter();
    let mut lines: Vec<_> =
        named.map(|problem| format!("{}: {}", problem.path, problem.problem)).collect();
    if report.problems_omitted > 0 {
        lines.push(format!("and {} more problems", report.problems_omitted));
    }
    let (Some(origin), Some(size), Some(root)) = (&report.origin, report.size, &report.root) else {
        lines.push("Not clean: without a checkpoint, nothing else can be checked".to_owned());
        return lines;
    };
    let verdict = if report.is_clean() { "Clean" } else { "Not clean" };
    lines.push(format!("{verdict}: {origin}, tree of {size} with root hash {root}"));
    lines.push(format!(
        "{} ({} Rekor) in {} hash to it; {}",
        entries(report.entries),
        report.rekor_entries,
        counted(report.objects, "object", "objects"),
        counted(report.problems.len() as u64 + report.problems_omitted, "problem", "problems"),
    ));
    lines.extend(report.heads.map(|kept| counted(kept, "head is kept", "heads are kept")));
    lines.extend(report.lookup.as_ref().map(line_of_index));
    lines.extend(report.lookup.as_ref().into_iter().flat_map(attested));
    if let Some(timeless) = report.timed_entries.and_then(|n| report.entries.checked_sub(n))
        && timeless > 0
    {
        let are = if timeless == 1 { "is" } else { "are" };
        lines.push(format!("{} {are} from before the log kept times", entries(timeless)));
    }
    if let Some(Attestations { kept, missing }) = report.attestations {
        lines.push(format!("Attestations: {kept} kept, {missing} not there"));
    }
    if report.frozen {
        lines.push("The log is frozen: this is its last tree".to_owned());
    }
    for (count, one, many) in [
        (report.signatures, "signature verified again", "signatures verified again"),
        (
            report.rekor_v1_entries,
            "entry is of Rekor v1; its signatures are not verified again",
            "entries are of Rekor v1; their signatures are not verified again",
        ),
        (
            report.unreadable_entries,
            "entry looks like Rekor's but cannot be read as such",
            "entries look like Rekor's but cannot be read as such",
        ),
        (report.ahead, "object is ahead of the checkpoint", "objects are ahead of the checkpoint"),
    ] {
        if count > 0 {
            lines.push(counted(count, one, many));
        }
    }
    lines
}

/// Lines on what depends on attestations in an index, if there is anything.
fn attested(index: &IndexReport) -> Vec<String> {
    let mut lines = Vec::new();
    if index.late > 0 {
        let postings = counted(index.late, "posting is", "postings are");
        lines.push(format!("{postings} missing for attestations that were kept later"));
    }
    if index.unexplained > 0 {
        let postings = counted(index.unexplained, "posting is", "postings are");
        lines.push(format!("{postings} of entries whose attestations are not there"));
    }
    lines
}

fn line_of_index(index: &IndexReport) -> String {
    let IndexReport { revisions, runs, parts, bytes, postings, unlisted, .. } = index;
    let Some(size) = index.size else {
        let revisions = counted(*revisions, "revision", "revisions");
        return format!("Index: none of its {revisions} could be reproduced");
    };
    let others = match unlisted {
        0 => String::new(),
        1 => "; 1 object is of another revision".to_owned(),
        count => format!("; {count} objects are of other revisions"),
    };
    format!(
        "Index: revision {} of {}; {} in {} of {} ({bytes} bytes) match the entries{others}",
        revisions.saturating_sub(1),
        entries(size),
        counted(*postings, "posting", "postings"),
        counted(*parts, "object", "objects"),
        counted(*runs, "run", "runs"),
    )
}
