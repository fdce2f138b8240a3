//! `fasti loginfo`: the log's verified head, with proof that it extends the one seen last, and
//! those of its inactive shards (`shards`). With `--writer`, the status of the writers instead.

mod shards;

use std::path::PathBuf;

use clap::Args;
use fasti::causes::with_causes;
use fasti::client::fetch::Location;
use fasti::client::reader::{ReadError, View};
use fasti::client::writer_status;
use fasti::grow::TreeId;
use reqwest::Url;
use serde_json::json;
use tiles_spec::TreeSize;

use crate::failure::{Failure, refused_if};
use crate::freshness::{Case, FreshnessFlags};
use crate::globals::Globals;
use crate::output::Output;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    freshness: FreshnessFlags,
    /// Trust the keys of logs in this trusted_root.json, those of Rekor v1 too
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Ask these writers for their status instead: the leader, its epoch, the tree size
    ///
    /// Without a URL, asks the writer at --log. Nothing in the answer is proved.
    #[arg(long, value_name = "URL", num_args = 0..)]
    writer: Option<Vec<Url>>,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    if let Some(writers) = &arguments.writer {
        return Ok(status_of(globals, writers).await?);
    }
    let place = globals.location()?;
    let trusted = globals.trusted_root(arguments.trusted_root.as_ref())?;
    let (trust, freshness) = (&trusted.trust, &arguments.freshness);
    let opened = View::open(globals.open(place)?, trust).await;
    let by_api = match (&opened, place.url()) {
        // Rekor itself has no tiles.
        (Err(ReadError::NoLog { .. }), Some(url)) => {
            shards::run(globals, url, &trusted, freshness).await?
        }
        // The root may have only the key by which clients of Rekor v1 know the log.
        (Err(ReadError::Checkpoint(_)), Some(url)) if !globals.names_keys() => {
            shards::run(globals, url, &trusted, freshness).await.ok().flatten()
        }
        _ => None,
    };
    if let Some(output) = by_api {
        return Ok(output);
    }
    let view = refused_if(opened, ReadError::is_refusal)?;
    let fresh = freshness.check(view.fetch(), view.checkpoint(), trust).await?;
    let seen = fresh.seen();
    let is_frozen = view.is_last().await.map_err(anyhow::Error::from)?;
    let (head, log) = (view.head(), view.checkpoint().log());
    let tree = TreeId::of(&log.key.log_id());
    let inactive = match place.url() {
        Some(url) => shards::beside(globals, url, &trusted, freshness, tree.get()).await?,
        None => Vec::new(),
    };
    let total = shards::total(head.size, &inactive);
    let witnesses: Vec<_> =
        view.checkpoint().cosigned().iter().map(|seen| seen.witness.to_string()).collect();
    let mut lines = vec![
        "Verification Successful!".to_owned(),
        format!("Origin:            {}", log.origin()),
        format!("Active Tree Size:  {}", head.size),
        format!("Total Tree Size:   {total}"),
        format!("Root Hash:         {}", head.root),
        format!("TreeID:            {tree}"),
        format!("Consistency:       {}", seen.in_words()),
    ];
    lines.extend(witnesses.iter().map(|witness| format!("Witness:           {witness}")));
    lines.extend(inactive.iter().flat_map(shards::Listed::lines));
    if is_frozen {
        lines.push("Frozen:            the log says that this is its last tree".to_owned());
    }
    lines.push(format!("Not proved:        {}", fresh.not_proved()));
    let mut json = json!({
        "Origin": log.origin(),
        "ActiveTreeSize": head.size.get(),
        "TotalTreeSize": total,
        "RootHash": head.root.to_string(),
        "LogID": hex::encode(log.log_id),
        "TreeID": tree.to_string(),
        "ConsistentWithTreeSize": seen.size(head.size).map(TreeSize::get),
        "Witnesses": witnesses,
        "Frozen": is_frozen,
        "Checkpoint": String::from_utf8_lossy(&view.checkpoint().to_bytes()),
    });
    shards::add(&mut json, &inactive);
    let output = shards::end(Output::good(lines, json), inactive);
    Ok(fresh.end_silently(output, Case::Camel))
}

async fn status_of(globals: &Globals, writers: &[Url]) -> anyhow::Result<Output> {
    let from_log = globals.log.as_ref().and_then(Location::url);
    let writers: Vec<&Url> =
        if writers.is_empty() { from_log.into_iter().collect() } else { writers.iter().collect() };
    if writers.is_empty() {
        anyhow::bail!("no writer given: use --writer URL, or set --log to a writer's URL");
    }
    let (mut lines, mut json, mut all_ready) = (Vec::new(), Vec::new(), true);
    for url in writers {
        let said = match writer_status::fetch(url).await {
            Ok(said) => said,
            Err(error) => {
                all_ready = false;
                let words = with_causes(&error);
                lines.push(format!("Writer:            {url}"));
                lines.push(format!("Status:            {words}"));
                json.push(json!({"Writer": url.as_str(), "Error": words}));
                continue;
            }
        };
        all_ready &= ["ready", "frozen"].contains(&said.status.as_str());
        lines.extend([
            format!("Writer:            {url}"),
            format!("Status:            {}", said.status),
            format!("Origin:            {}", said.origin),
            format!("Role:              {}", said.role),
            format!("Leader:            {}", said.leader),
            format!("Epoch:             {}", said.epoch),
            format!("Published Size:    {}", said.tree_size),
            format!("Lag:               {}", said.lag),
            format!("Waiting:           {}", said.waiting),
        ]);
        json.push(json!({
            "Writer": url.as_str(),
            "Status": said.status,
            "Origin": said.origin,
            "Role": said.role,
            "Leader": said.leader,
            "Epoch": said.epoch,
            "PublishedSize": said.tree_size,
            "Lag": said.lag,
            "Waiting": said.waiting,
        }));
    }
    Ok(Output::judged(all_ready, lines, json!({"Writers": json})))
}
