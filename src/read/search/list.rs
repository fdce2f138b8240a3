//! Lists of leaves, read newest or oldest first and no further than needed.
//!
//! Invariants: a list is in order, and one that was read whole has as many leaves as its directory
//! says; otherwise it is an error. Oldest first, the first page of interest of a long list is found
//! by bisection, so that a search that goes on where another ended does not read what that one
//! read.

use std::ops::Range;
use std::sync::Arc;

use fasti_lookup_spec::{Found, LookupError, LookupKey, Manifest, PagedList, Run};
use tiles_spec::{LeafIndex, TreeSize};

use super::fault::SearchFault;
use super::question::Order;
use super::runs::{REQUESTS, bad, part_of, postings};
use crate::reading::{RequestId, Want};

/// The leaves of several keys, merged into one list.
#[derive(Debug)]
pub(super) struct Merged {
    order: Order,
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
    wanted: Wanted,
    /// The number of leaves in all these runs, including those of no interest.
    postings: u64,
    /// The lists not read yet, by the number of the run, the next one last.
    rest: Vec<(usize, Rest)>,
    /// The leaves read but not taken yet, the next one last.
    ready: Vec<LeafIndex>,
    reading: Option<Pages>,
}

/// Which leaves are wanted of a list, and how they are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) order: Order,
    /// The first leaf of interest.
    pub(super) since: TreeSize,
    /// The number of pages of a list to read at once.
    pub(super) pages: u32,
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
    /// While the first page of interest is sought: it is not after this one.
    sought: Option<u32>,
    /// The number of leaves read or skipped, if it is known, and the one next to the rest.
    read: Option<u64>,
    edge: Option<LeafIndex>,
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
    pub(super) fn new(order: Order, manifest: Option<Arc<Manifest>>, lists: Vec<KeyList>) -> Self {
        Self { order, manifest, lists }
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
        let ready = self.lists.iter().filter_map(|list| list.ready.last().copied());
        let next = match self.order {
            Order::NewestFirst => ready.max(),
            Order::OldestFirst => ready.min(),
        };
        let Some(next) = next else { return Next::End };
        let having = self.lists.iter_mut().filter(|list| list.ready.last() == Some(&next));
        let keys = having.map(|list| {
            list.ready.pop();
            list.number
        });
        Next::Leaf(next, keys.collect())
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
    /// The list of a key, from its lists in the runs.
    pub(super) fn new(
        (number, key): (usize, LookupKey),
        found: Vec<(usize, Found)>,
        wanted: Wanted,
    ) -> Self {
        let postings = found.iter().map(|(_, found)| found.postings()).fold(0, u64::saturating_add);
        // Only the first of these runs can have leaves of no interest.
        let is_partial = |n: usize| n == 0 && !wanted.since.is_zero();
        let rest = found.into_iter().enumerate().filter_map(|(n, (run, found))| match found {
            Found::Absent => None,
            Found::Listed(leaves) => Some((run, Rest::Leaves(leaves))),
            Found::Paged(list) => {
                let pages = list.pages.clone();
                let is_sought = wanted.order == Order::OldestFirst && is_partial(n);
                let sought = is_sought.then_some(pages.end);
                let rest = RestOfPages { list, pages, sought, read: Some(0), edge: None };
                Some((run, Rest::Pages(rest)))
            }
        });
        let mut rest: Vec<_> = rest.collect();
        if wanted.order == Order::OldestFirst {
            rest.reverse();
        }
        Self { number, key, wanted, postings, rest, ready: Vec::new(), reading: None }
    }

    /// The number of leaves, including those of no interest.
    pub(super) fn postings(&self) -> u64 {
        self.postings
    }

    /// Finds the next leaf not taken yet. Returns whether it, or the end of the list, is known;
    /// otherwise pages must be read.
    fn settle(&mut self) -> bool {
        while self.reading.is_none()
            && self.ready.is_empty()
            && let Some((run, rest)) = self.rest.pop()
        {
            match rest {
                Rest::Leaves(leaves) => self.make_ready(leaves),
                Rest::Pages(rest) => {
                    let wanted = rest.next(self.wanted);
                    self.reading = Some(Pages { run, rest, wanted, is_asked: false });
                }
            }
        }
        self.reading.is_none()
    }

    /// Leaves that were read, ascending, without those of no interest. Newest first, no others
    /// follow these.
    fn make_ready(&mut self, leaves: Vec<LeafIndex>) {
        self.ready = leaves;
        let old = self.ready.partition_point(|leaf| leaf.get() < self.wanted.since.get());
        self.ready.drain(..old);
        match self.wanted.order {
            Order::NewestFirst if old > 0 => self.rest.clear(),
            Order::NewestFirst => {}
            Order::OldestFirst => self.ready.reverse(),
        }
    }

    /// Takes the next of the unread pages.
    fn accept(
        &mut self,
        run: &Run,
        pages: Pages,
        found: Option<Vec<u8>>,
    ) -> Result<(), SearchFault> {
        let Pages { run: number, mut rest, wanted, .. } = pages;
        let is_sought = rest.is_sought(self.wanted.pages);
        let leaves = postings(self.key, run, &rest.list, wanted.clone(), found)?;
        if is_sought {
            rest.narrow(wanted.start, leaves.last().copied(), self.wanted.since);
        } else {
            let accepted = rest.accept(self.wanted.order, &wanted, &leaves);
            accepted.map_err(|error| bad(part_of(self.key, run).0, error))?;
        }
        if !rest.pages.is_empty() {
            self.rest.push((number, Rest::Pages(rest)));
        }
        if !is_sought {
            self.make_ready(leaves);
        }
        Ok(())
    }
}

