//! `fasti prove`: prints an inclusion proof as a `.tlog-proof`, or a consistency proof.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{ArgGroup, Args};
use fasti::client::reader::{Consistency, ReadError, View};
use serde_json::{Value, json};
use tiles_spec::{Hash, LeafIndex, TreeSize};

use crate::failure::{Failure, refused_if};
use crate::files;
use crate::freshness::{Case, FreshnessFlags};
use crate::globals::Globals;
use crate::output::Output;

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
        (Some(index), _) => inclusion(&mut view, index, arguments.out.as_ref()).await,
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

async fn inclusion(
    view: &mut View,
    index: LeafIndex,
    out: Option<&PathBuf>,
) -> Result<Output, Failure> {
    let proven = refused_if(view.entry(index).await, ReadError::is_refusal)?;
    let proof = proven.to_tlog_proof(view.checkpoint()).to_string();
    let head = view.head();
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
