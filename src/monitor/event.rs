//! What a monitor reports, for people and for programs (`src/docs/formats.md`, "Reports of a
//! monitor").
//!
//! Invariants: a report that comes again has the same ID; texts from entries and logs are escaped
//! by whoever shows them, and bounded here.

use fasti_entry::excerpt;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tiles_spec::{Hash, TreeHead};

use super::alarm::{Alarm, AlarmKind};
use super::left_out::LeftOut;
use super::matcher::{Counts, Finding};

/// The most characters of a reason.
const REASON_CHARS_MAX: usize = 4000;
/// The most names of patterns with a match.
const PATTERNS_MAX: usize = 16;

/// A report about a log.
#[derive(Clone, Debug)]
pub struct Event {
    /// The log's origin, or the place where it should be.
    pub log: String,
    /// What is reported.
    pub what: What,
}

/// What is reported.
#[derive(Clone, Debug)]
pub enum What {
    /// An entry matches.
    Match {
        /// The entry.
        finding: Box<Finding>,
        /// The patterns that it matches, in words.
        patterns: Vec<String>,
    },
    /// More entries match than are reported.
    LeftOut(LeftOut),
    /// Something is wrong with the log.
    Alarm(Alarm),
    /// Something is no longer wrong.
    Over(AlarmKind),
    /// The log was read to its end.
    Round(Summary),
    /// The log was not read to its end.
    Failure(String),
}

/// What was done in a round.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// The tree that was checked.
    pub head: TreeHead,
    /// The first entry that was read.
    pub from: u64,
    /// What was counted.
    pub counts: Counts,
    /// How many entries matched.
    pub matches: u64,
    /// How many new entries have times, if the log keeps them.
    pub timed: Option<u64>,
    /// How many terms of new entries were looked up in the index, if the log has one.
    pub looked_up: Option<u64>,
}

impl Event {
    /// An ID that the same report has each time; 32 hexadecimal digits.
    pub fn id(&self) -> String {
        let content = match &self.what {
            What::Match { finding, .. } => format!("{} {}", finding.index, finding.leaf),
            What::LeftOut(left_out) => left_out.words(),
            What::Alarm(alarm) => alarm.reason.clone(),
            What::Over(kind) => kind.name().to_owned(),
            What::Round(summary) => summary.head.size.to_string(),
            What::Failure(reason) => reason.clone(),
        };
        let mut hash = Sha256::new();
        for part in ["fasti/monitor/event/v1", self.name(), &self.log, &content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex::encode(&hash.finalize()[..16])
    }

    /// The name of the kind of report.
    pub const fn name(&self) -> &'static str {
        match self.what {
            What::Match { .. } => "match",
            What::LeftOut(_) => "left_out",
            What::Alarm(_) => "alarm",
            What::Over(_) => "over",
            What::Round(_) => "round",
            What::Failure(_) => "failure",
        }
    }

    /// Whether it is for others, rather than only for who runs the monitor.
    pub const fn is_news(&self) -> bool {
        !matches!(self.what, What::Round(_) | What::Failure(_))
    }

    /// For programs: one object.
    pub fn json(&self) -> Value {
        let mut json = match &self.what {
            What::Match { finding, patterns } => json!({
                "index": finding.index.get(),
                "leaf_hash": finding.leaf.to_string(),
                "patterns": patterns.iter().take(PATTERNS_MAX).collect::<Vec<_>>(),
                "patterns_left_out": patterns.len().saturating_sub(PATTERNS_MAX),
                "bad_signature": finding.bad_signature,
                "vouched_by": finding.vouched_by,
                "entry": finding.entry.json(),
            }),
            What::LeftOut(left_out) => json!({
                "count": left_out.count,
                "ranges": left_out.ranges.iter().map(|(a, b)| [*a, *b]).collect::<Vec<_>>(),
            }),
            What::Alarm(alarm) => json!({
                "alarm": alarm.kind.name(),
                "reason": excerpt_of(&alarm.reason),
                "evidence": alarm.evidence.as_ref().map(|path| path.display().to_string()),
            }),
            What::Over(kind) => json!({ "alarm": kind.name() }),
            What::Round(summary) => json!({
                "size": summary.head.size.get(),
                "root": summary.head.root.to_string(),
                "from": summary.from,
                "entries": summary.counts.entries,
                "typed": summary.counts.typed,
                "signatures": summary.counts.signatures,
                "overlong_names": summary.counts.overlong,
                "matches": summary.matches,
                "timed": summary.timed,
                "looked_up": summary.looked_up,
            }),
            What::Failure(reason) => json!({ "reason": excerpt_of(reason) }),
        };
        json["event"] = self.name().into();
        json["id"] = self.id().into();
        json["log"] = self.log.as_str().into();
        json
    }

    /// For people: one line. What others wrote is to be escaped when it is shown.
    pub fn words(&self) -> String {
        let log = &self.log;
        match &self.what {
            What::Match { finding, patterns } => match_words(log, finding, patterns),
            What::LeftOut(left_out) => format!(
                "{log}: {} more entries match, and are not listed: they are among {}",
                left_out.count,
                left_out.words()
            ),
            What::Alarm(alarm) => {
                let kind = alarm.kind.name().to_uppercase();
                format!("ALARM {kind} {log}: {}", excerpt_of(&alarm.reason))
            }
            What::Over(kind) => format!("{log}: no longer {}", kind.name()),
            What::Round(summary) => round_words(log, summary),
            What::Failure(reason) => format!("{log}: not checked: {}", excerpt_of(reason)),
        }
    }
}

fn match_words(log: &str, finding: &Finding, patterns: &[String]) -> String {
    let Finding { index, bad_signature, vouched_by, entry, .. } = finding;
    let mut words = vec![format!("MATCH {log} entry {index}: {}", entry.words())];
    let shown: Vec<_> = patterns.iter().take(PATTERNS_MAX).map(String::as_str).collect();
    match patterns.len().saturating_sub(PATTERNS_MAX) {
        _ if shown.is_empty() => {}
        0 => words.push(format!("matches {}", shown.join(", "))),
        more => words.push(format!("matches {} and {more} more", shown.join(", "))),
    }
    if let Some(by) = vouched_by {
        words.push(format!("{by} issued the certificate"));
    }
    if let Some(reason) = bad_signature {
        words.push(format!("its signature does not verify: {reason}"));
    }
    words.join("; ")
}

fn round_words(log: &str, summary: &Summary) -> String {
    let Summary { head: TreeHead { size, root }, counts, matches, .. } = summary;
    let root: &Hash = root;
    let mut words = format!(
        "{log}: tree of {size} with root hash {root}; {} new entries, {} signatures verified \
         again, {matches} matches",
        counts.entries, counts.signatures
    );
    if counts.overlong > 0 {
        let few = format!("; {} names were too long to compare", counts.overlong);
        words.push_str(&few);
    }
    words
}

fn excerpt_of(reason: &str) -> String {
    if reason.chars().count() <= REASON_CHARS_MAX {
        return reason.to_owned();
    }
    excerpt(reason, REASON_CHARS_MAX)
}
