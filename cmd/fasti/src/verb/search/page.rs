//! What a search prints: who signed what, followed by what is proved.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::client::search::{Answer, Index, Match, Total};
use fasti::entry::{Facts, RekorEntry};
use serde_json::{Value, json};
use tiles_spec::{TreeHead, VerifierKey};

use crate::counted::counted;
use crate::shown;

/// The answer for people. `indexer` is the signer of the index if that is not the log. `is_first`
/// is set only with `--follow`.
pub fn lines(
    answer: &Answer,
    indexer: Option<&VerifierKey>,
    is_first: Option<bool>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for found in &answer.entries {
        lines.extend(entry(found));
        lines.push(String::new());
    }
    lines.push(count(answer, is_first == Some(false)));
    if !answer.entries.is_empty() {
        let TreeHead { size, root } = answer.head();
        lines.push(format!("Proved: each is in the tree of {size} with root hash {root}"));
    }
    if let Some(index) = &answer.index {
        let signer = indexer.map_or_else(|| "the log".to_owned(), |key| key.name().to_string());
        lines.push(indexed(answer, index, &signer));
    }
    lines.extend(newer(answer));
    if answer.index.is_some() {
        lines.push(
            "Not proved: that the index lists all that the log has. Auditors check that \
             (`fasti fsck --lookup`), and a wrong index stays as signed evidence"
                .to_owned(),
        );
    }
    lines
}

/// An entry: who signed what.
fn entry(found: &Match) -> Vec<String> {
    let proven = &found.entry;
    let mut lines = vec![format!("Index: {}", proven.index), format!("UUID: {}", proven.leaf)];
    match RekorEntry::parse(&proven.bytes) {
        Ok(entry) => {
            let facts = Facts::of(&proven.bytes);
            lines.push(format!("Kind: {}", entry.kind().name()));
            lines.extend(facts.digests.iter().map(|digest| {
                let hex = hex::encode(&digest.bytes);
                match digest.algorithm {
                    Some(algorithm) => format!("Artifact: {algorithm} {hex}"),
                    None => format!("Artifact: {hex}"),
                }
            }));
            lines.extend(shown::signers(&facts));
        }
        Err(_) => lines.push(format!("Body: {}", shown::body(&proven.bytes, None))),
    }
    lines
        .extend(found.terms.iter().map(|term| format!("Has: {}", term.to_string().escape_debug())));
    lines
}

/// How many were found, in a sentence.
fn count(answer: &Answer, is_news: bool) -> String {
    let what = if is_news { "new entry" } else { "entry" };
    let since =
        if is_news { format!(" since the log's tree of {}", answer.since) } else { String::new() };
    let found = answer.entries.len();
    if found == 0 && !answer.is_cut {
        return match answer.unsearched {
            0 => format!("Nothing: no {what} has this{since}"),
            _ => format!("Nothing in what was searched: no {what} there has this{since}"),
        };
    }
    let (one, many) = if is_news { ("new entry", "new entries") } else { ("entry", "entries") };
    let entries = |count: u64| counted(count, one, many);
    if !answer.is_cut {
        return format!("Found: {}{since}", entries(found as u64));
    }
    let total = match answer.total {
        Total::Exactly(total) => entries(total),
        Total::AtMost(total) => format!("at most {}", entries(total)),
    };
    format!("Found: the newest {found} of {total}{since}; --limit allows no more")
}

/// A line on what the index proves.
fn indexed(answer: &Answer, index: &Index, signer: &str) -> String {
    let (size, revision) = (answer.indexed, index.revision());
    let of = format!(
        "in the index that {signer} signed for the log's tree of {size} (revision {revision})"
    );
    if answer.since >= answer.indexed && !answer.since.is_zero() {
        return format!("Nothing new {of}");
    }
    match (answer.is_cut, answer.entries.is_empty()) {
        (true, _) => format!("Proved: none newer than these was left out {of}"),
        (false, true) => format!("Proved: nothing is listed {of}"),
        (false, false) => format!("Proved: none was left out {of}"),
    }
}

/// A line on the leaves that the index does not have, if there are any.
fn newer(answer: &Answer) -> Option<String> {
    let newer = answer.scanned.max(answer.unsearched);
    let (leaves, were) = match newer {
        0 => return None,
        1 => ("leaf".to_owned(), "was"),
        newer => (format!("{newer} leaves"), "were"),
    };
    Some(match (answer.unsearched, &answer.index) {
        (0, Some(_)) => format!("Proved: the {leaves} behind it {were} searched one by one"),
        (0, None) => format!("Proved: there is no index; the {leaves} {were} searched one by one"),
        _ => format!(
            "NOT SEARCHED: the {leaves} behind it, of which the index knows nothing yet; \
             --scan-max {newer} would search them"
        ),
    })
}

/// The answer for programs.
pub fn json(answer: &Answer) -> Value {
    let head = answer.head();
    let entries = answer.entries.iter().map(|found| {
        let proven = &found.entry;
        let entry = RekorEntry::parse(&proven.bytes).ok();
        json!({
            "logIndex": proven.index.get(),
            "uuid": proven.leaf.to_string(),
            "body": shown::body(&proven.bytes, entry.as_ref()),
            "rawBody": STANDARD.encode(&proven.bytes),
            "has": found.terms.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "inclusionProof": {
                "logIndex": proven.index.get(),
                "treeSize": head.size.get(),
                "rootHash": head.root.to_string(),
                "hashes": proven.proof.iter().map(ToString::to_string).collect::<Vec<_>>(),
            },
        })
    });
    json!({
        "entries": entries.collect::<Vec<_>>(),
        "complete": answer.complete,
        "total": answer.total.get(),
        "total_is_exact": answer.total.is_exact(),
        "since": answer.since.get(),
        "log_size": head.size.get(),
        "log_root": head.root.to_string(),
        "log_checkpoint": text(&answer.log.to_bytes()),
        "index_size": answer.indexed.get(),
        "index": answer.index.as_ref().map(index),
        "scanned": answer.scanned,
        "not_searched": answer.unsearched,
    })
}

fn index(index: &Index) -> Value {
    json!({
        "revision": index.revision().get(),
        "manifest_hash": index.manifest().hash().to_string(),
        "checkpoint": text(&index.lookup().to_bytes()),
        "log_checkpoint": text(&index.log().to_bytes()),
    })
}

fn text(note: &[u8]) -> String {
    String::from_utf8_lossy(note).into_owned()
}
