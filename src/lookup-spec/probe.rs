//! Probe: looks up one key in one run, a page at a time, without I/O.
//!
//! The caller reads the page that the probe wants and passes it in; one page is almost always
//! enough. A single page gives the answer: it holds the key, or its neighbours leave no room for
//! it. If keys were chosen to crowd one place, the order of the pages leads there in about twice as
//! many steps as the directory's size has bits.
//!
//! Invariant: the result agrees with every other page of the part. Otherwise the part violates its
//! format, and either the probe reports that or an audit of the part finds it.

use tiles_spec::size::LeafIndex;

use crate::error::LookupError;
use crate::key::LookupKey;
use crate::manifest::Run;
use crate::page::{DirectoryPage, List};
use crate::part::Part;
use crate::postings::{PagedList, expect_in_slice, pages_of};
use crate::range::LeafRange;
use crate::slice::KeySlice;
use crate::slot;

/// What a run has for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No leaves.
    Absent,
    /// These leaves, ascending.
    Listed(Vec<LeafIndex>),
    /// Leaves stored on pages of their own.
    Paged(PagedList),
}

/// A search for a key in a run.
#[derive(Clone, Debug)]
pub struct Probe {
    key: LookupKey,
    range: LeafRange,
    slice: KeySlice,
    part: Part,
    /// The page to read next.
    wants: u32,
    /// If the key is present, it is on one of these pages.
    low: u32,
    high: u32,
    /// The next step forward, until an upper bound of the pages is known.
    step: Option<u32>,
}

impl Found {
    /// The number of leaves.
    pub fn postings(&self) -> u64 {
        match self {
            Self::Absent => 0,
            Self::Listed(leaves) => leaves.len() as u64,
            Self::Paged(list) => list.postings,
        }
    }
}

impl Probe {
    /// A probe of `run` for `key`.
    pub fn new(key: LookupKey, run: &Run) -> Self {
        let (slice, part) = run.part_of(&key);
        let home = slice.home(&key, part.homes);
        let (range, part, high) = (run.range, part.clone(), part.directory);
        Self { key, range, slice, part, wants: home, low: home, high, step: Some(1) }
    }

    /// The part to read from, with its number in the run.
    pub fn part(&self) -> (u32, &Part) {
        (self.slice.index(), &self.part)
    }

    /// The leaves of the run.
    pub fn range(&self) -> LeafRange {
        self.range
    }

    /// The page to read.
    pub fn wants(&self) -> u32 {
        self.wants
    }

    /// Takes the slot of the wanted page. `None` if another page must be read.
    pub fn take(&mut self, slot: &[u8]) -> Result<Option<Found>, LookupError> {
        let page = self.wants;
        let content = slot::open(&self.part, page, slot)?;
        let malformed = |reason| LookupError::Malformed { page, reason };
        let mut read = DirectoryPage::decode(content, &self.range).map_err(malformed)?;
        for record in &read.records {
            expect_in_slice(self.slice, &record.key).map_err(malformed)?;
        }
        if let Ok(at) = read.records.binary_search_by_key(&self.key, |record| record.key) {
            let list = read.records.swap_remove(at).list;
            return self.found(list).map(Some).map_err(malformed);
        }
        if read.before.is_some_and(|before| before >= self.key) {
            self.high = page;
            self.step = None;
        } else if read.after.is_some_and(|after| after <= self.key) {
            self.low = page + 1;
        } else {
            return Ok(Some(Found::Absent));
        }
        // The key is before its home, or between pages that say it is between them but not on any.
        if self.low >= self.high {
            return Err(LookupError::Order { page });
        }
        self.wants = match self.step.as_mut() {
            Some(step) => {
                let next = self.low.saturating_add(*step - 1).min(self.high - 1);
                *step = step.saturating_mul(2);
                next
            }
            None => self.low.midpoint(self.high),
        };
        Ok(None)
    }

    fn found(&self, list: List) -> Result<Found, &'static str> {
        match list {
            List::Here(leaves) => Ok(Found::Listed(leaves)),
            List::Paged { postings, first, pages } => {
                let pages =
                    pages_of(&self.part, first, pages).ok_or("a list is outside the part")?;
                Ok(Found::Paged(PagedList { postings, pages }))
            }
        }
    }
}
