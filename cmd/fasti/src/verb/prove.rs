//! `fasti prove`: prints an inclusion proof as a `.tlog-proof`, or a consistency proof.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{ArgGroup, Args};
use fasti::client::heads::{Heads, ReadHeadsError};
use fasti::client::proven::ProvenEntry;
use fasti::client::reader::{Consistency, ReadError, View};
use fasti::client::trust::{OpenedCheckpoint, Trust};
use fasti::objects::IntegratedTime;
use serde_json::{Value, json};
use tiles_spec::{Hash, LeafIndex, TreeSize};

use crate::failure::{Failure, refused_if};
use crate::files;
use crate::freshness::{Case, FreshnessFlags};
use crate::globals::Globals;
use crate::moment;
use crate::output::Output;
use crate::shown;

#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true)
    .args(["log_index", "consistency", "last_size"]))]
pub struct Arguments {
    /// The index of the entry to prove, counted from 0
    #[arg(long, value_name = "N", alias = "log_index")]
    log_index: Option<LeafIndex>,
    /// Two tree sizes: prove that the later tree begins with the earlier one
    #[arg(long, value_names = ["OLD", "NEW"], num_args = 2)]
    consistency: Option<Vec<TreeSize>>,
    /// The same as --consistency, for scripts written for rekor-cli, whose output it has
    #[arg(long, value_name = "NEW", hide = true, alias = "last_size")]
    last_size: Option<TreeSize>,
    /// The earlier size for --last-size
    #[arg(
        long,
        value_name = "OLD",
        hide = true,
        alias = "first_size",
        requires = "last_size",
        default_value = "1"
    )]
    first_size: TreeSize,
    /// Prove that the entry was in the log by this time: in the tree that the log kept last before
    /// (RFC 3339, a date, or seconds since 1970)
    #[arg(long, value_name = "TIME", requires = "log_index", value_parser = moment::parse)]
    at: Option<u64>,
    /// The file for the proof [default: standard output]
    #[arg(long, value_name = "FILE.tlog-proof", requires = "log_index")]
    out: Option<PathBuf>,
    #[command(flatten)]
    freshness: FreshnessFlags,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let (trust, mut view) = (globals.trust()?, globals.view().await?);
    let fresh = arguments.freshness.check(view.fetch(), view.checkpoint(), &trust).await?;
    let output = match (arguments.log_index, arguments.consistency.as_deref()) {
        (Some(index), _) => {
            if let Some(time) = arguments.at {
                let (entry, note) = by_then(&mut view, index, time, &trust).await?;
                inclusion(&entry, &note, arguments.out.as_ref())
            } else {
                let entry = refused_if(view.entry(index).await, ReadError::is_refusal)?;
                inclusion(&entry, view.checkpoint(), arguments.out.as_ref())
            }
        }
        (None, Some(&[old, new])) => consistency(&mut view, old, new).await.map(|it| in_words(&it)),
        (None, _) => match arguments.last_size {
            Some(new) => {
                consistency(&mut view, arguments.first_size, new).await.map(|it| in_brief(&it))
            }
            None => Err(anyhow!("give --log-index N or --consistency OLD NEW").into()),
        },
    };
    // A proof on standard output is a file: nothing else belongs into it.
    Ok(fresh.end_silently(output?, Case::Camel))
}

/// Proves an entry in the newest tree that was kept by `time`.
async fn by_then(
    view: &mut View,
    index: LeafIndex,
    time: u64,
    trust: &Trust,
) -> Result<(ProvenEntry, OpenedCheckpoint), Failure> {
    let heads = refused_if(Heads::open(view.fetch().clone()).await, ReadHeadsError::is_refusal)?;
    let time = IntegratedTime::new(time).context("the time is out of range")?;
    let kept = refused_if(heads.at(time).await, ReadHeadsError::is_refusal)?;
    let when = shown::time(time.get());
    let not_by_then = |why: String| {
        Failure::Refused(anyhow!(
            "entry {index} is not proved to have been in the log by {when}: {why}"
        ))
    };
    let head = kept.ok_or_else(|| not_by_then("the log kept no head before".to_owned()))?;
    if index.get() >= head.1.size.get() {
        let size = head.1.size;
        return Err(not_by_then(format!("the tree that it kept last before had {size} entries")));
    }
    let note = refused_if(heads.note(head, trust).await, ReadHeadsError::is_refusal)?;
    let size = note.head().size;
    let (entry, ours) = refused_if(view.entry_at(index, size).await, ReadError::is_refusal)?;
    if ours == note.head() {
        return Ok((entry, note));
    }
    let (kept, ours) = (note.head().root, ours.root);
    Err(Failure::Refused(anyhow!(
        "FORK: the log signed a tree of {size} entries with root {kept}, but its tree now has the \
         root {ours} at that size. Keep both notes and tell others"
    )))
}

fn inclusion(
    proven: &ProvenEntry,
    checkpoint: &OpenedCheckpoint,
    out: Option<&PathBuf>,
) -> Result<Output, Failure> {
    let proof = proven.to_tlog_proof(checkpoint).to_string();
    let (index, head) = (proven.index, checkpoint.head());
    let json = json!({
        "LogIndex": index.get(),
        "UUID": proven.leaf.to_string(),
        "TreeSize": head.size.get(),
        "RootHash": head.root.to_string(),
        "Hashes": proven.proof.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "TlogProof": proof,
    });
    let Some(out) = out else {
        return Ok(Output::good(proof.lines().map(str::to_owned).collect(), json));
    };
    files::write(out, proof.as_bytes())?;
    let lines = vec![
        format!("Entry {index} is in the tree of {} with root hash {}", head.size, head.root),
        format!("Proof: {}", out.display()),
    ];
    Ok(Output::good(lines, json))
}

async fn consistency(
    view: &mut View,
    old: TreeSize,
    new: TreeSize,
) -> Result<Consistency, Failure> {
    refused_if(view.consistency(old, new).await, ReadError::is_refusal)
}

fn in_words(consistency: &Consistency) -> Output {
    let Consistency { old, new, proof } = consistency;
    let mut lines = vec![
        format!("The tree of {} with root hash {}", new.size, new.root),
        format!("begins with the tree of {} with root hash {}", old.size, old.root),
    ];
    lines.extend(proof.iter().map(Hash::to_base64));
    Output::good(lines, json(consistency))
}

/// As rekor-cli prints it.
fn in_brief(consistency: &Consistency) -> Output {
    let hashes: Vec<_> = consistency.proof.iter().map(Hash::to_string).collect();
    let root = format!("Current Root Hash: {}", consistency.new.root);
    let lines = vec![root, format!("Hashes: [{}]", hashes.join(","))];
    Output::good(lines, json(consistency))
}

fn json(consistency: &Consistency) -> Value {
    let Consistency { old, new, proof } = consistency;
    json!({
        "FirstSize": old.size.get(),
        "FirstRootHash": old.root.to_string(),
        "LastSize": new.size.get(),
        "RootHash": new.root.to_string(),
        "Hashes": proof.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
