//! Audits the heads that a log keeps (`src/docs/formats.md`, "Kept heads"): each is signed by the
//! log, is a head of its tree, and is listed and described as it is. What describes a head follows
//! from its note and the time on its page, so it is made again and compared as a whole.
//!
//! Invariants: a clean report means that every head that is listed was read, and that the log's
//! tree extends each. Memory does not grow with the number of heads. Any content of a file results
//! in a report, never in a panic.

use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::heads::{Heads, ReadHeadsError};
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::{OpenedCheckpoint, Trust};
use fasti_heads::head_in_words;
use fasti_objects::{HeadNumber, HeadsPath, KeptHead, Published};
use fasti_seams::causes::with_causes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tiles_spec::{TileIndex, VerifierKey, open_checkpoint};

use super::findings::Findings;
use super::heads_report::HeadsReport;
use super::problem::{Fault, Kind};

struct Audit<'a> {
    fetch: Arc<dyn Fetch>,
    heads: Heads,
    /// `None` if the right edge of the tree is damaged.
    view: Option<View>,
    trust: &'a Trust,
    findings: Findings,
}

/// Checks the heads of a log that was checked before.
pub async fn check(fetch: Arc<dyn Fetch>, trust: &Trust) -> Result<HeadsReport, ReadError> {
    // The heads are read first: if the log grows meanwhile, its tree contains them all.
    let findings = Findings::default();
    let heads = match Heads::open(fetch.clone()).await {
        Ok(heads) => heads,
        Err(ReadHeadsError::None { .. }) => return Ok(HeadsReport::default()),
        Err(error) => {
            findings.add(Published::Heads(HeadsPath::Latest), fault_of(&error));
            return Ok(report(None, findings));
        }
    };
    let view = match View::open(fetch.clone(), trust).await {
        Ok(view) => Some(view),
        // The check of the log itself names the damage.
        Err(error) if error.is_refusal() => None,
        Err(error) => return Err(error),
    };
    let kept = heads.newest().0.get() + 1;
    let mut audit = Audit { fetch, heads, view, trust, findings };
    audit.check_pages().await;
    Ok(report(Some(kept), audit.findings))
}

fn report(kept: Option<u64>, findings: Findings) -> HeadsReport {
    let (problems, problems_omitted) = findings.into_problems();
    HeadsReport { kept, problems, problems_omitted }
}

impl Audit<'_> {
    async fn check_pages(&mut self) {
        let mut before: Option<KeptHead> = None;
        for number in 0..=self.heads.newest().0.page().get() {
            let number = TileIndex::new(number);
            let page = match self.heads.page(number).await {
                Ok(page) => page,
                Err(error) => {
                    let fault = fault_of(&error);
                    self.findings.add(Published::Heads(HeadsPath::Page(number)), fault);
                    before = None;
                    continue;
                }
            };
            for (number, head) in page.heads() {
                if before.is_some_and(|it| it.size >= head.size || it.time > head.time) {
                    let fault = "does not come after the head before it";
                    self.findings.add(Published::Heads(HeadsPath::Note(number)), fault);
                }
                before = Some(head);
                self.check_head(number, head).await;
            }
        }
    }

    async fn check_head(&mut self, number: HeadNumber, head: KeptHead) {
        let path = Published::Heads(HeadsPath::Note(number));
        // Heads that were kept before there were witnesses are heads too.
        let trust = Trust { policy: None, ..self.trust.clone() };
        let note = match self.heads.note((number, head), &trust).await {
            Ok(note) => note,
            Err(error) => return self.findings.add(path, fault_of(&error)),
        };
        self.check_words(number, head, &note).await;
        let Some(view) = &mut self.view else { return };
        let newest = view.head();
        if head.size > newest.size {
            let fault = format!(
                "is of a tree of {}, but the log has {} entries: it was restored from an old copy, \
                 or an old checkpoint is served",
                head.size, newest.size
            );
            return self.findings.add(path, Fault::new(Kind::History, fault));
        }
        match view.head_at(head.size).await {
            Ok(ours) if ours == note.head() => {}
            Ok(ours) => {
                let fault = format!(
                    "has the root hash {}, but the log's tree has {} at that size: a fork",
                    note.head().root,
                    ours.root
                );
                self.findings.add(path, Fault::new(Kind::History, fault));
            }
            // The same holds for the tiles below.
            Err(error) if error.is_refusal() => {}
            Err(error) => {
                let fault = format!("cannot be compared: {}", with_causes(&error));
                self.findings.add(path, Fault::new(Kind::Unreadable, fault));
            }
        }
    }

    async fn check_words(&self, number: HeadNumber, head: KeptHead, note: &OpenedCheckpoint) {
        let path = HeadsPath::Json(number);
        let fault = match self.fetch.fetch_heads(&path).await {
            Ok(Some(json)) => {
                let own_key = own_key(note, &json);
                if json == head_in_words(number, note.signed(), head.time, &own_key) {
                    return;
                }
                match serde_json::from_slice::<IgnoredAny>(&json) {
                    Ok(_) => Fault::damaged("is not what its note and its page say"),
                    Err(error) => Fault::damaged(format!("damaged: {error}")),
                }
            }
            Ok(None) => Fault::missing(),
            Err(error) => Fault::unread(&error),
        };
        self.findings.add(Published::Heads(path), fault);
    }
}

/// A file of the heads could not be read, or was refused.
fn fault_of(error: &ReadHeadsError) -> Fault {
    match error {
        ReadHeadsError::Missing { .. } => Fault::new(Kind::Missing, error.to_string()),
        error => Fault::refused(error.is_refusal(), error),
    }
}

/// The log's own key, which the JSON of a head names. Who trusts only a further key of the log need
/// not know it: then it is the key that the JSON names, if it made the note's first line.
fn own_key(note: &OpenedCheckpoint, json: &[u8]) -> VerifierKey {
    let trusted = &note.log().key;
    let named = if trusted.public_key().cosigns() { named_key(note, json) } else { None };
    named.unwrap_or_else(|| trusted.clone())
}

fn named_key(note: &OpenedCheckpoint, json: &[u8]) -> Option<VerifierKey> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        log_key: String,
    }
    let Named { log_key } = serde_json::from_slice(json).ok()?;
    let named: VerifierKey = log_key.parse().ok()?;
    let is_first = note.signed().note().signatures().first().is_some_and(|line| named.made(line));
    let keys = std::slice::from_ref(&named);
    let opened = open_checkpoint(&note.to_bytes(), &note.checkpoint().origin, keys);
    (is_first && opened.is_ok()).then_some(named)
}

#[cfg(test)]
mod tests;
