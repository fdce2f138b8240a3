//! `fasti fsck`: derives the whole log again. Clean, or every problem by name and exit status 1.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;

use anyhow::Context as _;
use clap::Args;
use fasti::audit::fsck::{Objects, Options, Report, fsck};
use fasti::client::fetch::{DirectoryFetch, Location};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use crate::failure::Failure;
use crate::globals::{Format, Globals};
use crate::output::Output;

/// Requests at once to a log behind a URL.
const REQUESTS: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

#[derive(Args)]
pub struct Arguments {
    /// Threads that read and hash [default: one for each processor; 16 for a URL]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Verify the signatures in Rekor entries again
    #[arg(long)]
    verify_signatures: bool,
    /// The same as --format json
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// How to print.
    pub fn format(&self, global: Format) -> Format {
        if self.json { Format::Json } else { global }
    }
}

pub fn run(globals: &Globals, arguments: &Arguments, runtime: &Runtime) -> Result<Output, Failure> {
    let trust = globals.trust()?;
    let (objects, workers) = objects(globals.location()?, runtime)?;
    let options = Options {
        workers: arguments.workers.unwrap_or(workers),
        verify_signatures: arguments.verify_signatures,
    };
    let bar = progress_bar();
    let report =
        fsck(&objects, &trust, options, |size| bar.set_length(size.get()), &|n| bar.inc(n))
            .context("nothing was checked")?;
    bar.finish_and_clear();
    let json = serde_json::to_value(&report).context("a report is JSON")?;
    Ok(Output { good: report.is_clean(), text: text(&report), json })
}

fn objects(location: &Location, runtime: &Runtime) -> anyhow::Result<(Objects, NonZeroUsize)> {
    match location {
        Location::Directory(path) => {
            let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            Ok((Objects::Directory(DirectoryFetch::open(path.clone())?), processors))
        }
        Location::Http(_) => {
            let (fetch, runtime) = (location.open()?, runtime.handle().clone());
            Ok((Objects::Remote { fetch, runtime }, REQUESTS))
        }
    }
}

/// A bar on a terminal; nothing anywhere else.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{wide_bar} {human_pos}/{human_len} entries, {per_sec}, {eta} left",
    );
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        text.push_str(&format!("{}: {}\n", problem.path, problem.problem));
    }
    if report.problems_omitted > 0 {
        text.push_str(&format!("and {} more problems\n", report.problems_omitted));
    }
    let (Some(origin), Some(size), Some(root)) = (&report.origin, report.size, &report.root) else {
        text.push_str("Not clean: without a checkpoint that verifies, nothing else was checked\n");
        return text;
    };
    let verdict = if report.is_clean() { "Clean" } else { "Not clean" };
    text.push_str(&format!(
        "{verdict}: {origin}, tree of {size} with root hash {root}\n\
         {} entries ({} Rekor) in {} objects hash to it; {} problems\n",
        report.entries,
        report.rekor_entries,
        report.objects,
        report.problems.len() as u64 + report.problems_omitted,
    ));
    if report.signatures > 0 {
        text.push_str(&format!("{} signatures verified again\n", report.signatures));
    }
    if report.unreadable_entries > 0 {
        let count = report.unreadable_entries;
        text.push_str(&format!("{count} entries look like Rekor's and cannot be read as such\n"));
    }
    if report.ahead > 0 {
        text.push_str(&format!("{} objects are ahead of the checkpoint\n", report.ahead));
    }
    text
}
