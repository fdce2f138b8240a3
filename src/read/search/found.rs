//! Reads the entries found, with their proofs, and compares them with the index.
//!
//! Invariants: each entry matches the question by its own bytes. In the lists that were read, an
//! entry is listed under exactly those of its keys that the question has; otherwise the index is
//! wrong. The number of entries examined is bounded.

use fasti_lookup_spec::Sought;
use tiles_spec::{LeafIndex, TreeHead, TreeSize};

use super::answer::{Match, Total};
use super::attested::{Attesting, Looked, Need};
use super::fault::{SearchFault, Wrong};
use super::list::{Merged, Next};
use super::question::{Asked, Has, LIMIT_MAX, Operator, Order, Question};
use super::scan::Scanned;
use crate::prove::ReadingEntries;
use crate::proven::ProvenEntry;
use crate::reading::{Reading, RequestId, Want};
use crate::tree::{Opening, Tree};

/// The number of entries that are read together.
const TOGETHER: usize = 64;
/// The most entries that are examined, whether they match or not.
const LOOKED_AT_MAX: usize = 65_536;

const _: () = assert!(LIMIT_MAX <= LOOKED_AT_MAX);

/// Leaves, and the numbers of the keys that list each.
type LeavesListed = Vec<(LeafIndex, Vec<usize>)>;

/// Turns lists into entries, in the order of the question.
pub(super) struct Finding<'a, T> {
    asked: &'a Asked<T>,
    question: &'a Question<T>,
    /// The most entries to find.
    limit: usize,
    /// The revision of the index with these lists.
    revision: Option<LeafIndex>,
    lists: Merged,
    /// The keys of these lists.
    read: Vec<usize>,
    head: TreeHead,
    step: Step,
    /// The next leaves of the lists.
    listed: LeavesListed,
    /// The number of matches that scanning found.
    scanned: u64,
    looked_at: usize,
    /// In the order of the question.
    entries: Vec<Match<T>>,
    /// The number of entries that are listed, and whose attestations are not there.
    unconfirmed: u64,
    /// Whether the log keeps attestations, if that is known.
    keeps_attestations: Option<bool>,
    is_cut: bool,
    /// If there are more, and the oldest were found: the first leaf that was not judged.
    until: Option<TreeSize>,
    found: Option<Found<T>>,
}

/// How far it is.
enum Step {
    /// The edge of the tree is read, for the entries at these leaves.
    Edge(Box<Opening>, Leaves),
    /// Lists are read.
    Lists(Option<Tree>),
    /// Entries are read.
    Entries(Box<(Tree, ReadingEntries)>, Leaves),
    /// Attestations of these entries are read.
    Attestations(Box<(Tree, Attesting)>, Leaves),
    Done,
}

/// Leaves whose entries are read.
enum Leaves {
    /// Found by scanning: they match.
    Scanned(Vec<LeafIndex>),
    /// Found in lists.
    Listed(LeavesListed),
}

/// What was found.
pub struct Found<T> {
    /// Ascending.
    pub(super) entries: Vec<Match<T>>,
    pub(super) total: Total,
    /// The number of entries that are listed, and whose attestations are not there.
    pub(super) unconfirmed: u64,
    /// Whether there can be more.
    pub(super) is_cut: bool,
    /// If there are more, and the oldest were found: the first leaf that was not judged.
    pub(super) until: Option<TreeSize>,
}

impl<T> Found<T> {
    /// Whether the limit, or the number of entries that are examined, left something out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The number of entries found.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Ends before later leaves.
    #[must_use]
    pub fn without(self, next: TreeSize) -> Self {
        Self { is_cut: true, until: Some(next), ..self }
    }

    /// Adds what was found among later leaves.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.entries.extend(later.entries);
        self.unconfirmed += later.unconfirmed;
        let total = self.total.get().saturating_add(later.total.get());
        let is_exact = self.total.is_exact() && later.total.is_exact();
        self.total = if is_exact { Total::Exactly(total) } else { Total::AtMost(total) };
        Self { is_cut: self.is_cut || later.is_cut, until: self.until.or(later.until), ..self }
    }
}

impl Leaves {
    fn indices(&self) -> Vec<LeafIndex> {
        match self {
            Self::Scanned(leaves) => leaves.clone(),
            Self::Listed(listed) => listed.iter().map(|(index, _)| *index).collect(),
        }
    }
}

