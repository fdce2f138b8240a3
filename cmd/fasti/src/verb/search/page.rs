//! What a search prints: who signed what, followed by what is proved.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::client::search::{Answer, Index, Match, Total, VouchedBy};
use fasti::entry::Facts;
use serde_json::{Value, json};
use tiles_spec::{TreeHead, VerifierKey};

use crate::counted::{counted, entries};
use crate::shown;

/// A page of what was found: an answer, or a part of one.
pub struct Page<'a> {
    answer: &'a Answer,
    /// The signer of the index, if that is not the log.
    indexer: Option<&'a VerifierKey>,
    /// The entries to print.
    entries: Vec<Shown<'a>>,
    /// Whether only news was asked for.
    is_news: bool,
    /// Whether another page follows.
    is_followed: bool,
    /// How many entries somebody vouches for, if the user says whom to believe.
    tally: Option<Tally>,
}

/// An entry to print.
pub struct Shown<'a> {
    pub found: &'a Match,
    /// Who vouches for it, if the user says whom to believe.
    pub by: Option<Vec<VouchedBy>>,
}

/// How many entries were found, on this page and those before.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// Somebody vouches for these.
    pub vouched: u64,
    /// Nobody vouches for these.
    pub others: u64,
    /// Of the latter, those that were not printed.
    pub hidden: u64,
}

impl<'a> Page<'a> {
    /// The whole answer.
    pub fn whole(answer: &'a Answer, indexer: Option<&'a VerifierKey>) -> Self {
        let entries = answer.entries.iter().map(|found| Shown { found, by: None }).collect();
        Self { answer, indexer, entries, is_news: false, is_followed: false, tally: None }
    }

    /// These entries of an answer.
    #[must_use]
    pub fn with_entries(self, entries: Vec<Shown<'a>>, tally: Option<Tally>) -> Self {
        Self { entries, tally, ..self }
    }

    /// A page of news, or of a search for what has been there all along.
    #[must_use]
    pub fn among(self, is_news: bool, is_followed: bool) -> Self {
        Self { is_news, is_followed, ..self }
    }

    /// Whether there are no entries to print.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// "Nothing found" is a result only if everything was searched.
    pub fn status(&self) -> u8 {
        let knows = is_all_known(self.answer) || !self.answer.entries.is_empty();
        if knows { 0 } else { 2 }
    }

    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let answer = self.answer;
        let mut lines = Vec::new();
        for shown in &self.entries {
            lines.extend(entry(shown));
            lines.push(String::new());
        }
        lines.extend(self.count());
        if !self.entries.is_empty() {
            let TreeHead { size, root } = answer.head();
            lines.push(format!("Proved: each is in the tree of {size} with root hash {root}"));
        }
        if let Some(index) = &answer.index {
            let signer = self.indexer.map(|key| key.name().to_string());
            lines.push(indexed(answer, index, signer.as_deref().unwrap_or("the log")));
        }
        lines.extend(newer(answer));
        lines.extend(unconfirmed(answer));
        if answer.index.is_some() {
            lines.push(
                "Not proved: that the index lists all that the log has. Auditors check that \
                 (`fasti fsck --lookup`), and a wrong index stays as signed evidence"
                    .to_owned(),
            );
        }
        lines
    }

    /// How many were found, in sentences.
    fn count(&self) -> Vec<String> {
        let Some(tally) = self.tally else { return vec![count(self)] };
        let mut lines = vec![format!(
            "Found: {} that somebody you trust vouches for{}",
            entries(tally.vouched),
            since(self)
        )];
        if tally.others > 0 {
            let hint = if tally.hidden == 0 { "" } else { "; --all prints them" };
            let others = counted(tally.others, "other", "others");
            lines.push(format!("and {others} that nobody you trust vouches for{hint}"));
        }
        if self.is_followed {
            lines.push("More was found, and follows".to_owned());
        }
        lines
    }
}

/// An entry: who signed what.
fn entry(Shown { found, by }: &Shown<'_>) -> Vec<String> {
    let proven = &found.entry;
    let mut lines = vec![format!("Index: {}", proven.index), format!("UUID: {}", proven.leaf)];
    let facts = Facts::of(&proven.bytes);
    match &facts.kind {
        Some(kind) => {
            lines.push(format!("Kind: {kind}"));
            lines.extend(facts.digests.iter().map(|digest| {
                let hex = hex::encode(&digest.bytes);
                match digest.algorithm {
                    Some(algorithm) => format!("Artifact: {algorithm} {hex}"),
                    None => format!("Artifact: {hex}"),
                }
            }));
            lines.extend(shown::signers(&facts));
        }
        None => lines.push(format!("Body: {}", shown::body(&proven.bytes, &facts))),
    }
    lines.extend(found.terms.iter().map(|term| format!("Has: {term}")));
    if let Some(by) = by {
        let names: Vec<_> = by.iter().map(vouching).collect();
        let names = if names.is_empty() { "nobody you trust".to_owned() } else { names.join(", ") };
        lines.push(format!("Vouched for by: {names}"));
    }
    lines
}

