//! `fasti get`: prints an entry, with proof that it is in the log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use fasti::client::reader::ReadError;
use fasti::entry::Facts;
use serde_json::json;
use tiles_spec::LeafIndex;

use crate::failure::{Failure, refused_if};
use crate::freshness::{Case, FreshnessFlags};
use crate::globals::Globals;
use crate::output::Output;
use crate::shown;

#[derive(Args)]
pub struct Arguments {
    /// The index of the entry, counted from 0
    #[arg(long, value_name = "N", alias = "log_index")]
    log_index: LeafIndex,
    #[command(flatten)]
    freshness: FreshnessFlags,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let (trust, mut view) = (globals.trust()?, globals.view().await?);
    let fresh = arguments.freshness.check(view.fetch(), view.checkpoint(), &trust).await?;
    let proven = refused_if(view.entry(arguments.log_index).await, ReadError::is_refusal)?;
    let (log_id, head) = (hex::encode(view.checkpoint().log().log_id), view.head());
    let facts = Facts::of(&proven.bytes);
    let body = shown::body(&proven.bytes, &facts);
    let mut lines = vec![
        format!("LogID: {log_id}"),
        format!("Index: {}", proven.index),
        format!("UUID: {}", proven.leaf),
    ];
    lines.extend(shown::signers(&facts));
    lines.extend(shown::body_lines(&body));
    lines.push(format!("Proved: in the tree of {} with root hash {}", head.size, head.root));
    let json = json!({
        "LogID": log_id,
        "LogIndex": proven.index.get(),
        "UUID": proven.leaf.to_string(),
        "Body": body,
        "RawBody": STANDARD.encode(&proven.bytes),
        "TreeSize": head.size.get(),
        "RootHash": head.root.to_string(),
        "Hashes": proven.proof.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    Ok(fresh.end(Output::good(lines, json), Case::Camel))
}
