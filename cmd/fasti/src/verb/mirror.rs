//! `fasti mirror`: copies a log, verified, to any store, once or as it grows. The copy is what the
//! log is compared with.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use fasti::causes::with_causes;
use fasti::clock::{Clock as _, SystemClock};
use fasti::mirror::{MirrorContext, MirrorError, Mirrored, mirror};
use fasti::store::StoreLocation;
use fasti_flags::MachineFlags;
use serde_json::json;

use crate::counted::{counted, entries};
use crate::failure::{Failure, refused_if};
use crate::globals::Globals;
use crate::output::Output;
use crate::progress::progress_bar;
use crate::terminal;

#[derive(Args)]
pub struct Arguments {
    /// Where to keep the copy: a bucket (s3, gs, az) or a directory, which nothing else writes
    #[arg(long, value_name = "URL|DIR")]
    to: StoreLocation,
    /// Do not copy the lookup index; the copy can then not be searched without one of its own
    #[arg(long)]
    no_lookup: bool,
    /// Go on until stopped: look for growth this often, in seconds
    ///
    /// What is out of reach is tried again; a log that does not extend its copy ends it.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: Option<u64>,
    /// Options for this machine.
    #[command(flatten)]
    machine: MachineFlags,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let trust = globals.trust()?;
    let log = globals.open(globals.location()?)?;
    let store = arguments.to.open(&globals.store_options(&arguments.machine)?).await;
    let context = MirrorContext {
        log,
        trust,
        objects: store.map_err(anyhow::Error::from)?.stores().objects,
        clock: Arc::new(SystemClock),
        index: !arguments.no_lookup,
    };
    let mirrored = round(&context).await;
    let Some(seconds) = arguments.every else {
        let mirrored = refused_if(mirrored, MirrorError::is_refusal)?;
        return Ok(output(&mirrored));
    };
    let mut mirrored = mirrored;
    loop {
        match mirrored {
            Ok(mirrored) if mirrored.head.size > mirrored.before => {
                terminal::say(&output(&mirrored).lines.join("; "));
            }
            Ok(_) => {}
            Err(error) if error.is_refusal() => return Err(Failure::Refused(error.into())),
            Err(error) => terminal::say(&format!("tries again: {}", with_causes(&error))),
        }
        SystemClock.sleep(Duration::from_secs(seconds)).await;
        mirrored = round(&context).await;
    }
}

async fn round(context: &MirrorContext) -> Result<Mirrored, MirrorError> {
    let bar = progress_bar();
    let mirrored = mirror(context, |count| bar.set_length(count), &|count| bar.inc(count)).await;
    bar.finish_and_clear();
    mirrored
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
        "IndexedTreeSize": indexed.map(tiles_spec::TreeSize::get),
        "Objects": written.objects,
        "Bytes": written.bytes,
    });
    Output::good(lines, json)
}
