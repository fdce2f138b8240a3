//! Whether a log still has the tree from which something was verified offline.
//!
//! A proof is good for ever, but shows only what the log's key once signed: perhaps for one person
//! alone. So the tree is compared with the log as it is served now, and that with what this machine
//! has seen.

use anyhow::anyhow;
use fasti::client::reader::{ReadError, View};
use fasti::client::trust::Trust;
use fasti::verify::Logged;
use tiles_spec::{TreeHead, TreeSize};

use crate::failure::{Failure, refused_if};
use crate::freshness::{Case, Freshness, FreshnessFlags};
use crate::globals::Globals;
use crate::output::Output;

/// Adds to the outcome of a verification what the log at `--log` says now. `logged` is where what
/// was verified is logged.
pub async fn compare(
    globals: &Globals,
    flags: &FreshnessFlags,
    trust: &Trust,
    logged: &[Logged],
    mut output: Output,
) -> Result<Output, Failure> {
    let fetch = globals.open(globals.location()?)?;
    let mut view = refused_if(View::open(fetch, trust).await, ReadError::is_refusal)?;
    let fresh = flags.check(view.fetch(), view.checkpoint(), trust).await?;
    let key = view.checkpoint().log().key.clone();
    let mut logged: Vec<_> = logged.iter().filter(|logged| logged.log == key).collect();
    logged.sort_by_key(|logged| logged.head.size);
    logged.dedup_by_key(|logged| logged.head);
    if logged.is_empty() {
        return Err(
            anyhow!("the log at --log, {}, is not the one of this proof", key.name()).into()
        );
    }
    for logged in logged {
        expect(&mut view, logged).await?;
        output.lines.push(format!("  proved: {}", in_words(logged.head.size, &fresh)));
    }
    output.lines.extend(fresh.proved().map(|proved| format!("  proved: {proved}")));
    output.lines.push(format!("  not proved: {}", fresh.not_proved()));
    Ok(fresh.end_silently(output, Case::Camel))
}

fn in_words(proved: TreeSize, fresh: &Freshness) -> String {
    format!("the log's tree of {} begins with the tree of {proved}", fresh.head().size)
}

/// Refuses a log that does not have the tree of a proof.
async fn expect(view: &mut View, logged: &Logged) -> Result<(), Failure> {
    let (signed, shown) = (logged.head, view.head());
    let words = |head: TreeHead| format!("{} entries with root {}", head.size, head.root);
    if shown.size < signed.size {
        return Err(Failure::Refused(anyhow!(
            "ROLLBACK: the log serves a tree of {}, but signed one of {} for this proof. It was \
             restored from an old copy, or something in between serves an old checkpoint",
            words(shown),
            words(signed)
        )));
    }
    if refused_if(view.head_at(signed.size).await, ReadError::is_refusal)? != signed {
        return Err(Failure::Refused(anyhow!(
            "FORK: the log signed a tree of {} for this proof, and now one of {} that does not \
             extend it. Keep both and tell others",
            words(signed),
            words(shown)
        )));
    }
    Ok(())
}
