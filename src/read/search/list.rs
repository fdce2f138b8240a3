//! Lists of leaves, read newest first and no further than needed.
//!
//! Invariants: a list descends, and has as many leaves as its directory says; otherwise it is an
//! error.

use std::ops::Range;
use std::sync::Arc;

use fasti_lookup_spec::{Found, LookupError, LookupKey, Manifest, PagedList, Run};
use tiles_spec::{LeafIndex, TreeSize};

use super::fault::SearchFault;
use super::runs::{REQUESTS, bad, part_of, postings};
use crate::reading::{RequestId, Want};

/// The leaves of several keys, merged into one descending list.
#[derive(Debug)]
pub(super) struct Merged {
    /// The manifest of the index; without one, there are no lists with anything in them.
    manifest: Option<Arc<Manifest>>,
    lists: Vec<KeyList>,
}

/// What comes next in a list.
pub(super) enum Next {
    /// A leaf, and the numbers of the keys that list it.
    Leaf(LeafIndex, Vec<usize>),
    /// Pages must be read first.
    Pages,
    /// Nothing.
    End,
}

/// The leaves of one key.
#[derive(Debug)]
pub(super) struct KeyList {
    /// The key's number in the question.
    number: usize,
    key: LookupKey,
    /// The first leaf of interest.
    since: TreeSize,
    /// The number of pages of a list to read at once.
    pages: u32,
    /// The number of leaves in all these runs, including those of no interest.
    postings: u64,
    /// The lists not read yet, by the number of the run, oldest first.
    rest: Vec<(usize, Rest)>,
    /// The leaves read but not taken yet, ascending.
    ready: Vec<LeafIndex>,
    reading: Option<Pages>,
}

#[derive(Debug)]
enum Rest {
    Leaves(Vec<LeafIndex>),
    Pages(RestOfPages),
}

/// The unread rest of a list on pages of its own.
#[derive(Debug)]
struct RestOfPages {
    list: PagedList,
    pages: Range<u32>,
    /// The number of leaves read, and the first one of them.
    read: u64,
    first: Option<LeafIndex>,
}

/// Pages on their way.
#[derive(Debug)]
struct Pages {
    run: usize,
    rest: RestOfPages,
    wanted: Range<u32>,
    is_asked: bool,
}

impl Merged {
    pub(super) fn new(manifest: Option<Arc<Manifest>>, lists: Vec<KeyList>) -> Self {
        Self { manifest, lists }
    }

    /// The number of leaves in all lists. A leaf in two lists counts twice.
    pub(super) fn postings(&self) -> u64 {
        self.lists.iter().map(|list| list.postings).fold(0, u64::saturating_add)
    }

    /// The numbers of the keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = usize> {
        self.lists.iter().map(|list| list.number)
    }

    /// The next leaf of all lists, if enough of them was read.
    pub(super) fn next(&mut self) -> Next {
        let mut is_known = true;
        for list in &mut self.lists {
            is_known &= list.settle();
        }
        if !is_known {
            return Next::Pages;
        }
        let newest = self.lists.iter().filter_map(|list| list.ready.last().copied()).max();
        let Some(newest) = newest else { return Next::End };
        let having = self.lists.iter_mut().filter(|list| list.ready.last() == Some(&newest));
        let keys = having.map(|list| {
            list.ready.pop();
            list.number
        });
        Next::Leaf(newest, keys.collect())
    }

    /// The next pages to request.
    pub(super) fn request(&mut self) -> Option<(RequestId, Want)> {
        let reading = self.lists.iter().filter_map(|list| list.reading.as_ref());
        if reading.filter(|pages| pages.is_asked).count() >= REQUESTS {
            return None;
        }
        let manifest = self.manifest.as_ref()?;
        (0..).zip(&mut self.lists).find_map(|(id, list)| {
            let pages = list.reading.as_mut().filter(|pages| !pages.is_asked)?;
            pages.is_asked = true;
            let (path, part) = part_of(list.key, manifest.runs.get(pages.run)?);
            let bytes = Some(part.slots(pages.wanted.clone()));
            Some((id, Want { object: path.into(), bytes }))
        })
    }

    /// Takes pages.
    pub(super) fn answer(
        &mut self,
        id: RequestId,
        found: Option<Vec<u8>>,
    ) -> Result<(), SearchFault> {
        let list = usize::try_from(id).ok().and_then(|id| self.lists.get_mut(id));
        let run = |number: usize| self.manifest.as_ref()?.runs.get(number);
        if let Some(list) = list
            && let Some(pages) = list.reading.take()
            && let Some(run) = run(pages.run)
        {
            list.accept(run, pages, found)?;
        }
        Ok(())
    }
}

