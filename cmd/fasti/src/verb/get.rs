//! `fasti get`: prints an entry, with proof that it is in the log.

use std::path::PathBuf;

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{ArgGroup, Args};
use fasti::client::rekor_v1::EntryId;
use fasti::entry::Facts;
use serde_json::json;
use tiles_spec::LeafIndex;

use crate::failure::Failure;
use crate::found::{Found, Sought};
use crate::freshness::FreshnessFlags;
use crate::globals::Globals;
use crate::output::Output;
use crate::shown;

#[derive(Args)]
#[command(group = ArgGroup::new("which").required(true).args(["log_index", "uuid"]))]
pub struct Arguments {
    /// The index of the entry, counted from 0
    #[arg(long, value_name = "N", alias = "log_index")]
    log_index: Option<LeafIndex>,
    /// The UUID of the entry: its leaf hash, as 64 hex digits, or 80 with a tree ID in front
    #[arg(long, value_name = "HEX")]
    uuid: Option<EntryId>,
    /// Trust the keys of this trusted_root.json, for a log of Rekor v1
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    #[command(flatten)]
    freshness: FreshnessFlags,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let sought = match (arguments.log_index, arguments.uuid) {
        (Some(index), _) => Sought::Index(index),
        (None, Some(id)) => Sought::Id(id),
        (None, None) => return Err(anyhow!("give --log-index or --uuid").into()),
    };
    let root = arguments.trusted_root.as_ref();
    let found = Found::of(globals, root, &arguments.freshness, sought).await?;
    let found = found.ok_or_else(|| Failure::Refused(anyhow!("the log has no such entry")))?;
    let output = output(&found);
    Ok(found.end(output))
}

fn output(found: &Found) -> Output {
    let facts = Facts::of(&found.body);
    let model = shown::model(&found.body);
    let is_v1 = model.is_some();
    let body = model.unwrap_or_else(|| shown::body(&found.body, &facts));
    let attestation = found.attestation.as_ref().map(|bytes| String::from_utf8_lossy(bytes));
    let mut lines = vec![format!("LogID: {}", found.log_id)];
    lines.extend(attestation.iter().map(|text| format!("Attestation: {text}")));
    lines.push(format!("Index: {}", found.index));
    lines.extend(found.time.map(|time| format!("IntegratedTime: {}", shown::time(time))));
    lines.push(format!("UUID: {}", found.id));
    lines.extend(shown::signers(&facts));
    lines.extend(shown::body_lines(&body));
    lines.extend(found.proved());
    let mut json = json!({
        "LogID": found.log_id,
        "LogIndex": found.index,
        "UUID": found.id.to_string(),
        "Body": body,
        "RawBody": STANDARD.encode(&found.body),
        "TreeSize": found.head.size.get(),
        "RootHash": found.head.root.to_string(),
        "Hashes": found.hashes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    if is_v1 {
        json["IntegratedTime"] = found.time.unwrap_or_default().into();
    }
    if is_v1 || attestation.is_some() {
        json["Attestation"] = attestation.unwrap_or_default().into();
        json["AttestationType"] = "".into();
    }
    Output::good(lines, json)
}
