//! Posting pages: the leaves of a key that has too many for the directory.
//!
//! ```text
//! 0   u8   2
//! 1   u8   0
//! 2   u16  leaf indices on this page
//! 4   16   the key
//! 20  u32  which page of the key's list, counted from 0
//! 24       gaps as in the directory, the first one from the start of the range; then zeros
//! ```
//! Each page is as full as possible. A client can read the newest leaves first, and only as many as
//! it wants, because the directory states how many there are.

use std::ops::Range;

use tiles_spec::size::LeafIndex;

use crate::error::LookupError;
use crate::key::{KEY_BYTES, LookupKey};
use crate::manifest::Run;
use crate::page::{PAGE_BYTES, gap, read_gap};
use crate::part::Part;
use crate::range::LeafRange;
use crate::slice::KeySlice;
use crate::slot;
use crate::varint;

pub(crate) const POSTINGS: u8 = 2;
const HEAD_BYTES: usize = 4 + KEY_BYTES + 4;

/// A list on pages of its own, as described in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagedList {
    /// The number of leaves.
    pub postings: u64,
    /// The pages of the part that hold them, in ascending order.
    pub pages: Range<u32>,
}

/// Appends the pages of a list and returns how many there are. `leaves` ascend.
pub(crate) fn write_list(
    pages: &mut Vec<[u8; PAGE_BYTES]>,
    range: &LeafRange,
    key: &LookupKey,
    leaves: impl Iterator<Item = LeafIndex>,
) -> u32 {
    let (mut ordinal, mut count, mut last) = (0u32, 0u16, None);
    let mut gaps = Vec::with_capacity(PAGE_BYTES);
    for leaf in leaves {
        let mut next = gap(range, last, leaf);
        if HEAD_BYTES + gaps.len() + varint::len(next) > PAGE_BYTES {
            pages.push(encode(key, ordinal, count, &gaps));
            (ordinal, count) = (ordinal + 1, 0);
            gaps.clear();
            next = gap(range, None, leaf);
        }
        varint::write(&mut gaps, next);
        (count, last) = (count + 1, Some(leaf));
    }
    pages.push(encode(key, ordinal, count, &gaps));
    ordinal + 1
}

fn encode(key: &LookupKey, ordinal: u32, count: u16, gaps: &[u8]) -> [u8; PAGE_BYTES] {
    let mut page = [0; PAGE_BYTES];
    page[0] = POSTINGS;
    page[2..4].copy_from_slice(&count.to_be_bytes());
    page[4..20].copy_from_slice(key.as_bytes());
    page[20..24].copy_from_slice(&ordinal.to_be_bytes());
    page[HEAD_BYTES..HEAD_BYTES + gaps.len()].copy_from_slice(gaps);
    page
}

/// Decodes a page of a list and appends its leaves to those of earlier pages.
pub(crate) fn decode_onto(
    leaves: &mut Vec<LeafIndex>,
    page: &[u8; PAGE_BYTES],
    range: &LeafRange,
    key: &LookupKey,
    ordinal: u32,
) -> Result<(), &'static str> {
    let (head, mut bytes) = page.split_at(HEAD_BYTES);
    if head[..2] != [POSTINGS, 0] {
        return Err("it is not a page of a list");
    }
    if head[4..20] != *key.as_bytes() || head[20..24] != ordinal.to_be_bytes() {
        return Err("it is another page of a list");
    }
    let count = u16::from_be_bytes([head[2], head[3]]);
    if count == 0 {
        return Err("a page of a list is empty");
    }
    let mut last = None;
    for _ in 0..count {
        let leaf = read_gap(&mut bytes, range, last);
        let leaf = leaf.ok_or("a leaf of a list is malformed or out of the range")?;
        if leaves.last().is_some_and(|last| *last >= leaf) {
            return Err("the leaves of a list do not ascend");
        }
        leaves.push(leaf);
        last = Some(leaf);
    }
    if bytes.iter().any(|byte| *byte != 0) {
        return Err("its leaves are followed by other bytes");
    }
    Ok(())
}

/// Reads the pages `which` of a list from their consecutive `slots`. The leaves ascend. If these
/// are all the pages of the list, their number of leaves is checked against the directory.
pub fn read_postings(
    key: &LookupKey,
    run: &Run,
    list: &PagedList,
    which: Range<u32>,
    slots: &[u8],
) -> Result<Vec<LeafIndex>, LookupError> {
    let part = run.part_of(key).1;
    let wanted = u64::from(which.end.saturating_sub(which.start)) * part.slot_bytes() as u64;
    if wanted != slots.len() as u64 || which.start < list.pages.start || which.end > list.pages.end
    {
        return Err(LookupError::Length { expected: wanted, actual: slots.len() as u64 });
    }
    let mut leaves = Vec::new();
    for (page, slot) in which.clone().zip(slots.chunks_exact(part.slot_bytes())) {
        let content = slot::open(part, page, slot)?;
        decode_onto(&mut leaves, content, &run.range, key, page - list.pages.start)
            .map_err(|reason| LookupError::Malformed { page, reason })?;
    }
    expect_all(list, &which, leaves.len() as u64)?;
    Ok(leaves)
}

/// All pages must have all leaves, and fewer pages must have fewer leaves.
fn expect_all(list: &PagedList, which: &Range<u32>, actual: u64) -> Result<(), LookupError> {
    let missing = list.pages.len() - which.len();
    // Each page that was not read has at least one leaf.
    let is_right = if missing == 0 {
        actual == list.postings
    } else {
        actual.saturating_add(missing as u64) <= list.postings
    };
    let error = LookupError::Count { what: "leaves of a key", expected: list.postings, actual };
    if is_right { Ok(()) } else { Err(error) }
}

/// The pages of a list that starts `first` pages after the directory; `None` if they are not all in
/// the part.
pub(crate) fn pages_of(part: &Part, first: u32, pages: u32) -> Option<Range<u32>> {
    let start = part.directory.checked_add(first)?;
    let end = start.checked_add(pages)?;
    (end <= part.pages).then_some(start..end)
}

/// Checks that the key belongs to this part.
pub(crate) fn expect_in_slice(slice: KeySlice, key: &LookupKey) -> Result<(), &'static str> {
    if slice.contains(key) { Ok(()) } else { Err("a key belongs to another part") }
}
