//! Kept heads: the heads that a log had over time, as objects that never change (`heads/`).
//!
//! ```text
//! heads/note/<N>     the checkpoint as it was published, with its cosignatures
//! heads/json/<N>     the same for people and scripts, with the time at which it was kept
//! heads/page/<P>     the sizes and times of heads 256 P to 256 P + 255
//! heads/latest       the page of the newest head, as far as it is filled; this one changes
//! ```
//! Heads are numbered from 0. So whoever reads `heads/latest` knows how many there are, and finds
//! the head of any time with a binary search over the pages, without a listing. A page is text:
//! ```text
//! fasti/heads/v1
//! <number of the first head on the page>
//! <tree size> <seconds since 1970>          one line for each head
//! ```
//! Invariants: sizes increase, from a head to the next; times never decrease. A page has 1 to 256
//! heads, begins at a multiple of 256, and is read only as it is written. A time is the keeper's
//! word: what proves that a head is as old as that are the cosignatures on its note.

use std::fmt;
use std::str::FromStr;

use tiles_spec::size::parse_decimal;
use tiles_spec::tile::{parse_index, write_index};
use tiles_spec::{PathError, TileIndex, TreeSize};

use super::times::IntegratedTime;

/// The most heads on a page.
pub const HEADS_ON_PAGE: usize = 256;
/// The most bytes of a page: two lines, and 40 bytes a head at most.
pub const HEADS_PAGE_BYTES_MAX: usize = 64 + HEADS_ON_PAGE * 40;

const MAGIC: &str = "fasti/heads/v1";

/// Which of a log's kept heads: counted from 0, below 2^55.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeadNumber(u64);

/// A file of the kept heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeadsPath {
    /// The page of the newest head.
    Latest,
    /// A full page, by its number.
    Page(TileIndex),
    /// A head as it was signed.
    Note(HeadNumber),
    /// A head in words.
    Json(HeadNumber),
}

/// A head on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptHead {
    /// The size of its tree.
    pub size: TreeSize,
    /// When it was kept.
    pub time: IntegratedTime,
}

/// The heads of one page, 1 to 256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsPage {
    first: HeadNumber,
    heads: Vec<KeptHead>,
}

