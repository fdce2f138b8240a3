//! Was the entry in the log by some time? Trusted witnesses that saw a tree with it say so.
//!
//! The log's own word is not enough: a log can write down any time. If there is a policy, the
//! witnesses that saw the tree by then must be enough for it; otherwise one trusted witness is.

use fasti_read::trust::{Cosigned, Trust};

use tiles_spec::KeyName;

use super::refusal::Refusal;
use super::verdict::Logged;

/// Refuses unless trusted witnesses saw one of these trees at `time` or before.
pub(super) fn expect(logged: &[Logged], trust: &Trust, time: u64) -> Result<(), Refusal> {
    if logged.iter().any(|logged| is_seen(&logged.cosigned, trust, time)) {
        return Ok(());
    }
    let times = logged.iter().flat_map(|logged| &logged.cosigned).map(|seen| seen.unix_seconds);
    Err(Refusal::NotLoggedBy { time, first: times.filter(|seconds| *seconds > 0).min() })
}

fn is_seen(cosigned: &[Cosigned], trust: &Trust, time: u64) -> bool {
    // A cosignature without a time says nothing about when.
    let early: Vec<_> =
        cosigned.iter().filter(|seen| (1..=time).contains(&seen.unix_seconds)).collect();
    let saw = |name: &KeyName| early.iter().any(|seen| seen.witness == *name);
    let is_enough =
        trust.policy.as_ref().is_none_or(|policy| policy.is_met(|one| saw(one.key.name())));
    // A policy can be content with nobody.
    !early.is_empty() && is_enough
}
