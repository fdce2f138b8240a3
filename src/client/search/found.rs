//! Reads the entries found, with their proofs, and compares them with the index.
//!
//! Invariants: each entry matches the question by its own bytes. In the lists that were read, an
//! entry is listed under exactly those of its keys that the question has; otherwise the index is
//! wrong. The number of entries examined is bounded.

use std::sync::Arc;

use tiles_spec::LeafIndex;

use super::answer::{Match, Total};
use super::list::Merged;
use super::opened::Log;
use super::question::{Asked, Has, LIMIT_MAX, Operator, Question};
use super::refusal::{SearchError, Wrong};
use super::scan::Scanned;
use crate::proven::ProvenEntry;

/// The number of entries that are read together.
const TOGETHER: usize = 64;
/// The most entries that are examined, whether they match or not.
const LOOKED_AT_MAX: usize = 65_536;

const _: () = assert!(LIMIT_MAX <= LOOKED_AT_MAX);

/// Turns lists into entries, newest first.
pub(super) struct Finding<'a> {
    asked: &'a Arc<Asked>,
    question: &'a Question,
    /// The revision of the index with these lists.
    revision: Option<LeafIndex>,
    lists: Merged<'a>,
    /// The keys of these lists.
    read: Vec<usize>,
}

/// What was found.
pub(super) struct Found {
    /// Ascending.
    pub(super) entries: Vec<Match>,
    pub(super) total: Total,
    /// Whether there can be more.
    pub(super) is_cut: bool,
}

impl<'a> Finding<'a> {
    pub(super) fn new(
        asked: &'a Arc<Asked>,
        question: &'a Question,
        revision: Option<LeafIndex>,
        lists: Merged<'a>,
    ) -> Self {
        let read = lists.keys().collect();
        Self { asked, question, revision, lists, read }
    }

    /// Reads the entries of the lists, after those found by scanning.
    pub(super) async fn find(
        mut self,
        log: &mut Log,
        scanned: Scanned,
    ) -> Result<Found, SearchError> {
        let mut entries = self.scanned(log, &scanned).await?;
        let mut is_cut = scanned.total > entries.len() as u64;
        let mut looked_at = 0;
        loop {
            let listed = self.next_together(self.question.limit - entries.len()).await?;
            if listed.is_empty() {
                break;
            }
            if entries.len() == self.question.limit || looked_at >= LOOKED_AT_MAX {
                is_cut = true;
                break;
            }
            looked_at += listed.len();
            entries.extend(self.read(log, &listed).await?);
            if entries.len() > self.question.limit {
                entries.truncate(self.question.limit);
                is_cut = true;
                break;
            }
        }
        entries.reverse();
        let all = Total::Exactly(entries.len() as u64);
        let total = if is_cut { self.total(scanned.total) } else { all };
        Ok(Found { entries, total, is_cut })
    }

    /// The matches among the newest leaves, which the index does not have; newest first.
    async fn scanned(&self, log: &mut Log, scanned: &Scanned) -> Result<Vec<Match>, SearchError> {
        let newest: Vec<_> = scanned.newest.iter().rev().copied().collect();
        if newest.is_empty() {
            return Ok(Vec::new());
        }
        let entries = log.view().await?.entries(&newest).await?;
        let matches = entries.into_iter().map(|entry| {
            let has = self.asked.of(&entry.leaf, &entry.bytes);
            self.of(entry, &has)
        });
        Ok(matches.collect())
    }

    /// The next leaves of the lists, at most as many as are read together. Empty only at the end of
    /// the lists.
    async fn next_together(
        &mut self,
        wanted: usize,
    ) -> Result<Vec<(LeafIndex, Vec<usize>)>, SearchError> {
        let most = match self.asked.operator() {
            Operator::Or => wanted.clamp(1, TOGETHER),
            Operator::And => TOGETHER,
        };
        let mut listed = Vec::new();
        while listed.len() < most
            && let Some(leaf) = self.lists.next().await?
        {
            listed.push(leaf);
        }
        Ok(listed)
    }

    /// Reads the entries, and returns those that match.
    async fn read(
        &self,
        log: &mut Log,
        listed: &[(LeafIndex, Vec<usize>)],
    ) -> Result<Vec<Match>, SearchError> {
        let indices: Vec<_> = listed.iter().map(|(index, _)| *index).collect();
        let entries = log.view().await?.entries(&indices).await?;
        let mut matches = Vec::new();
        for (entry, (_, keys)) in entries.into_iter().zip(listed) {
            let has = self.asked.of(&entry.leaf, &entry.bytes);
            self.compare(entry.index, keys, &has)?;
            if self.asked.is_answer(&has) {
                matches.push(self.of(entry, &has));
            }
        }
        Ok(matches)
    }

    /// Checks that the lists with a leaf are those of the keys that the leaf has.
    fn compare(&self, index: LeafIndex, listed: &[usize], has: &Has) -> Result<(), SearchError> {
        let wrong = |number: &usize| {
            let term = self.asked.keys()[*number].1.to_string();
            let revision = self.revision.expect("lists are of an index");
            Box::new(Wrong { revision, index, term })
        };
        if let Some(number) = listed.iter().find(|number| !has.keys.contains(number)) {
            return Err(SearchError::WrongPosting(wrong(number)));
        }
        let mut expected = has.keys.iter().filter(|number| self.read.contains(number));
        match expected.find(|number| !listed.contains(number)) {
            Some(number) => Err(SearchError::MissingPosting(wrong(number))),
            None => Ok(()),
        }
    }

    fn of(&self, entry: ProvenEntry, has: &Has) -> Match {
        let terms = has.terms.iter().map(|number| self.asked.keys()[*number].1.clone());
        Match { entry, terms: terms.collect() }
    }

    /// The number of matches if not all were read, by the lists' own counts.
    fn total(&self, scanned: u64) -> Total {
        let total = scanned.saturating_add(self.lists.postings());
        let is_exact = self.asked.keys().len() == 1 && self.question.since.is_zero();
        if is_exact { Total::Exactly(total) } else { Total::AtMost(total) }
    }
}
