//! The lookups of one class of keys: whether the answers were right, and what they cost.

#![expect(clippy::cast_precision_loss, reason = "figures for people, not exact counts")]

use std::fmt::Write;
use std::time::Duration;

use fasti::client::search::Answer;
use serde::Serialize;

use super::counting::{Count, Read};
use super::known::Question;
use super::spread::Spread;
use crate::units::{show_count, show_duration};

/// What one lookup cost.
pub struct Lookup {
    /// What was read.
    pub read: Read,
    /// From the question to the answer, including entries and their proofs.
    pub took: Duration,
    /// How many entries were read.
    pub entries: usize,
}

/// What the lookups of a class cost.
#[derive(Debug, Serialize)]
pub struct Class {
    /// The name of the class: how often such keys occur.
    #[serde(rename = "class")]
    name: String,
    lookups: usize,
    /// How many entries the keys have.
    matches: Spread,
    /// What was read to prove the answer.
    lookup: Cost,
    /// What was read of the log: entries with their proofs.
    entries: Cost,
    /// What was read of leaves not in the index.
    newer: Cost,
    entries_read: Spread,
    us: Spread,
}

/// Requests and bytes of a lookup.
#[derive(Debug, Serialize)]
struct Cost {
    requests: Spread,
    bytes: Spread,
}

impl Class {
    /// Summarises at least one lookup.
    pub fn new(name: &str, lookups: &[(&Question, Lookup)]) -> Self {
        let figures =
            |figure: fn(&Lookup) -> f64| Spread::of(lookups.iter().map(|(_, l)| figure(l)));
        let cost = |count: fn(&Read) -> &Count| Cost {
            requests: Spread::of(lookups.iter().map(|(_, l)| count(&l.read).requests as f64)),
            bytes: Spread::of(lookups.iter().map(|(_, l)| count(&l.read).bytes as f64)),
        };
        Self {
            name: name.to_owned(),
            lookups: lookups.len(),
            matches: Spread::of(lookups.iter().map(|(question, _)| question.entries as f64)),
            lookup: cost(|read| &read.lookup),
            entries: cost(|read| &read.entries),
            newer: cost(|read| &read.newer),
            entries_read: figures(|lookup| lookup.entries as f64),
            us: figures(|lookup| lookup.took.as_nanos() as f64 / 1e3),
        }
    }

    /// A line for the lookup, and one for what was read because of it.
    pub fn text(&self) -> String {
        let Self { name, lookups, lookup, entries, newer, .. } = self;
        let count = |figure: f64| format!("{figure:.0}");
        let time = |us: f64| show_duration(Duration::from_secs_f64(us / 1e6));
        let (matches, time) = (self.matches.text(count), self.us.text(time));
        let lookups = show_count(*lookups as u64);
        let mut text = format!(
            "{name:<11}{lookups} lookups of keys with {matches} entries: {} in {time}\n",
            lookup.text(),
        );
        let read = self.entries_read.text(count);
        // Writing to a String does not fail.
        if entries.requests.max > 0.0 {
            let _ = writeln!(text, "{:<11}{read} entries with proofs: {}", "", entries.text());
        }
        if newer.requests.max > 0.0 {
            let _ = writeln!(text, "{:<11}leaves not indexed yet: {}", "", newer.text());
        }
        text
    }
}

impl Cost {
    fn text(&self) -> String {
        let requests = self.requests.text(|figure| format!("{figure:.0}"));
        let bytes = self.bytes.text(|figure| format!("{:.1}", figure / 1024.0));
        format!("{requests} GETs, {bytes} KiB")
    }
}

/// What is wrong with an answer, if anything is.
pub fn mistake(question: &Question, answer: &Answer, limit: usize) -> Option<String> {
    let (total, entries) = (answer.total.get(), question.entries);
    if total != entries || !answer.total.is_exact() {
        return Some(format!("{total} entries where there are {entries}"));
    }
    let found = answer.entries.len();
    let all = usize::try_from(entries).ok().filter(|entries| *entries <= limit);
    if found != all.unwrap_or(limit) {
        return Some(format!("{found} of {entries} entries were read"));
    }
    let indices = answer.entries.iter().map(|found| found.entry.index.get());
    let sum = indices.fold(0u64, u64::wrapping_add);
    if all.is_some() && sum != question.index_sum {
        return Some("other entries than expected".to_owned());
    }
    (answer.complete != all.is_some()).then(|| format!("complete: {}", answer.complete))
}
