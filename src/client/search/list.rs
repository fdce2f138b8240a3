//! Lists of leaves, read newest first and no further than needed.
//!
//! Invariants: a list descends, and has as many leaves as its directory says; otherwise it is an
//! error.

use std::ops::Range;

use fasti_lookup_spec::{Found, LookupError, LookupKey, PagedList, Run};
use tiles_spec::{LeafIndex, TreeSize};

use super::SearchError;
use super::runs::Runs;

/// The leaves of several keys, merged into one descending list.
pub(super) struct Merged<'a> {
    lists: Vec<KeyList<'a>>,
}

/// The leaves of one key.
pub(super) struct KeyList<'a> {
    /// The key's number in the question.
    number: usize,
    key: LookupKey,
    /// The first leaf of interest.
    since: TreeSize,
    /// The number of pages of a list to read at once.
    pages: u32,
    /// The number of leaves in all these runs, including those of no interest.
    postings: u64,
    runs: Runs<'a>,
    /// The lists not read yet, oldest first.
    rest: Vec<(&'a Run, Rest)>,
    /// The leaves read but not taken yet, ascending.
    ready: Vec<LeafIndex>,
}

enum Rest {
    Leaves(Vec<LeafIndex>),
    Pages(RestOfPages),
}

/// The unread rest of a list on pages of its own.
struct RestOfPages {
    list: PagedList,
    pages: Range<u32>,
    /// The number of leaves read, and the first one of them.
    read: u64,
    first: Option<LeafIndex>,
}

impl<'a> Merged<'a> {
    pub(super) fn new(lists: Vec<KeyList<'a>>) -> Self {
        Self { lists }
    }

    /// The number of leaves in all lists. A leaf in two lists counts twice.
    pub(super) fn postings(&self) -> u64 {
        self.lists.iter().map(|list| list.postings).fold(0, u64::saturating_add)
    }

    /// The numbers of the keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = usize> {
        self.lists.iter().map(|list| list.number)
    }

    /// The next leaf, and the numbers of the keys that list it.
    pub(super) async fn next(&mut self) -> Result<Option<(LeafIndex, Vec<usize>)>, SearchError> {
        let mut newest = None;
        for list in &mut self.lists {
            newest = newest.max(list.peek().await?);
        }
        let Some(newest) = newest else { return Ok(None) };
        let having = self.lists.iter_mut().filter(|list| list.ready.last() == Some(&newest));
        let keys = having.map(|list| {
            list.ready.pop();
            list.number
        });
        Ok(Some((newest, keys.collect())))
    }
}

impl<'a> KeyList<'a> {
    /// The list of a key, from its lists in the runs. `pages` pages are read at once.
    pub(super) fn new(
        (number, key): (usize, LookupKey),
        runs: Runs<'a>,
        found: Vec<(&'a Run, Found)>,
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
        let rest = rest.collect();
        Self { number, key, since, pages, postings, runs, rest, ready: Vec::new() }
    }

    /// The number of leaves, including those of no interest.
    pub(super) fn postings(&self) -> u64 {
        self.postings
    }

    /// The newest leaf not taken yet.
    async fn peek(&mut self) -> Result<Option<LeafIndex>, SearchError> {
        while self.ready.is_empty()
            && let Some((run, rest)) = self.rest.pop()
        {
            match rest {
                Rest::Leaves(leaves) => self.ready = leaves,
                Rest::Pages(rest) => self.read_back(run, rest).await?,
            }
            let old = self.ready.partition_point(|leaf| leaf.get() < self.since.get());
            if old > 0 {
                self.ready.drain(..old);
                self.rest.clear();
            }
        }
        Ok(self.ready.last().copied())
    }

    /// Reads the last of the unread pages.
    async fn read_back(&mut self, run: &'a Run, mut rest: RestOfPages) -> Result<(), SearchError> {
        let start = rest.pages.end.saturating_sub(self.pages).max(rest.pages.start);
        let pages = start..rest.pages.end;
        let leaves = self.runs.postings(self.key, run, &rest.list, pages).await?;
        rest.accept(start, &leaves).map_err(|error| self.runs.bad_list(self.key, run, error))?;
        self.ready = leaves;
        if !rest.pages.is_empty() {
            self.rest.push((run, Rest::Pages(rest)));
        }
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
