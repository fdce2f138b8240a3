//! Directory pages: the keys of a part in order, each with the leaves that have it.
//!
//! ```text
//! 0   u8   1
//! 1   u8   flags: 1 there is a key before, 2 there is a key after
//! 2   u16  records on this page
//! 4   16   the last key on an earlier page, or zeros
//! 20  16   the first key on a later page, or zeros
//! 36       records, then zeros up to 4096
//!
//! record   16 key, varint (leaf indices << 1 | whether they are on pages of their own), and then
//!          their gaps, or: varint first such page, varint number of pages
//! gaps     a varint for each leaf index: how many leaves of the range, or after the leaf before,
//!          are skipped
//! ```
//! So one page proves that a key is absent: the key falls between two neighbours that the page
//! names.

use tiles_spec::size::LeafIndex;

use crate::key::{KEY_BYTES, LookupKey};
use crate::range::LeafRange;
use crate::varint;

/// Size of a page in bytes.
pub const PAGE_BYTES: usize = 4096;
/// Number of bytes for records in a directory page.
pub(crate) const RECORD_BYTES: usize = PAGE_BYTES - HEAD_BYTES;
/// Longer lists of gaps are stored on pages of their own.
pub(crate) const GAPS_MAX: usize = 1024;

pub(crate) const DIRECTORY: u8 = 1;
const HEAD_BYTES: usize = 4 + 2 * KEY_BYTES;
const HAS_BEFORE: u8 = 1;
const HAS_AFTER: u8 = 2;

/// The content of a directory page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryPage {
    /// The last key on an earlier page.
    pub before: Option<LookupKey>,
    /// The first key on a later page.
    pub after: Option<LookupKey>,
    /// The keys on this page, ascending.
    pub records: Vec<KeyRecord>,
}

/// A key and its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: LookupKey,
    /// Its leaves.
    pub list: List,
}

/// The leaves of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// The leaf indices themselves, ascending, at least one.
    Here(Vec<LeafIndex>),
    /// A reference to pages of their own after the directory.
    Paged {
        /// The number of leaves.
        postings: u64,
        /// The first page, counted from the end of the directory.
        first: u32,
        /// The number of pages.
        pages: u32,
    },
}

/// Appends a record of leaves, given their gaps.
pub(crate) fn write_here(bytes: &mut Vec<u8>, key: &LookupKey, postings: u64, gaps: &[u8]) {
    bytes.extend_from_slice(key.as_bytes());
    varint::write(bytes, postings << 1);
    bytes.extend_from_slice(gaps);
}

/// Appends a record of leaves that are stored on pages of their own.
pub(crate) fn write_paged(
    bytes: &mut Vec<u8>,
    key: &LookupKey,
    postings: u64,
    first: u32,
    pages: u32,
) {
    bytes.extend_from_slice(key.as_bytes());
    varint::write(bytes, postings << 1 | 1);
    varint::write(bytes, first.into());
    varint::write(bytes, pages.into());
}

/// Encodes a page.
pub(crate) fn encode(
    before: Option<LookupKey>,
    after: Option<LookupKey>,
    count: u16,
    records: &[u8],
) -> [u8; PAGE_BYTES] {
    let mut page = [0; PAGE_BYTES];
    page[0] = DIRECTORY;
    page[2..4].copy_from_slice(&count.to_be_bytes());
    if let Some(key) = before {
        page[1] |= HAS_BEFORE;
        page[4..20].copy_from_slice(key.as_bytes());
    }
    if let Some(key) = after {
        page[1] |= HAS_AFTER;
        page[20..36].copy_from_slice(key.as_bytes());
    }
    page[HEAD_BYTES..HEAD_BYTES + records.len()].copy_from_slice(records);
    page
}

/// The gap before a leaf: from the previous leaf in the list, or from the start of the range.
pub(crate) fn gap(range: &LeafRange, last: Option<LeafIndex>, index: LeafIndex) -> u64 {
    match last {
        Some(last) => index.get() - last.get() - 1,
        None => index.get() - range.start().get(),
    }
}

/// Reads a leaf from a list of gaps; `None` if it is malformed or out of range.
pub(crate) fn read_gap(
    bytes: &mut &[u8],
    range: &LeafRange,
    last: Option<LeafIndex>,
) -> Option<LeafIndex> {
    let gap = varint::read(bytes)?;
    let from = last.map_or(0, |last| last.get() + 1 - range.start().get());
    range.leaf(from.checked_add(gap)?)
}

impl DirectoryPage {
    /// Decodes a page of a part over `range`. The error names the violated rule.
    pub fn decode(page: &[u8; PAGE_BYTES], range: &LeafRange) -> Result<Self, &'static str> {
        let (head, mut bytes) = page.split_at(HEAD_BYTES);
        let flags = head[1];
        if head[0] != DIRECTORY || flags & !(HAS_BEFORE | HAS_AFTER) != 0 {
            return Err("it is not a directory page");
        }
        let neighbour = |flag: u8, at: usize| {
            let key = *head[at..].first_chunk::<KEY_BYTES>().expect("the head has it");
            match (flags & flag != 0, key) {
                (true, key) => Ok(Some(LookupKey::from(key))),
                (false, key) if key == [0; KEY_BYTES] => Ok(None),
                (false, _) => Err("it has no neighbour but a key for one"),
            }
        };
        let (before, after) = (neighbour(HAS_BEFORE, 4)?, neighbour(HAS_AFTER, 20)?);
        let count = u16::from_be_bytes([head[2], head[3]]);
        let mut records: Vec<KeyRecord> = Vec::new();
        for _ in 0..count {
            let record = KeyRecord::read(&mut bytes, range)?;
            let last = records.last().map_or(before, |last| Some(last.key));
            if last.is_some_and(|last| last >= record.key) {
                return Err("its keys do not ascend");
            }
            records.push(record);
        }
        if bytes.iter().any(|byte| *byte != 0) {
            return Err("its records are followed by other bytes");
        }
        let last = records.last().map_or(before, |last| Some(last.key));
        if after.zip(last).is_some_and(|(after, last)| last >= after) {
            return Err("the key after it does not follow its keys");
        }
        Ok(Self { before, after, records })
    }
}

impl KeyRecord {
    fn read(bytes: &mut &[u8], range: &LeafRange) -> Result<Self, &'static str> {
        let (key, rest) = bytes.split_first_chunk().ok_or("a record is cut short")?;
        let key = LookupKey::from(*key);
        *bytes = rest;
        let head = varint::read(bytes).ok_or("the length of a list is malformed")?;
        let postings = head >> 1;
        if postings == 0 {
            return Err("a list is empty");
        }
        if head & 1 == 1 {
            let mut number = || varint::read(bytes).and_then(|number| u32::try_from(number).ok());
            let (first, pages) =
                number().zip(number()).ok_or("the place of a list is malformed")?;
            if pages == 0 || u64::from(pages) > postings {
                return Err("a list has more pages than leaves, or no pages");
            }
            return Ok(Self { key, list: List::Paged { postings, first, pages } });
        }
        let before = bytes.len();
        let mut leaves: Vec<LeafIndex> = Vec::new();
        for _ in 0..postings {
            let leaf = read_gap(bytes, range, leaves.last().copied());
            leaves.push(leaf.ok_or("a leaf of a list is malformed or out of the range")?);
        }
        if before - bytes.len() > GAPS_MAX {
            return Err("a list is too long for the directory");
        }
        Ok(Self { key, list: List::Here(leaves) })
    }
}