impl<'a, T: Sought> Finding<'a, T> {
    /// Reads the entries of the lists, after those found by scanning. `tree` is the log's, if it
    /// was needed so far, and `head` its head.
    pub(super) fn new(
        (asked, question, limit): (&'a Asked<T>, &'a Question<T>, usize),
        revision: Option<LeafIndex>,
        lists: Merged,
        (head, tree): (TreeHead, Option<Tree>),
        scanned: Scanned,
    ) -> Result<Self, SearchFault> {
        let Scanned { mut leaves, total } = scanned;
        let is_cut = total > leaves.len() as u64;
        let until = leaves.last().filter(|_| is_cut).map(|last| last.tree_size_after());
        if question.order == Order::NewestFirst {
            leaves.reverse();
        }
        let mut this = Self {
            asked,
            question,
            limit,
            revision,
            read: lists.keys().collect(),
            lists,
            head,
            step: Step::Done,
            listed: Vec::new(),
            scanned: total,
            looked_at: 0,
            entries: Vec::new(),
            unconfirmed: 0,
            keeps_attestations: None,
            is_cut,
            until,
            found: None,
        };
        if leaves.is_empty() {
            this.follow_lists(tree)?;
        } else {
            this.read_entries(tree, Leaves::Scanned(leaves))?;
        }
        Ok(this)
    }

    /// Takes the next leaves of the lists, at most as many as are read together, and then reads
    /// their entries.
    fn follow_lists(&mut self, tree: Option<Tree>) -> Result<(), SearchFault> {
        let wanted = self.limit - self.entries.len();
        let most = match self.asked.operator() {
            Operator::Or => wanted.clamp(1, TOGETHER),
            Operator::And => TOGETHER,
        };
        while self.listed.len() < most {
            match self.lists.next() {
                Next::Leaf(index, keys) => self.listed.push((index, keys)),
                Next::Pages => {
                    self.step = Step::Lists(tree);
                    return Ok(());
                }
                Next::End => break,
            }
        }
        let Some((next, _)) = self.listed.first() else {
            self.finish();
            return Ok(());
        };
        if wanted == 0 || self.looked_at >= LOOKED_AT_MAX {
            self.cut(*next);
            return Ok(());
        }
        self.looked_at += self.listed.len();
        let listed = std::mem::take(&mut self.listed);
        self.read_entries(tree, Leaves::Listed(listed))
    }

    /// Reads entries; the edge of the tree first, if it was not read yet.
    fn read_entries(&mut self, tree: Option<Tree>, leaves: Leaves) -> Result<(), SearchFault> {
        self.step = match tree {
            None => Step::Edge(Tree::open(self.head)?.into(), leaves),
            Some(mut tree) => {
                let reading = ReadingEntries::new(&mut tree, leaves.indices())?;
                Step::Entries(Box::new((tree, reading)), leaves)
            }
        };
        self.go_on()
    }

