//! Search with proof: which entries of a log have this digest, this key, this identity.
//!
//! The answer comes from an index stored next to the log as static files (`fasti_lookup_spec`;
//! `src/docs/formats.md`), and, for leaves not in the index yet, from the newest bundles. No server
//! computes anything.
//!
//! A search takes three readings. [`Opened::read`] reads the current log and index, verified and
//! consistent with each other. [`Search::lists`] asks the index; what must be searched in bundles,
//! [`Search::newest`] says, and the host can read them at the same time. [`Search::find`] reads the
//! entries found.
//!
//! | module | what it is |
//! |---|---|
//! | `question` | the search terms, and whether an entry matches them |
//! | `opened` | the current log and index |
//! | `index` | the newest revision of an index |
//! | `runs`, `list` | the leaves that the index lists for a key, in either order, as far as needed |
//! | `scan` | the leaves that are not in the index yet |
//! | `attested` | attestations of entries that may match by these |
//! | `found` | entries read, and compared with what the index says about them |
//! | `answer` | what was found, and what that proves |
//! | `fault` | why there is no answer |
//!
//! Invariants (I15): every entry in an answer was proved to be in the log, and matches the
//! question. An answer is complete in the index that was signed for the log's tree, or says that it
//! is not. If the index contradicts what was read from the log, the search fails with an error that
//! names the entry.

mod answer;
mod attested;
mod fault;
mod found;
mod index;
mod list;
mod opened;
mod question;
mod runs;
mod scan;

use std::ops::Range;

use fasti_lookup_spec::{LookupKey, Sought};
use tiles_spec::tile::bundle_indices;
use tiles_spec::{TileIndex, TreeSize};

pub use answer::{Answer, Match, Total};
pub use fault::{Conflict, SearchFault, Wrong};
pub use found::Found;
pub use index::{Index, IndexRefusal};
pub use opened::{Opened, OpeningIndexed};
pub use question::{
    Asked, Has, KEYS_MAX, LIMIT_DEFAULT, LIMIT_MAX, Operator, Order, Question, QuestionError,
    SCAN_DEFAULT, Term,
};
pub use runs::{Asking, Listed};
pub use scan::{Open, Scanned, matches, matches_and_open};

use crate::reading::Reading;
use found::Finding;
use list::{KeyList, Merged, Wanted};

/// A page of a list has about this many leaves, often more.
const LEAVES_A_PAGE: usize = 1000;
/// The most pages of a list that are read at once.
const PAGES_MAX: usize = 16;

/// A search of a log and an index that are consistent with each other.
#[derive(Debug)]
pub struct Search<'a, T> {
    opened: Opened,
    question: &'a Question<T>,
    asked: &'a Asked<T>,
    /// The number of leaves of interest that are not in the index.
    newer: u64,
}

/// The leaves that are not in the index and are searched one by one.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The first of them.
    pub from: TreeSize,
    /// The bundles that contain them.
    pub bundles: Range<TileIndex>,
}

impl<'a, T: Sought> Search<'a, T> {
    /// Plans a search. `asked` is the question, validated.
    pub fn new(
        opened: Opened,
        question: &'a Question<T>,
        asked: &'a Asked<T>,
    ) -> Result<Self, SearchFault> {
        let from = opened.indexed().max(question.since);
        let newer = opened.checkpoint.head().size.get().saturating_sub(from.get());
        let this = Self { opened, question, asked, newer };
        if this.opened.index.is_none() && !this.is_scanned() {
            return Err(SearchFault::NoIndex { leaves: newer, scan_max: question.scan_max });
        }
        Ok(this)
    }

    /// Whether the leaves that are not in the index are searched.
    fn is_scanned(&self) -> bool {
        self.newer <= self.question.scan_max
    }

    /// The leaves to search one by one, if there are any.
    pub fn newest(&self) -> Option<Newest> {
        let from = self.opened.indexed().max(self.question.since);
        let bundles = bundle_indices(from, self.opened.checkpoint.head().size);
        (self.is_scanned() && self.newer > 0).then_some(Newest { from, bundles })
    }

    /// The order of the question.
    pub const fn order(&self) -> Order {
        self.question.order
    }

    /// The log and its index. The host can take the tree to read bundles, and return it.
    pub const fn opened(&mut self) -> &mut Opened {
        &mut self.opened
    }

    /// Asks the index for the keys of the question.
    pub fn lists(&self) -> Asking {
        let keys: Vec<LookupKey> = self.asked.keys().iter().map(|(key, _)| *key).collect();
        let index = self.opened.index.as_ref();
        let runs = index.map_or(&[][..], |index| &index.manifest().runs);
        Asking::new(runs, &keys, self.question.since)
    }