impl RestOfPages {
    /// The pages to read next.
    fn next(&self, wanted: Wanted) -> Range<u32> {
        let Range { start, end } = self.pages;
        match wanted.order {
            Order::NewestFirst => end.saturating_sub(wanted.pages).max(start)..end,
            Order::OldestFirst if self.is_sought(wanted.pages) => {
                let middle = start + (self.sought.unwrap_or(end) - start) / 2;
                middle..middle + 1
            }
            Order::OldestFirst => start..start.saturating_add(wanted.pages).min(end),
        }
    }

    /// Whether the first page of interest is not yet known to be among the next `pages`.
    fn is_sought(&self, pages: u32) -> bool {
        self.sought.is_some_and(|last| last - self.pages.start >= pages.max(1))
    }

    /// Learns on which side of `page`, which ends with `last`, the first page of interest is.
    fn narrow(&mut self, page: u32, last: Option<LeafIndex>, since: TreeSize) {
        if last.is_some_and(|last| last.get() < since.get()) {
            self.pages.start = page + 1;
            self.read = None;
        } else {
            self.sought = Some(page);
        }
    }

    /// Checks the leaves read from the next pages. They must be on the right side of those read
    /// already, and together with them must be as many as expected.
    fn accept(
        &mut self,
        order: Order,
        read: &Range<u32>,
        leaves: &[LeafIndex],
    ) -> Result<(), LookupError> {
        let (first, last) = (leaves.first().copied(), leaves.last().copied());
        let (edge, rest) = (self.edge, self.pages.clone());
        let is_in_order = match order {
            Order::NewestFirst => last.zip(edge).is_none_or(|(last, edge)| last < edge),
            Order::OldestFirst => first.zip(edge).is_none_or(|(first, edge)| first > edge),
        };
        if !is_in_order {
            return Err(LookupError::Order { page: read.start });
        }
        (self.edge, self.pages) = match order {
            Order::NewestFirst => (first.or(edge), rest.start..read.start),
            Order::OldestFirst => (last.or(edge), read.end..rest.end),
        };
        self.read = self.read.map(|count| count + leaves.len() as u64);
        match self.read {
            Some(actual) if self.pages.is_empty() && actual != self.list.postings => {
                let expected = self.list.postings;
                Err(LookupError::Count { what: "leaves of a key", expected, actual })
            }
            _ => Ok(()),
        }
    }
}