    /// Takes the next step if this one is complete.
    fn go_on(&mut self) -> Result<(), SearchFault> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Edge(mut opening, leaves) => {
                if let Some(tree) = opening.outcome() {
                    return self.read_entries(Some(tree), leaves);
                }
                self.step = Step::Edge(opening, leaves);
                Ok(())
            }
            Step::Lists(tree) => self.follow_lists(tree),
            Step::Entries(mut reading, leaves) => {
                let Some(entries) = reading.1.outcome() else {
                    self.step = Step::Entries(reading, leaves);
                    return Ok(());
                };
                let entries = self.look(entries, &leaves);
                let attesting = Attesting::new::<T>(entries, self.keeps_attestations);
                self.step = Step::Attestations(Box::new((reading.0, attesting)), leaves);
                self.go_on()
            }
            Step::Attestations(mut reading, leaves) => {
                let Some(entries) = reading.1.outcome() else {
                    self.step = Step::Attestations(reading, leaves);
                    return Ok(());
                };
                self.keeps_attestations = self.keeps_attestations.or(reading.1.keeps());
                self.judge(entries, &leaves)?;
                if let Some(next) = self.entries.get(self.limit) {
                    let next = next.entry.index;
                    self.entries.truncate(self.limit);
                    self.cut(next);
                    return Ok(());
                }
                self.follow_lists(Some(reading.0))
            }
            Step::Done => Ok(()),
        }
    }

    /// Sees what entries have by themselves, and which attestations must be read.
    fn look(&self, entries: Vec<ProvenEntry>, leaves: &Leaves) -> Vec<Looked> {
        let look = |(number, entry): (usize, ProvenEntry)| {
            let own = self.asked.of(&entry.leaf, &entry.bytes);
            let is_answer = self.asked.is_answer(&own);
            let is_unexplained = |listed: &LeavesListed| {
                listed[number].1.iter().any(|number| !own.keys.contains(number))
            };
            let need = match leaves {
                _ if !self.asked.may_have_more(&own, &entry.bytes) => Need::Never,
                Leaves::Scanned(_) if !is_answer => Need::Listed,
                Leaves::Scanned(_) => Need::Never,
                Leaves::Listed(listed) if is_unexplained(listed) => Need::Listed,
                Leaves::Listed(_) if !is_answer => Need::IfKept,
                Leaves::Listed(_) => Need::Never,
            };
            Looked { entry, own, attested: None, need }
        };
        entries.into_iter().enumerate().map(look).collect()
    }

    /// Keeps the entries that match.
    fn judge(&mut self, entries: Vec<Looked>, leaves: &Leaves) -> Result<(), SearchFault> {
        for (number, Looked { entry, own, attested, need }) in entries.into_iter().enumerate() {
            let is_gone = need == Need::Listed && attested.is_none();
            let has = attested.map_or_else(|| own.clone(), |attested| own.clone().and(attested));
            if let Leaves::Listed(listed) = leaves {
                self.compare(entry.index, &listed[number].1, (&own, &has), is_gone)?;
            }
            if !self.asked.is_answer(&has) {
                self.unconfirmed += u64::from(is_gone);
                continue;
            }
            let terms = has.terms.iter().map(|number| self.asked.keys()[*number].1.clone());
            self.entries.push(Match { entry, terms: terms.collect() });
        }
        Ok(())
    }

    /// Checks that the lists with a leaf are those of the keys that the leaf has, by itself or in
    /// all. A digest can be that of an attestation that is gone. One that was kept after the leaf
    /// was indexed is not listed.
    fn compare(
        &self,
        index: LeafIndex,
        listed: &[usize],
        (own, has): (&Has, &Has),
        is_gone: bool,
    ) -> Result<(), SearchFault> {
        let wrong = |number: &usize| {
            let term = self.asked.keys()[*number].1.to_string();
            let revision = self.revision.expect("lists are of an index");
            Box::new(Wrong { revision, index, term })
        };
        let is_explained = |number: &usize| {
            has.keys.contains(number) || is_gone && self.asked.keys()[*number].1.can_be_attested()
        };
        if let Some(number) = listed.iter().find(|number| !is_explained(number)) {
            return Err(SearchFault::WrongPosting(wrong(number)));
        }
        let mut expected = own.keys.iter().filter(|number| self.read.contains(number));
        match expected.find(|number| !listed.contains(number)) {
            Some(number) => Err(SearchFault::MissingPosting(wrong(number))),
            None => Ok(()),
        }
    }

    /// Ends before the leaf that comes next.
    fn cut(&mut self, next: LeafIndex) {
        self.is_cut = true;
        self.until = Some(next.tree_size_before());
        self.finish();
    }

    fn finish(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        if self.question.order == Order::NewestFirst {
            entries.reverse();
            self.until = None;
        }
        let all = Total::Exactly(entries.len() as u64);
        let total = if self.is_cut { self.total() } else { all };
        let unconfirmed = self.unconfirmed;
        self.found =
            Some(Found { entries, total, unconfirmed, is_cut: self.is_cut, until: self.until });
        self.step = Step::Done;
    }

    /// The number of matches if not all were read, by the lists' own counts.
    fn total(&self) -> Total {
        let total = self.scanned.saturating_add(self.lists.postings());
        let is_exact = matches!(self.asked.keys(), [(_, term)] if term.has_its_key_alone())
            && self.question.since.is_zero();
        if is_exact { Total::Exactly(total) } else { Total::AtMost(total) }
    }
}

impl<T: Sought> Reading for Finding<'_, T> {
    type Outcome = Found<T>;
    type Fault = SearchFault;

    fn request(&mut self) -> Option<(RequestId, Want)> {
        match &mut self.step {
            Step::Edge(opening, _) => opening.request(),
            Step::Lists(_) => self.lists.request(),
            Step::Entries(reading, _) => reading.1.request(),
            Step::Attestations(reading, _) => reading.1.request(),
            Step::Done => None,
        }
    }

    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), SearchFault> {
        match &mut self.step {
            Step::Edge(opening, _) => opening.answer(id, found)?,
            Step::Lists(_) => self.lists.answer(id, found)?,
            Step::Entries(reading, _) => {
                let (tree, reading) = &mut **reading;
                reading.answer(id, found, tree)?;
            }
            Step::Attestations(reading, _) => reading.1.answer(self.asked, id, found),
            Step::Done => {}
        }
        self.go_on()
    }

    fn outcome(&mut self) -> Option<Found<T>> {
        self.found.take()
    }
}