    /// Reads the entries that were found in the lists and by scanning.
    ///
    /// If the oldest are asked for, the leaves that are not in the index come last. A host that
    /// scans them only if needed reads the lists first, with nothing scanned, and adds
    /// [`find_scanned`](Self::find_scanned).
    pub fn find(
        &mut self,
        listed: Listed,
        scanned: Scanned,
    ) -> Result<impl Reading<Outcome = Found<T>, Fault = SearchFault> + use<'a, T>, SearchFault>
    {
        self.finding(listed, scanned, self.question.limit)
    }

    /// Reads the entries that were found by scanning, if `limit` more are wanted.
    pub fn find_scanned(
        &mut self,
        scanned: Scanned,
        limit: usize,
    ) -> Result<impl Reading<Outcome = Found<T>, Fault = SearchFault> + use<'a, T>, SearchFault>
    {
        let nothing = vec![Vec::new(); self.asked.keys().len()];
        self.finding(nothing, scanned, limit)
    }

    fn finding(
        &mut self,
        listed: Listed,
        scanned: Scanned,
        limit: usize,
    ) -> Result<Finding<'a, T>, SearchFault> {
        let Question { order, since, .. } = *self.question;
        let pages = (limit / LEAVES_A_PAGE + 1).min(PAGES_MAX);
        let wanted = Wanted { order, since, pages: u32::try_from(pages).unwrap_or(u32::MAX) };
        let keys = self.asked.keys().iter().map(|(key, _)| *key).enumerate();
        let lists = keys.zip(listed).map(|(key, found)| KeyList::new(key, found, wanted));
        let lists = worth_reading(lists.collect(), self.asked);
        let manifest = self.opened.index.as_ref().map(|index| index.manifest().clone());
        let revision = self.opened.index.as_ref().map(Index::revision);
        let log = (self.opened.checkpoint.head(), self.opened.tree.take());
        let lists = Merged::new(order, manifest, lists);
        Finding::new((self.asked, self.question, limit), revision, lists, log, scanned)
    }

    /// The answer.
    pub fn answer(self, found: Found<T>) -> Answer<T> {
        let is_scanned = self.is_scanned();
        let indexed = self.opened.indexed();
        let end = if is_scanned { self.opened.checkpoint.head().size } else { indexed };
        let since = self.question.since;
        // An answer that ends within the index is not about the leaves behind it.
        let is_about_them = found.until.is_none_or(|until| until > indexed.max(since));
        let newer = if is_about_them { self.newer } else { 0 };
        // Nothing is known about the leaves behind an answer that ends before them.
        let head = self.opened.checkpoint.head();
        let read = found.until.map_or(head.size, |until| until.max(indexed).max(since));
        let total = match head.size.get().saturating_sub(read.get()) {
            0 => found.total,
            unread => Total::AtMost(found.total.get().saturating_add(unread)),
        };
        let Opened { checkpoint, index, .. } = self.opened;
        Answer {
            complete: is_scanned && !found.is_cut && found.unconfirmed == 0,
            is_cut: found.is_cut,
            unconfirmed: found.unconfirmed,
            entries: found.entries,
            until: found.until.unwrap_or(end.max(since)),
            total,
            log: checkpoint,
            index,
            indexed,
            scanned: if is_scanned { newer } else { 0 },
            unsearched: if is_scanned { 0 } else { newer },
            since,
        }
    }
}

/// The lists that contain every possible match. If an entry needs one of the terms, that is all
/// lists; if it needs all of them, the lists of the rarest term, since the entries themselves tell
/// whether they have the other terms.
fn worth_reading<T: Sought>(lists: Vec<KeyList>, asked: &Asked<T>) -> Vec<KeyList> {
    if asked.operator() == Operator::Or {
        return lists;
    }
    let leaves =
        |term: &&Vec<usize>| -> u64 { term.iter().map(|number| lists[*number].postings()).sum() };
    let rarest = asked.terms().iter().min_by_key(leaves).cloned().unwrap_or_default();
    let read = lists.into_iter().enumerate().filter(|(number, _)| rarest.contains(number));
    read.map(|(_, list)| list).collect()
}

impl SearchFault {
    /// Whether the cause can be that log or index changed while they were read, so that reading
    /// them again can succeed.
    pub fn may_have_moved_on(&self) -> bool {
        matches!(self, Self::PartMissing { .. } | Self::Shrunk(_))
    }
}

#[cfg(test)]
mod tests;