impl KeyList {
    /// The list of a key, from its lists in the runs. `pages` pages are read at once.
    pub(super) fn new(
        (number, key): (usize, LookupKey),
        found: Vec<(usize, Found)>,
        since: TreeSize,
        pages: u32,
    ) -> Self {
        let postings = found.iter().map(|(_, found)| found.postings()).fold(0, u64::saturating_add);
        let rest = found.into_iter().filter_map(|(run, found)| match found {
            Found::Absent => None,
            Found::Listed(leaves) => Some((run, Rest::Leaves(leaves))),
            Found::Paged(list) => {
                let pages = list.pages.clone();
                Some((run, Rest::Pages(RestOfPages { list, pages, read: 0, first: None })))
            }
        });
        let (rest, ready) = (rest.collect(), Vec::new());
        Self { number, key, since, pages, postings, rest, ready, reading: None }
    }

    /// The number of leaves, including those of no interest.
    pub(super) fn postings(&self) -> u64 {
        self.postings
    }

    /// Finds the newest leaf not taken yet. Returns whether it, or the end of the list, is known;
    /// otherwise pages must be read.
    fn settle(&mut self) -> bool {
        while self.reading.is_none()
            && self.ready.is_empty()
            && let Some((run, rest)) = self.rest.pop()
        {
            match rest {
                Rest::Leaves(leaves) => self.make_ready(leaves),
                Rest::Pages(rest) => {
                    let first = rest.pages.end.saturating_sub(self.pages).max(rest.pages.start);
                    let wanted = first..rest.pages.end;
                    self.reading = Some(Pages { run, rest, wanted, is_asked: false });
                }
            }
        }
        self.reading.is_none()
    }

    /// Leaves that were read, without those of no interest, after which there are no others.
    fn make_ready(&mut self, leaves: Vec<LeafIndex>) {
        self.ready = leaves;
        let old = self.ready.partition_point(|leaf| leaf.get() < self.since.get());
        if old > 0 {
            self.ready.drain(..old);
            self.rest.clear();
        }
    }

    /// Takes the last of the unread pages.
    fn accept(
        &mut self,
        run: &Run,
        pages: Pages,
        found: Option<Vec<u8>>,
    ) -> Result<(), SearchFault> {
        let Pages { run: number, mut rest, wanted, .. } = pages;
        let first = wanted.start;
        let leaves = postings(self.key, run, &rest.list, wanted, found)?;
        rest.accept(first, &leaves).map_err(|error| bad(part_of(self.key, run).0, error))?;
        if !rest.pages.is_empty() {
            self.rest.push((number, Rest::Pages(rest)));
        }
        self.make_ready(leaves);
        Ok(())
    }
}

impl RestOfPages {
    /// Checks the leaves read from the pages from `start` on. They must come before those read
    /// already, and together with them must be as many as expected.
    fn accept(&mut self, start: u32, leaves: &[LeafIndex]) -> Result<(), LookupError> {
        if let (Some(last), Some(first)) = (leaves.last(), self.first)
            && *last >= first
        {
            return Err(LookupError::Order { page: self.pages.end });
        }
        self.read += leaves.len() as u64;
        self.first = leaves.first().copied().or(self.first);
        self.pages.end = start;
        if self.pages.is_empty() && self.read != self.list.postings {
            let (expected, actual) = (self.list.postings, self.read);
            return Err(LookupError::Count { what: "leaves of a key", expected, actual });
        }
        Ok(())
    }
}
