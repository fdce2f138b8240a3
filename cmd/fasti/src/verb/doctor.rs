//! `fasti doctor`: races writes on a store, to find out whether several writers can share it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use fasti::client::description::Description;
use fasti::client::fetch::Location;
use fasti::entropy::{Entropy as _, OsEntropy};
use fasti::store::StoreLocation;
use fasti::store::probe::{Examination, Latency, ProbeError, examine};
use fasti_flags::MachineFlags;
use serde_json::{Value, json};
use tiles_spec::TreeHead;

use crate::failure::Failure;
use crate::globals::Globals;
use crate::output::Output;

#[derive(Args)]
pub struct Arguments {
    /// The store: a bucket (s3, gs, az), or a directory
    ///
    /// The check writes under its own names and cleans up afterwards. A log there is not touched.
    #[arg(long, env = "FASTI_STORE", value_name = "URL|DIR")]
    store: StoreLocation,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let examined = examined(globals, &arguments.store).await?;
    let mut output = report(&arguments.store, examined)?;
    let last = last_tree(globals, &arguments.store).await?;
    if let Some(TreeHead { size, root }) = last {
        let line =
            format!("The store has a frozen log: its last tree is of {size}, root hash {root}");
        output.lines.push(line);
        output.json["frozen"] = json!({"treeSize": size.get(), "rootHash": root.to_string()});
    }
    Ok(output)
}

async fn examined(globals: &Globals, store: &StoreLocation) -> anyhow::Result<Examination> {
    let nonce = OsEntropy.nonce();
    let trial = match store {
        StoreLocation::Memory => bail!("--store {store} is for trials of a writer alone"),
        StoreLocation::Directory(path) => Some(TrialDirectory::below(path, nonce)?),
        StoreLocation::Bucket(_) => None,
    };
    let location = trial.as_ref().map_or(store.clone(), TrialDirectory::location);
    let options = globals.store_options(&MachineFlags::default())?;
    let opened = location.open(&options).await.context("nothing was found out")?;
    Ok(examine(&opened.stores(), nonce).await)
}

/// The last tree of the log in the store, if the log says that it was frozen.
async fn last_tree(globals: &Globals, store: &StoreLocation) -> anyhow::Result<Option<TreeHead>> {
    let log = Location::Store(store.clone());
    let described = log.open(&globals.bucket_options()?)?.description().await?;
    Ok(Description::parse(&described.unwrap_or_default()).last_tree())
}

/// A directory inside the store's, so that the check can run while a writer has the store open.
/// Removed when dropped.
struct TrialDirectory(PathBuf);

impl TrialDirectory {
    fn below(path: &Path, nonce: [u8; 16]) -> anyhow::Result<Self> {
        let trial = path.join(format!(".fasti-doctor-{}", hex::encode(nonce)));
        fs::create_dir(&trial).with_context(|| format!("cannot create {}", trial.display()))?;
        Ok(Self(trial))
    }

    fn location(&self) -> StoreLocation {
        StoreLocation::Directory(self.0.clone())
    }
}

impl Drop for TrialDirectory {
    fn drop(&mut self) {
        // If this fails, the directory's name still says what it is.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn report(store: &StoreLocation, examined: Examination) -> Result<Output, Failure> {
    let mut lines = Vec::new();
    let mut checks = Vec::new();
    let mut good = true;
    for (check, verdict) in examined.checks {
        let problem = match verdict {
            Ok(()) => None,
            Err(error @ ProbeError::Store(_)) => return Err(anyhow::Error::from(error).into()),
            Err(error) => Some(error.to_string()),
        };
        good &= problem.is_none();
        lines.push(format!("{:<26}{}", format!("{check}:"), problem.as_deref().unwrap_or("ok")));
        checks.push(json!({"check": check.to_string(), "problem": problem}));
    }
    for (what, latency) in &examined.latencies {
        lines.push(format!("{:<26}{}", format!("{what}:"), in_words(latency)));
    }
    let shared = good && matches!(store, StoreLocation::Bucket(_));
    lines.push(match (good, shared) {
        (false, _) => format!("Not fit for a log: {store}"),
        (true, true) => format!("Fit for any number of writers: {store}"),
        (true, false) => format!("Fit for one writer, like any directory: {store}"),
    });
    let latencies: serde_json::Map<String, Value> = examined
        .latencies
        .iter()
        .map(|(what, latency)| ((*what).to_owned(), in_json(latency)))
        .collect();
    let json = json!({
        "store": store.to_string(),
        "fit": good,
        "shared": shared,
        "checks": checks,
        "latencies": latencies,
    });
    Ok(Output::judged(good, lines, json))
}

fn in_words(latency: &Latency) -> String {
    let Latency { requests, median, longest } = latency;
    format!("{requests} requests, median {median:.1?}, longest {longest:.1?}")
}

fn in_json(latency: &Latency) -> Value {
    json!({
        "requests": latency.requests,
        "median_ms": latency.median.as_secs_f64() * 1000.0,
        "longest_ms": latency.longest.as_secs_f64() * 1000.0,
    })
}