/// Who vouches for an entry.
fn vouching(by: &VouchedBy) -> String {
    match by {
        VouchedBy::Authority(name) => name.clone(),
        VouchedBy::Question => "itself, as what was asked for is unique".to_owned(),
    }
}

/// Since when.
fn since(page: &Page<'_>) -> String {
    match (page.is_news, page.answer.since) {
        (true, since) => format!(" since the log's tree of {since}"),
        (false, since) if since.is_zero() => String::new(),
        (false, since) => format!(" from index {since} on"),
    }
}

/// How many were found, in a sentence.
fn count(page: &Page<'_>) -> String {
    let Page { answer, is_news, .. } = *page;
    let what = if is_news { "new entry" } else { "entry" };
    let since = since(page);
    let found = answer.entries.len();
    if found == 0 && !answer.is_cut {
        return if is_all_known(answer) {
            format!("Nothing: no {what} has this{since}")
        } else {
            format!("Nothing in what was searched: no {what} there has this{since}")
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
    match (page.is_followed, answer.until == answer.searched()) {
        (true, _) => format!("Found: the first {found} of {total}{since}; the others follow"),
        (false, true) => {
            format!("Found: the newest {found} of {total}{since}; --limit allows no more")
        }
        (false, false) => format!(
            "Found: the first {found} of {total}{since}; --limit leaves the others for the next time"
        ),
    }
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
    if answer.until < answer.indexed {
        return format!("Proved: none before index {} was left out {of}", answer.until);
    }
    match (answer.is_cut, answer.entries.is_empty()) {
        (true, _) => format!("Proved: none newer than these was left out {of}"),
        (false, true) if answer.unconfirmed == 0 => format!("Proved: nothing is listed {of}"),
        (false, _) => format!("Proved: none was left out {of}"),
    }
}

/// A line on the leaves that the index does not have, if there are any.
fn newer(answer: &Answer) -> Option<String> {
    let newer = answer.scanned.max(answer.unsearched);
    if answer.is_cut && answer.until < answer.searched() {
        return None;
    }
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

/// Whether it is known of every entry whether it matches.
fn is_all_known(answer: &Answer) -> bool {
    answer.unsearched == 0 && answer.unconfirmed == 0
}

/// A line on entries that are listed, and whose attestations are gone, if there are any.
fn unconfirmed(answer: &Answer) -> Option<String> {
    let (them, are) = match answer.unconfirmed {
        0 => return None,
        1 => ("1 more entry".to_owned(), "is"),
        count => (format!("{count} more entries"), "are"),
    };
    Some(format!(
        "NOT CONFIRMED: {them} {are} listed for what was signed, which the log no longer has"
    ))
}

impl Page<'_> {
    /// For programs.
    pub fn json(&self) -> Value {
        let (answer, head) = (self.answer, self.answer.head());
        let mut json = json!({
            "entries": self.entries.iter().map(|shown| json_entry(shown, head)).collect::<Vec<_>>(),
            "complete": answer.complete,
            "total": answer.total.get(),
            "total_is_exact": answer.total.is_exact(),
            "since": answer.since.get(),
            "until": answer.until.get(),
            "log_size": head.size.get(),
            "log_root": head.root.to_string(),
            "log_checkpoint": text(&answer.log.to_bytes()),
            "index_size": answer.indexed.get(),
            "index": answer.index.as_ref().map(index),
            "scanned": answer.scanned,
            "not_searched": answer.unsearched,
        });
        if answer.unconfirmed > 0 {
            json["not_confirmed"] = answer.unconfirmed.into();
        }
        if let Some(Tally { vouched, others, hidden }) = self.tally {
            json["vouched"] = vouched.into();
            json["not_vouched"] = others.into();
            json["not_printed"] = hidden.into();
        }
        json
    }
}

fn json_entry(Shown { found, by }: &Shown<'_>, head: TreeHead) -> Value {
    let proven = &found.entry;
    let mut json = json!({
        "logIndex": proven.index.get(),
        "uuid": proven.leaf.to_string(),
        "body": shown::body(&proven.bytes, &Facts::of(&proven.bytes)),
        "rawBody": STANDARD.encode(&proven.bytes),
        "has": found.terms.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "inclusionProof": {
            "logIndex": proven.index.get(),
            "treeSize": head.size.get(),
            "rootHash": head.root.to_string(),
            "hashes": proven.proof.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
    });
    if let Some(by) = by {
        let by: Vec<_> = by.iter().map(vouching).collect();
        json["vouched"] = if by.is_empty() { Value::Null } else { json!({"by": by}) };
    }
    json
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
