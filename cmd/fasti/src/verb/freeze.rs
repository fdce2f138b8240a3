//! `fasti freeze`: closes a log for good. The writers of a log in a bucket can keep running.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use fasti::causes::with_causes;
use fasti::client::fetch::Location;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::heads::{HeadsContext, keep_last};
use fasti::log::peers::Nobody;
use fasti::log::{Context, Frozen, LogConfig, RecoverError, Sharing, freeze};
use fasti::metrics::{HeadsMetrics, LogMetrics};
use fasti::store::{OpenedStore, StoreLocation};
use fasti_flags::{KeyFlags, MachineFlags};
use serde_json::json;
use tiles_spec::{Origin, ResourcePath, SignedCheckpoint};

use crate::failure::{Failure, refused_if};
use crate::globals::Globals;
use crate::output::Output;
use crate::terminal;

#[derive(Args)]
pub struct Arguments {
    /// The log's store: a bucket (s3, gs, az), or a directory whose writer has stopped
    #[arg(long, env = "FASTI_STORE", value_name = "URL|DIR")]
    store: StoreLocation,
    /// The log's keys, as given to its writers.
    #[command(flatten)]
    keys: KeyFlags,
    /// Options for this machine.
    #[command(flatten)]
    machine: MachineFlags,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let context = context(globals, arguments).await?;
    let origin = context.signer.origin().to_string();
    let frozen = refused_if(freeze(&context).await, |error| !RecoverError::is_passing(error))?;
    let output = output(&origin, &frozen);
    // The log is frozen, whether this succeeds or not.
    let kept = keep_last(heads(&context)).await;
    let missing =
        kept.err().map(|error| format!("its last head is not kept: {}", with_causes(&error)));
    Ok(output.warn(missing))
}

fn heads(context: &Context) -> HeadsContext {
    HeadsContext {
        objects: context.stores.objects.clone(),
        origin: context.signer.origin().clone(),
        key: context.signer.verifier_key(),
        clock: context.clock.clone(),
        spacing: Duration::ZERO,
        metrics: HeadsMetrics::default(),
    }
}

async fn context(globals: &Globals, arguments: &Arguments) -> anyhow::Result<Context> {
    let origin = origin(globals, &arguments.store).await?;
    let state = arguments.machine.state();
    let key = arguments.keys.find(&arguments.store, state.as_ref().ok())?;
    let key = key.context("give the log's key with --key FILE, as for its writers")?;
    let key = arguments.keys.open(&key, origin).await?;
    let (memory, missing) = fasti_flags::memory(&key, state);
    if let (None, Some(missing)) = (&memory, missing) {
        let missing = with_causes(&missing);
        terminal::say(&format!("what is signed now will not be remembered: {missing}"));
    }
    let store = arguments.store.open(&globals.store_options(&arguments.machine)?).await?;
    let sharing = match &store {
        OpenedStore::Bucket(_) => Sharing::Shared(Arc::new(Nobody)),
        OpenedStore::Directory(_) | OpenedStore::Memory(_) => Sharing::Alone,
    };
    Ok(Context {
        config: LogConfig::default(),
        stores: store.stores(),
        signer: key.signer,
        memory,
        // A writer that knows the log's witnesses has the last tree cosigned when it starts.
        cosigners: None,
        sharing,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: Arc::new(LogMetrics::default()),
    })
}

/// The origin of the log in the store. Recovery checks that it is this key's log.
async fn origin(globals: &Globals, store: &StoreLocation) -> anyhow::Result<Origin> {
    let fetch = Location::Store(store.clone()).open(&globals.bucket_options()?)?;
    let path = ResourcePath::Checkpoint;
    let checkpoint = fetch.fetch(&path).await?;
    let checkpoint = checkpoint
        .with_context(|| format!("there is no log: nothing at {}", fetch.place(&path)))?;
    let checkpoint = SignedCheckpoint::parse(&checkpoint).context("there is no valid log")?;
    Ok(checkpoint.checkpoint().origin.parse()?)
}

fn output(origin: &str, frozen: &Frozen) -> Output {
    let head = frozen.head();
    let mut lines = vec![
        format!("Frozen:            {origin}"),
        format!("Tree Size:         {}", head.size),
        format!("Root Hash:         {}", head.root),
    ];
    if frozen.already {
        lines.push("It was already frozen.".to_owned());
    }
    let json = json!({
        "Origin": origin,
        "TreeSize": head.size.get(),
        "RootHash": head.root.to_string(),
        "Already": frozen.already,
        "Checkpoint": String::from_utf8_lossy(&frozen.publication.checkpoint),
    });
    Output::good(lines, json)
}
