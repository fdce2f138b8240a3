//! `fasti mirror`: copies a log, verified, to any store, or pushes it to a mirror that others run;
//! once or as it grows. A copy is what the log is compared with.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use fasti::causes::with_causes;
use fasti::clock::{Clock, SystemClock};
use fasti::mirror::{
    MirrorContext, MirrorError, Mirrored, PushContext, PushError, Pushed, mirror, push,
};
use fasti::store::StoreLocation;
use fasti::witness::HttpAsk;
use fasti_flags::MachineFlags;
use indicatif::ProgressBar;
use serde_json::json;
use tiles_spec::{TreeSize, VerifierKey};

use crate::counted::{counted, entries};
use crate::failure::{Failure, refused_if};
use crate::globals::Globals;
use crate::output::Output;
use crate::progress::progress_bar;
use crate::terminal;

#[derive(Args)]
pub struct Arguments {
    /// Where to keep the copy: a bucket (s3, gs, az) or a directory, which nothing else writes
    #[arg(long, value_name = "URL|DIR", required_unless_present = "push", conflicts_with = "push")]
    to: Option<StoreLocation>,
    /// Push the log to this mirror (C2SP tlog-mirror), below its URL for submission, until it has
    /// cosigned
    #[arg(long, value_name = "URL")]
    push: Option<String>,
    /// A key of the mirror, which must have signed what it returns. Can be repeated
    #[arg(long, value_name = "NAME+ID+KEY", requires = "push")]
    mirror_vkey: Vec<VerifierKey>,
    /// Do not copy the lookup index; the copy can then not be searched without one of its own
    #[arg(long)]
    no_lookup: bool,
    /// Go on until stopped: look for growth this often, in seconds
    ///
    /// What is out of reach is tried again; a log that does not extend its copy ends it, and so
    /// does a mirror that refuses it.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: Option<u64>,
    /// Options for this machine.
    #[command(flatten)]
    machine: MachineFlags,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let (trust, log) = (globals.trust()?, globals.open(globals.location()?)?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if let Some(url) = &arguments.push {
        let mirror = Arc::new(HttpAsk::new(url).map_err(anyhow::Error::from)?);
        let keys = arguments.mirror_vkey.clone();
        let context = PushContext { log, trust, mirror, keys, clock };
        let is_new = |pushed: &Pushed| pushed.head.size > pushed.before;
        let pushing = async || {
            with_bar(async |bar| {
                push(&context, |count| bar.set_length(count), &|count| bar.inc(count)).await
            })
            .await
        };
        let shown = |pushed: &Pushed| pushed_output(pushed, !context.keys.is_empty());
        return go_on(arguments.every, pushing, PushError::is_refusal, is_new, shown).await;
    }
    let to = arguments.to.as_ref().context("give --to or --push")?;
    let store = to.open(&globals.store_options(&arguments.machine)?).await;
    let objects = store.map_err(anyhow::Error::from)?.stores().objects;
    let index = !arguments.no_lookup;
    let context = MirrorContext { log, trust, objects, clock, index };
    let is_new = |mirrored: &Mirrored| mirrored.head.size > mirrored.before;
    let copying = async || {
        with_bar(async |bar| {
            mirror(&context, |count| bar.set_length(count), &|count| bar.inc(count)).await
        })
        .await
    };
    go_on(arguments.every, copying, MirrorError::is_refusal, is_new, output).await
}

/// Does it once, or every so many seconds until it is refused.
async fn go_on<T, E>(
    every: Option<u64>,
    round: impl AsyncFn() -> Result<T, E>,
    is_refusal: fn(&E) -> bool,
    is_new: impl Fn(&T) -> bool,
    output: impl Fn(&T) -> Output,
) -> Result<Output, Failure>
where
    E: Error + Send + Sync + 'static,
{
    let done = round().await;
    let Some(seconds) = every else { return Ok(output(&refused_if(done, is_refusal)?)) };
    let mut done = done;
    loop {
        match done {
            Ok(done) if is_new(&done) => terminal::say(&output(&done).lines.join("; ")),
            Ok(_) => {}
            Err(error) if is_refusal(&error) => return Err(Failure::Refused(error.into())),
            Err(error) => terminal::say(&format!("tries again: {}", with_causes(&error))),
        }
        SystemClock.sleep(Duration::from_secs(seconds)).await;
        done = round().await;
    }
}

async fn with_bar<T>(work: impl AsyncFnOnce(&ProgressBar) -> T) -> T {
    let bar = progress_bar();
    let done = work(&bar).await;
    bar.finish_and_clear();
    done
}

fn pushed_output(pushed: &Pushed, is_verified: bool) -> Output {
    let Pushed { head, before, lines: cosignatures } = pushed;
    let new = head.size.get() - before.get();
    let mut lines = vec![
        format!("Pushed:            {}, of {}", entries(new), entries(head.size.get())),
        format!("Root Hash:         {}", head.root),
    ];
    if !is_verified {
        lines.push("Not verified: give the mirror's key with --mirror-vkey".to_owned());
    }
    let cosignatures: Vec<_> =
        cosignatures.iter().map(|line| line.to_string().trim_end().to_owned()).collect();
    lines.extend(cosignatures.iter().cloned());
    let json = json!({
        "PushedFrom": before.get(),
        "TreeSize": head.size.get(),
        "RootHash": head.root.to_string(),
        "Cosignatures": cosignatures,
        "Verified": is_verified,
    });
    Output::good(lines, json)
}

fn output(mirrored: &Mirrored) -> Output {
    let Mirrored { before, head, heads, indexed, written } = mirrored;
    let new = head.size.get() - before.get();
    let mut lines = vec![
        format!("Copied:            {}, of {}", entries(new), entries(head.size.get())),
        format!("Root Hash:         {}", head.root),
    ];
    lines.extend(heads.map(|kept| format!("Heads:             {kept}")));
    lines.extend(indexed.map(|size| format!("Indexed:           {}", entries(size.get()))));
    let objects = counted(written.objects, "object", "objects");
    lines.push(format!("Written or found:  {objects}, {} bytes", written.bytes));
    let json = json!({
        "CopiedFrom": before.get(),
        "TreeSize": head.size.get(),
        "RootHash": head.root.to_string(),
        "Heads": heads,
        "IndexedTreeSize": indexed.map(TreeSize::get),
        "Objects": written.objects,
        "Bytes": written.bytes,
    });
    Output::good(lines, json)
}
