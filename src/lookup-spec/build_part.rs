//! Building a part from its postings.
//!
//! The directory has room for 8 keys for every 7, so few keys are displaced, and none far.

use tiles_spec::hash::leaf_hash;

use crate::key::{LookupKey, Posting};
use crate::page::{self, GAPS_MAX, PAGE_BYTES, RECORD_BYTES};
use crate::page_tree::{PageTree, proof_hashes_max};
use crate::part::Part;
use crate::postings::write_list;
use crate::range::LeafRange;
use crate::slice::KeySlice;
use crate::slot::write_proof;
use crate::varint;

/// A part with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltPart {
    /// Its description for the manifest.
    pub part: Part,
    /// The bytes of the object.
    pub bytes: Vec<u8>,
}

/// Builds a part. The postings must ascend without duplicates, and be of this range and slice.
pub fn build_part(range: LeafRange, slice: KeySlice, postings: &[Posting]) -> BuiltPart {
    debug_assert!(postings.is_sorted_by(|a, b| a < b), "postings ascend");
    debug_assert!(postings.iter().all(|p| range.contains(p.index) && slice.contains(&p.key)));
    let records = Records::write(&range, postings);
    // Seven eighths full.
    let homes = (records.bytes.len() * 8).div_ceil(RECORD_BYTES * 7).max(1);
    let homes = u32::try_from(homes).expect("a part has fewer bytes");
    let mut pages = records.place(slice, homes);
    let directory = u32::try_from(pages.len()).expect("a part has fewer pages");
    pages.extend_from_slice(&records.lists);

    let tree = PageTree::new(pages.iter().map(|page| leaf_hash(page)).collect());
    let part = Part {
        postings: postings.len() as u64,
        records: records.all.len() as u64,
        homes,
        directory,
        pages: u32::try_from(pages.len()).expect("a part has fewer pages"),
        root: tree.root(),
    };
    let hashes_max = proof_hashes_max(part.pages);
    let mut bytes = Vec::with_capacity(pages.len() * part.slot_bytes());
    for (number, page) in pages.iter().enumerate() {
        bytes.extend_from_slice(page);
        write_proof(&mut bytes, &tree, number, hashes_max);
    }
    BuiltPart { part, bytes }
}

/// The records of a part, before they are placed on pages.
#[derive(Default)]
struct Records {
    /// All records, concatenated.
    bytes: Vec<u8>,
    /// Each key, and the end of its record.
    all: Vec<(LookupKey, usize)>,
    /// The pages of long lists.
    lists: Vec<[u8; PAGE_BYTES]>,
}

impl Records {
    fn write(range: &LeafRange, postings: &[Posting]) -> Self {
        let mut records = Self::default();
        let mut gaps = Vec::new();
        for list in postings.chunk_by(|a, b| a.key == b.key) {
            let key = list[0].key;
            gaps.clear();
            let mut last = None;
            for posting in list {
                varint::write(&mut gaps, page::gap(range, last, posting.index));
                last = Some(posting.index);
                if gaps.len() > GAPS_MAX {
                    break;
                }
            }
            if gaps.len() <= GAPS_MAX {
                page::write_here(&mut records.bytes, &key, list.len() as u64, &gaps);
            } else {
                let first = u32::try_from(records.lists.len()).expect("a part has fewer pages");
                let leaves = list.iter().map(|posting| posting.index);
                let pages = write_list(&mut records.lists, range, &key, leaves);
                page::write_paged(&mut records.bytes, &key, list.len() as u64, first, pages);
            }
            records.all.push((key, records.bytes.len()));
        }
        records
    }

    /// The directory: each record is on its key's home page, or the next page with room.
    fn place(&self, slice: KeySlice, homes: u32) -> Vec<[u8; PAGE_BYTES]> {
        let mut directory = Directory {
            records: self,
            pages: Vec::with_capacity(homes as usize),
            first: 0,
            start: 0,
        };
        let mut end = 0;
        for (next, (key, record_end)) in self.all.iter().enumerate() {
            let home = slice.home(key, homes) as usize;
            while directory.pages.len() < home || record_end - directory.start > RECORD_BYTES {
                directory.finish(next, end);
            }
            end = *record_end;
        }
        loop {
            directory.finish(self.all.len(), end);
            if directory.pages.len() >= homes as usize {
                return directory.pages;
            }
        }
    }
}

/// Directory pages under construction.
struct Directory<'a> {
    records: &'a Records,
    pages: Vec<[u8; PAGE_BYTES]>,
    /// The first record of the page being filled.
    first: usize,
    /// Where its bytes begin.
    start: usize,
}

impl Directory<'_> {
    /// Finishes a page before record `next`, whose predecessor ends at `end`.
    fn finish(&mut self, next: usize, end: usize) {
        let key = |at: usize| self.records.all.get(at).map(|(key, _)| *key);
        let count = u16::try_from(next - self.first).expect("a page has fewer records");
        let before = self.first.checked_sub(1).and_then(key);
        let records = &self.records.bytes[self.start..end];
        self.pages.push(page::encode(before, key(next), count, records));
        (self.first, self.start) = (next, end);
    }
}

#[cfg(test)]
mod tests;
