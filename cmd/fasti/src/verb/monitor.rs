//! `fasti monitor`: watches any number of logs, once or again and again. What is watched comes from
//! flags and from a file (`settings`), the logs also from a trusted root (`logs`).

mod logs;
mod patterns;
mod rekor_v1;
mod reports;
mod settings;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use fasti::client::monitor::Monitor;
use fasti::clock::SystemClock;
use fasti::entropy::{Entropy as _, OsEntropy};
use fasti::monitor::matcher::Matcher;
use fasti::monitor::rules::Rules;
use fasti::monitor::watch::{Outcome, Watch};
use fasti::offload::Workers;
use fasti_flags::own_state_dir;
use serde_json::json;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::files;
use crate::format::Format;
use crate::globals::Globals;
use crate::output::Output;
use reports::Reports;
pub use settings::Arguments;
use settings::Settings;

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let settings = arguments.settings()?;
    let own = || Some(own_state_dir()?.join("monitor"));
    let state = settings.state.clone().or_else(own).context("name a directory with --state")?;
    let _lock = lock(&state)?;
    let logs = logs::watched(globals, arguments, &settings, &state).await?;
    let rules = rules(globals, &settings, &state)?;
    let is_once = settings.once;
    let reports = Arc::new(Reports::new(&settings, &state, globals.format, is_once)?);
    let every = Duration::from_secs(settings.every.unwrap_or(settings::EVERY));
    let mut watching = JoinSet::new();
    for log in logs {
        let (mut watch, reports) = (Watch::new(log, rules.clone()), reports.clone());
        watching.spawn(async move {
            loop {
                let outcome = watch.round(&*reports).await;
                if is_once {
                    return outcome;
                }
                tokio::time::sleep(every).await;
            }
        });
    }
    let mut outcomes = Vec::new();
    while let Some(outcome) = watching.join_next().await {
        outcomes.push(outcome.context("a round has failed")?);
    }
    Ok(end(globals.format, &outcomes))
}

/// The outcome of one round of each log.
fn end(format: Format, outcomes: &[Outcome]) -> Output {
    let any = |is: fn(&Outcome) -> bool| outcomes.iter().any(is);
    let status = if any(|outcome| outcome.has_alarms) {
        1
    } else if any(|outcome| outcome.has_failed) {
        2
    } else if any(|outcome| outcome.has_matches) {
        3
    } else {
        0
    };
    let words = match status {
        1 => "Something is wrong with a log",
        2 => "Not all logs were read to their ends",
        3 => "Entries matched",
        _ => "Nothing to report",
    };
    let json = json!({ "event": "end", "status": status, "logs": outcomes.len() });
    let output = Output::good(vec![words.to_owned()], json).with_status(status);
    if format == Format::Json { output.on_one_line() } else { output }
}

fn rules(globals: &Globals, settings: &Settings, state: &Path) -> anyhow::Result<Rules> {
    let mut authorities = match &settings.trusted_root {
        Some(path) => globals.trusted_root(Some(path))?.authorities,
        None => Vec::new(),
    };
    if let Some(path) = &settings.ca_roots {
        authorities.push(files::read_authority(path)?);
    }
    let patterns = patterns::read(&settings.matches)?;
    if settings.wants_unvouched() && authorities.is_empty() {
        bail!("--unvouched needs authorities: give a --trusted-root that has some, or --ca-roots");
    }
    let nonce = OsEntropy.nonce();
    let matcher = Matcher {
        patterns: Arc::new(patterns),
        authorities,
        signatures: !settings.skip_signatures,
        salt: u64::from_le_bytes(std::array::from_fn(|at| nonce[at])),
    };
    Ok(Rules {
        matcher: Arc::new(matcher),
        memory: Monitor::new(state.to_owned()),
        stalled_after: settings.stalled_after.map(|span| span.0),
        reports_each: settings.report_max.unwrap_or(settings::REPORTS_EACH),
        reports_max: settings::REPORTS_MAX,
        samples: settings.index_samples.unwrap_or(settings::INDEX_SAMPLES),
        workers: Workers::processors(),
        turns: Arc::default(),
        clock: Arc::new(SystemClock),
    })
}

/// Makes the directory, and keeps other monitors out of it.
fn lock(state: &Path) -> anyhow::Result<File> {
    let name = || format!("cannot use {}", state.display());
    std::fs::create_dir_all(state).with_context(name)?;
    let file = File::create(state.join("lock")).with_context(name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another monitor uses {}: name another directory with --state", state.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(name),
    }
}
