//! `fasti verify-evidence`: judges, offline, two checkpoints that a log has signed. Exit status 0
//! if they convict it, 1 if they do not.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use fasti::client::evidence::{
    Acquittal, Conviction, EVIDENCE_BYTES_MAX, Evidence, EvidenceError, Verdict,
};
use serde_json::json;
use tiles_spec::{TreeHead, VerifierKey};

use crate::failure::Failure;
use crate::files;
use crate::globals::Globals;
use crate::output::Output;

#[derive(Args)]
pub struct Arguments {
    /// The evidence, as `fasti monitor` and all commands that compare checkpoints keep it
    file: PathBuf,
    /// The verifier key of the log [default: --vkey]
    #[arg(long, value_name = "NAME+ID+KEY")]
    key: Option<VerifierKey>,
}

pub fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let key = key(globals, arguments)?;
    let name = || arguments.file.display().to_string();
    let bytes = files::read(&arguments.file, EVIDENCE_BYTES_MAX)?;
    let evidence = Evidence::parse(&bytes).with_context(name)?;
    let verdict = match evidence.judge(key) {
        Err(error @ EvidenceError::Note { .. }) => {
            let refusal = anyhow::Error::from(error);
            return Err(Failure::Refused(
                refusal.context(format!("the evidence does not convict {}", key.name())),
            ));
        }
        judged => judged.with_context(name)?,
    };
    let (log, words) = (key.name(), in_words(&verdict));
    let line = match &verdict {
        Verdict::Convicts(_) => format!("Convicts {log}: {words}"),
        Verdict::Acquits(_) => format!("The evidence does not convict {log}: {words}"),
    };
    let json = json!({ "log": log.as_str(), "convicts": verdict.convicts(), "reason": words });
    Ok(Output::judged(verdict.convicts(), vec![line], json))
}

/// The key of the log.
fn key<'a>(globals: &'a Globals, arguments: &'a Arguments) -> anyhow::Result<&'a VerifierKey> {
    match (&arguments.key, globals.vkeys.as_slice()) {
        (Some(key), _) | (None, [key]) => Ok(key),
        _ => bail!("give the verifier key of the log with --key"),
    }
}

fn in_words(verdict: &Verdict) -> String {
    let tree = |head: &TreeHead| format!("a tree of {} with root hash {}", head.size, head.root);
    let both = |heads: &[TreeHead; 2]| format!("{}, and {}", tree(&heads[0]), tree(&heads[1]));
    match verdict {
        Verdict::Convicts(Conviction::TwoRoots { heads }) => {
            format!("it signed two trees of one size: {}", both(heads))
        }
        Verdict::Convicts(Conviction::NotItsBeginning { heads, root }) => format!(
            "it signed {}; but the first {} entries of the larger tree have root hash {root}",
            both(heads),
            heads[0].size
        ),
        Verdict::Acquits(Acquittal::SameTree(head)) => {
            format!("both checkpoints are of {}", tree(head))
        }
        Verdict::Acquits(Acquittal::Grown(heads)) => {
            format!("the larger tree begins with the smaller one: {}", both(heads))
        }
        Verdict::Acquits(Acquittal::Unproved(heads)) => format!(
            "nothing shows that the larger tree does not begin with the smaller one: {}",
            both(heads)
        ),
        Verdict::Acquits(Acquittal::WrongProof(heads)) => format!(
            "how the larger tree is said to have begun does not follow from its root hash: {}",
            both(heads)
        ),
    }
}