/// Why bytes are not a page of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a page of kept heads: {0}")]
pub struct HeadsPageError(&'static str);

impl HeadNumber {
    /// `None` beyond the largest number.
    pub const fn new(number: u64) -> Option<Self> {
        if number < 1 << 55 { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of the next head.
    ///
    /// # Panics
    /// Panics beyond 2^55: a billion heads a second for a year.
    #[must_use]
    pub fn next(self) -> Self {
        Self::new(self.0 + 1).expect("no log keeps that many heads")
    }

    /// The page that holds it.
    pub const fn page(self) -> TileIndex {
        TileIndex::new(self.0 / HEADS_ON_PAGE as u64)
    }
}

impl fmt::Display for HeadNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for HeadNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let number = parse_decimal(text).ok().and_then(Self::new);
        number.ok_or("not the number of a kept head")
    }
}

impl HeadsPage {
    /// The page that begins with the first head of a log.
    pub fn begin(head: KeptHead) -> Self {
        Self { first: HeadNumber(0), heads: vec![head] }
    }

    /// Reads a page.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeadsPageError> {
        let text = std::str::from_utf8(bytes).map_err(|_| HeadsPageError("it is not UTF-8"))?;
        let text = text.strip_suffix('\n').ok_or(HeadsPageError("its last line is cut short"))?;
        let mut lines = text.split('\n');
        if lines.next() != Some(MAGIC) {
            return Err(HeadsPageError("its version is not supported"));
        }
        let first = lines.next().and_then(|line| line.parse::<HeadNumber>().ok());
        let first = first.filter(|first| first.0 % HEADS_ON_PAGE as u64 == 0);
        let first = first.ok_or(HeadsPageError("its first number begins no page"))?;
        let mut page = Self { first, heads: Vec::new() };
        for line in lines {
            let head = parse_head(line).ok_or(HeadsPageError("a line is not a size and a time"))?;
            page.push(head)?;
        }
        if page.heads.is_empty() { Err(HeadsPageError("it has no heads")) } else { Ok(page) }
    }

    fn push(&mut self, head: KeptHead) -> Result<(), HeadsPageError> {
        if self.is_full() {
            return Err(HeadsPageError("it has more than 256 heads"));
        }
        if let Some(last) = self.heads.last() {
            if last.size >= head.size {
                return Err(HeadsPageError("a tree is not larger than the one before it"));
            }
            if last.time > head.time {
                return Err(HeadsPageError("a head is older than the one before it"));
            }
        }
        self.heads.push(head);
        Ok(())
    }

    /// The page that ends with `head`, the one after the newest of this page: this page with one
    /// more head, or the next page.
    pub fn followed_by(&self, head: KeptHead) -> Result<Self, HeadsPageError> {
        let mut next = self.clone();
        if !self.is_full() {
            next.push(head)?;
            return Ok(next);
        }
        // The order holds over pages too.
        next.heads.drain(..HEADS_ON_PAGE - 1);
        next.push(head)?;
        Ok(Self { first: self.newest().next(), heads: vec![head] })
    }

    /// The number of the first head on the page.
    pub const fn first(&self) -> HeadNumber {
        self.first
    }

    /// The number of the last head on the page.
    pub fn newest(&self) -> HeadNumber {
        HeadNumber(self.first.0 + self.heads.len() as u64 - 1)
    }

    /// The heads, in order.
    pub fn heads(&self) -> impl Iterator<Item = (HeadNumber, KeptHead)> + '_ {
        (self.first.0..).map(HeadNumber).zip(self.heads.iter().copied())
    }

    /// The newest head on the page that was kept at `time` or before.
    pub fn at(&self, time: IntegratedTime) -> Option<(HeadNumber, KeptHead)> {
        let before = self.heads.partition_point(|head| head.time <= time);
        self.heads().take(before).last()
    }

    /// The last head.
    pub fn last(&self) -> KeptHead {
        *self.heads.last().expect("a page has at least one head")
    }

    /// Whether no more heads belong on the page.
    pub fn is_full(&self) -> bool {
        self.heads.len() == HEADS_ON_PAGE
    }

    /// The number of the page.
    pub const fn number(&self) -> TileIndex {
        self.first.page()
    }
}

fn parse_head(line: &str) -> Option<KeptHead> {
    let (size, time) = line.split_once(' ')?;
    let time = IntegratedTime::new(parse_decimal(time).ok()?)?;
    Some(KeptHead { size: size.parse().ok()?, time })
}

impl fmt::Display for HeadsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MAGIC}\n{}\n", self.first)?;
        self.heads.iter().try_for_each(|head| writeln!(f, "{} {}", head.size, head.time.get()))
    }
}

impl HeadsPath {
    pub(super) fn parse(path: &str) -> Option<Result<Self, PathError>> {
        let number = |text| {
            let number = parse_index(text)?.get();
            HeadNumber::new(number).ok_or(PathError::IndexOverflow)
        };
        if path == "latest" {
            Some(Ok(Self::Latest))
        } else if let Some(text) = path.strip_prefix("page/") {
            let page = parse_index(text).map(TileIndex::get);
            let first = page.map(|page| page.checked_mul(HEADS_ON_PAGE as u64));
            Some(first.and_then(|first| {
                let first = first.and_then(HeadNumber::new).ok_or(PathError::IndexOverflow)?;
                Ok(Self::Page(first.page()))
            }))
        } else if let Some(text) = path.strip_prefix("note/") {
            Some(number(text).map(Self::Note))
        } else {
            path.strip_prefix("json/").map(|text| number(text).map(Self::Json))
        }
    }
}

impl fmt::Display for HeadsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, number) = match self {
            Self::Latest => return f.write_str("heads/latest"),
            Self::Page(number) => ("page", *number),
            Self::Note(number) => ("note", TileIndex::new(number.0)),
            Self::Json(number) => ("json", TileIndex::new(number.0)),
        };
        write!(f, "heads/{place}/")?;
        write_index(f, number)
    }
}

#[cfg(test)]
mod tests;
