//! `fasti verify-evidence`: judges, offline, two checkpoints that a log has signed. Exit status 0
//! if they convict it, 1 if they do not.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use fasti::client::evidence::{
    Acquittal, Conviction, EVIDENCE_BYTES_MAX, Evidence, EvidenceError, Verdict,
};
use fasti::client::trust::Trust;
use fasti::verify::{TrustedRoot, V1Log};
use serde_json::json;
use tiles_spec::{TreeHead, VerifierKey};

use crate::failure::Failure;
use crate::files;
use crate::globals::Globals;
use crate::output::Output;
use crate::rekor_v1_key::{RekorV1Key, log_in};

#[derive(Args)]
pub struct Arguments {
    /// The evidence, as `fasti monitor` and all commands that compare checkpoints keep it
    file: PathBuf,
    /// The log's key: its verifier key, or a file (PEM) for a log of Rekor v1 [default: --vkey]
    #[arg(long, value_name = "NAME+ID+KEY|FILE")]
    key: Option<RekorV1Key>,
}

pub fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let key = key(globals, arguments)?;
    let name = || arguments.file.display().to_string();
    let bytes = files::read(&arguments.file, EVIDENCE_BYTES_MAX)?;
    let evidence = Evidence::parse(&bytes).with_context(name)?;
    let (log, judged) = match &key {
        Key::Verifier(key) => (key.name().to_string(), judge(&evidence, key)),
        Key::RekorV1(log) => (log.name.clone(), judge_v1(&evidence, log)),
    };
    let verdict = match judged {
        Err(error @ (EvidenceError::Note { .. } | EvidenceError::TwoTrees { .. })) => {
            let refusal = anyhow::Error::from(error);
            return Err(Failure::Refused(
                refusal.context(format!("the evidence does not convict {log}")),
            ));
        }
        judged => judged.with_context(name)?,
    };
    let words = in_words(&verdict);
    let line = match &verdict {
        Verdict::Convicts(_) => format!("Convicts {log}: {words}"),
        Verdict::Acquits(_) => format!("The evidence does not convict {log}: {words}"),
    };
    let json = json!({ "log": log, "convicts": verdict.convicts(), "reason": words });
    Ok(Output::judged(verdict.convicts(), vec![line], json))
}

/// Judges a log by its verifier key, with which it can also have signed in v1's form.
fn judge(evidence: &Evidence, key: &VerifierKey) -> Result<Verdict, EvidenceError> {
    let judged = evidence.judge(key);
    let trusted = TrustedRoot::from(Trust::in_keys([key.clone()]));
    match (&judged, trusted.rekor_v1.first()) {
        (Err(EvidenceError::Note { .. }), Some(log)) => judge_v1(evidence, log).or(judged),
        _ => judged,
    }
}

fn judge_v1(evidence: &Evidence, log: &V1Log) -> Result<Verdict, EvidenceError> {
    evidence.judge_by(|note| log.open_checkpoint(note))
}

/// The key of a log, and so how its checkpoints are signed.
enum Key {
    Verifier(VerifierKey),
    RekorV1(V1Log),
}

/// The key of the log.
fn key(globals: &Globals, arguments: &Arguments) -> anyhow::Result<Key> {
    match (&arguments.key, globals.vkeys.as_slice()) {
        (Some(RekorV1Key::Here(key)), _) => Ok(Key::Verifier((**key).clone())),
        (Some(RekorV1Key::File(path)), _) => Ok(Key::RekorV1(log_in(path)?)),
        (Some(RekorV1Key::Server(url)), _) => bail!("{url} can say anything: give the key itself"),
        (None, [key]) => Ok(Key::Verifier(key.clone())),
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
