//! `fasti-bench lookup ask`: looks up known keys with the code that every client uses.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use fasti::client::fetch::{Fetch, Location};
use fasti::client::search::{Index, LIMIT_MAX, Operator, Question as Asked, search};
use fasti::client::trust::Trust;
use fasti::lookup_spec::LookupPath;
use fasti_flags::BucketFlags;
use serde::Serialize;
use tiles_spec::{ResourcePath, VerifierKey};
use tokio::runtime::Runtime;

use super::answers::{Class, Lookup, mistake};
use super::counting::CountingFetch;
use super::known::{Known, Question};
use super::stock::Stock;
use crate::Format;
use crate::entries::Random;
use crate::units::show_count;

/// The options of `lookup ask`.
///
/// Reported figures are median / 99th percentile / worst.
#[derive(Args)]
pub struct AskArguments {
    /// The log: its URL, bucket (s3, gs, az) or directory
    #[arg(long, value_name = "URL|DIR")]
    log: Location,
    /// Known keys of the log: the output of fasti-corpus
    #[arg(long, value_name = "FILE")]
    known: PathBuf,
    /// The log's verifier key [default: the one in the file]
    #[arg(long, value_name = "NAME+ID+KEY")]
    vkey: Option<VerifierKey>,
    /// Number of lookups for each class of keys
    #[arg(long, default_value_t = 1000, value_name = "N")]
    lookups: u32,
    /// Maximum number of entries to read for a lookup, newest first
    #[arg(long, default_value_t = 10, value_name = "N")]
    limit: usize,
    /// Seed for choosing the keys
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    buckets: BucketFlags,
}

#[derive(Serialize)]
struct Report {
    passed: bool,
    log: String,
    log_size: u64,
    revision: u64,
    limit: usize,
    index: Stock,
    classes: Vec<Class>,
    wrong: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_wrong: Option<String>,
}

/// Asks and prints; true if every answer was right.
pub fn run(arguments: &AskArguments) -> Result<bool> {
    ensure!((1..=1_000_000).contains(&arguments.lookups), "--lookups: 1 to 1000000");
    ensure!((1..=LIMIT_MAX).contains(&arguments.limit), "--limit: 1 to {LIMIT_MAX}");
    let runtime = Runtime::new().context("starting the runtime")?;
    let report = runtime.block_on(ask(arguments))?;
    match arguments.format {
        Format::Text => print!("{}", report.text()),
        Format::Json => println!("{}", serde_json::to_string(&report)?),
    }
    Ok(report.passed)
}

async fn ask(arguments: &AskArguments) -> Result<Report> {
    let known = Known::read(&arguments.known)?;
    let key = match &arguments.vkey {
        Some(key) => key.clone(),
        None => known.verifier_key.parse().context("the verifier key in the file")?,
    };
    let trust = Trust::in_keys([key]);
    let fetch = arguments.log.open(&arguments.buckets.options()?)?;
    let (index, log_size) = newest(&*fetch, &trust).await?;
    let is_behind = index.head().size.get() < log_size;
    let fetch = CountingFetch::new(fetch, is_behind.then_some(index.head().size));
    let fetch = Arc::new(fetch);

    let mut classes = Vec::new();
    let (mut wrong, mut first_wrong) = (0, None);
    for (class, questions) in known.classes()? {
        let mut random = Random::new(arguments.seed);
        let mut lookups = Vec::new();
        for _ in 0..arguments.lookups {
            let drawn = usize::try_from(random.below(questions.len() as u64))?;
            let question = questions[drawn];
            let (lookup, mistake) = look_up(&fetch, &trust, question, arguments.limit).await?;
            if let Some(mistake) = mistake {
                wrong += 1;
                first_wrong.get_or_insert(mistake);
            }
            lookups.push((question, lookup));
        }
        classes.push(Class::new(&class, &lookups));
    }
    Ok(Report {
        passed: wrong == 0,
        log: arguments.log.to_string(),
        log_size,
        revision: index.revision().get(),
        limit: arguments.limit,
        index: Stock::of(index.manifest()),
        classes,
        wrong,
        first_wrong,
    })
}

/// The newest revision of the index, and the size of the log.
async fn newest(fetch: &dyn Fetch, trust: &Trust) -> Result<(Index, u64)> {
    let Some(checkpoint) = fetch.fetch(&ResourcePath::Checkpoint).await? else {
        bail!("there is no log: nothing at {}", fetch.place(&ResourcePath::Checkpoint));
    };
    let checkpoint = trust.open(&checkpoint)?;
    let Some(latest) = fetch.fetch_lookup(&LookupPath::Latest).await? else {
        bail!("there is no index: nothing at {}", fetch.place_of_lookup(&LookupPath::Latest));
    };
    Ok((Index::open(&latest, trust, &checkpoint)?, checkpoint.head().size.get()))
}

/// Asks one question. Returns what it cost, and what is wrong with the answer, if anything.
async fn look_up(
    fetch: &Arc<CountingFetch>,
    trust: &Trust,
    question: &Question,
    limit: usize,
) -> Result<(Lookup, Option<String>)> {
    let term = question.term()?;
    let asked = Asked { limit, ..Asked::new([term.clone()], Operator::Or) };
    fetch.take();
    let started = Instant::now();
    let answer = search(fetch.clone(), trust, &asked).await;
    let took = started.elapsed();
    let answer = answer.with_context(|| term.to_string())?;
    let mistake = mistake(question, &answer, limit).map(|mistake| format!("{term}: {mistake}"));
    let entries = answer.entries.len();
    Ok((Lookup { read: fetch.take(), took, entries }, mistake))
}

impl Report {
    fn text(&self) -> String {
        let mut text = format!(
            "log        {} of {} entries; index of {} of them, revision {}\nindex      {}\n",
            self.log,
            show_count(self.log_size),
            show_count(self.index.leaves),
            self.revision,
            self.index.text(),
        );
        text.extend(self.classes.iter().map(Class::text));
        let answers = match &self.first_wrong {
            None => "all right; figures are median / 99th percentile / worst".to_owned(),
            Some(first) => format!("WRONG: {}; first: {first}", self.wrong),
        };
        text.extend(["answers    ", &answers, "\n"]);
        text
    }
}
