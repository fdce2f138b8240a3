//! `fasti index`: builds a log's lookup index, or follows a log and keeps its index up to date.
//!
//! Writers can index their own log. This verb is for logs whose writers do not, for indexes stored
//! elsewhere, and for catching up with a large log in one run.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use clap::Args;
use fasti::client::fetch::Location;
use fasti::client::reader::{ReadError, View};
use fasti::clock::{Clock, SystemClock};
use fasti::grow::GrowthWatch;
use fasti::lookup::{Builder, IndexContext, IndexError, LookupConfig, keep};
use fasti::metrics::LookupMetrics;
use fasti::offload::Workers;
use fasti::signer::{LookupSigner, OpenedKey, Signer as _};
use fasti::store::StoreLocation;
use fasti_flags::{KeyFlags, MachineFlags};
use reqwest::Url;
use serde_json::json;
use tiles_spec::{Origin, TreeHead, TreeSize, VerifierKey};

use crate::counted::{counted, entries};
use crate::failure::{Failure, refused_if};
use crate::globals::Globals;
use crate::output::Output;

#[derive(Args)]
pub struct Arguments {
    /// Where to write the index: a bucket (s3, gs, az) or a directory [default: next to the log]
    #[arg(long, value_name = "URL|DIR")]
    to: Option<StoreLocation>,
    /// Keep indexing as the log grows, until stopped
    #[arg(long)]
    follow: bool,
    /// With --follow: the minimum time between two revisions, in seconds
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// The key that signs the index: the log's own, or another. Clients that search must trust it.
    #[command(flatten)]
    keys: KeyFlags,
    /// Options for this machine.
    #[command(flatten)]
    machine: MachineFlags,
}

/// How often to check a log that another process writes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let (context, key) = context(globals, arguments).await?;
    let is_refusal = |error: &IndexError| !error.is_passing();
    if arguments.follow {
        let growth = Arc::new(LookAgain(context.clock.clone()));
        refused_if(keep(context, growth).await, is_refusal)?;
        return Err(anyhow!("the log can no longer be followed").into());
    }
    let mut builder = refused_if(Builder::open(context).await, is_refusal)?;
    let indexed = refused_if(builder.catch_up().await, is_refusal)?;
    Ok(output(&key, indexed, builder.runs()))
}

async fn context(
    globals: &Globals,
    arguments: &Arguments,
) -> Result<(IndexContext, VerifierKey), Failure> {
    let log = globals.open(globals.location()?)?;
    let trust = globals.trust()?;
    let view = refused_if(View::open(log.clone(), &trust).await, ReadError::is_refusal)?;
    let origin = view.checkpoint().log().origin();
    let origin: Origin = origin.parse().map_err(anyhow::Error::from)?;
    let to = match (&arguments.to, globals.location()?) {
        (Some(store), _) | (None, Location::Store(store)) => store,
        (None, Location::Http(url)) => return Err(nowhere(url).into()),
    };
    let key = arguments.keys.find(to, arguments.machine.state().as_ref().ok());
    let key = key.map_err(anyhow::Error::from)?;
    let key = key.context("give the key to sign the index with: --key FILE")?;
    let opened = arguments.keys.open(&key, origin.clone()).await;
    let OpenedKey { signer, .. } = opened.map_err(anyhow::Error::from)?;
    let signer = LookupSigner::new(signer).context("the origin is too long to have an index")?;
    let key = signer.verifier_key();
    let store = to.open(&globals.store_options(&arguments.machine)?).await;
    let store = store.map_err(anyhow::Error::from)?;
    let config =
        LookupConfig { spacing: Duration::from_secs(arguments.seconds), ..LookupConfig::default() };
    let context = IndexContext {
        cosigners: None,
        log,
        trust,
        origin,
        objects: store.stores().objects,
        housekeeping: Some(store.housekeeping()),
        signer: Arc::new(signer),
        clock: Arc::new(SystemClock),
        metrics: Arc::new(LookupMetrics::default()),
        workers: Workers::processors(),
        config,
    };
    Ok((context, key))
}

fn nowhere(log: &Url) -> anyhow::Error {
    anyhow!("an index cannot be written to {log}: name a bucket or directory with --to")
}

/// Polls a log that another process writes.
struct LookAgain(Arc<dyn Clock>);

#[async_trait]
impl GrowthWatch for LookAgain {
    async fn beyond(&self, _: TreeSize) {
        self.0.sleep(LOOK_AGAIN).await;
    }
}

fn output(key: &VerifierKey, indexed: TreeHead, runs: usize) -> Output {
    let lines = vec![
        format!(
            "Indexed:           {}, in {}",
            entries(indexed.size.get()),
            counted(runs as u64, "run", "runs")
        ),
        format!("Root Hash:         {}", indexed.root),
        format!("Signed as:         {key}"),
    ];
    let json = json!({
        "TreeSize": indexed.size.get(),
        "RootHash": indexed.root.to_string(),
        "Runs": runs,
        "VerifierKey": key.to_string(),
    });
    Output::good(lines, json)
}
