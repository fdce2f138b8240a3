//! `fasti loginfo`: the log's verified head, and that it grew from the one seen last.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use fasti::client::monitor::{Growth, Monitor, MonitorError};
use serde_json::json;

use crate::failure::{Failure, refused_if};
use crate::globals::Globals;
use crate::output::Output;

#[derive(Args)]
pub struct Arguments {
    /// Where the last checkpoint of each log is remembered [default: ~/.local/state/fasti]
    #[arg(long, env = "FASTI_CLIENT_STATE", value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let monitor = Monitor::new(state_dir(arguments)?);
    let (trust, mut view) = (globals.trust()?, globals.view().await?);
    let growth = refused_if(monitor.observe(&mut view, &trust).await, MonitorError::is_refusal)?;
    let (head, log) = (view.head(), view.checkpoint().log());
    let (since, before) = match growth {
        Growth::First => ("not seen before: nothing to compare with".to_owned(), None),
        Growth::None => ("same tree as last time".to_owned(), Some(head.size)),
        Growth::Since(old) => {
            (format!("proved to extend the tree of {} seen last", old.size), Some(old.size))
        }
    };
    let witnesses: Vec<_> =
        view.checkpoint().cosigned().iter().map(|seen| seen.witness.to_string()).collect();
    let mut lines = vec![
        "Verification Successful!".to_owned(),
        format!("Origin:            {}", log.origin()),
        format!("Active Tree Size:  {}", head.size),
        format!("Root Hash:         {}", head.root),
        format!("Consistency:       {since}"),
    ];
    lines.extend(witnesses.iter().map(|witness| format!("Witness:           {witness}")));
    let json = json!({
        "Origin": log.origin(),
        "ActiveTreeSize": head.size.get(),
        "TotalTreeSize": head.size.get(),
        "RootHash": head.root.to_string(),
        "LogID": hex::encode(log.log_id),
        "ConsistentWithTreeSize": before.map(tiles_spec::TreeSize::get),
        "Witnesses": witnesses,
        "Checkpoint": String::from_utf8_lossy(&view.checkpoint().to_bytes()),
    });
    Ok(Output::good(lines, json))
}

/// The XDG base directory for state, or what stands in for it.
fn state_dir(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    if let Some(directory) = &arguments.state_dir {
        return Ok(directory.clone());
    }
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .map(|state| state.join("fasti"))
        .context("no home directory to remember checkpoints in: give --state-dir DIR")
}
