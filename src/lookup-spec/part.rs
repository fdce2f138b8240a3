//! Parts: all postings of one leaf range and one slice of the key space, as the pages of one
//! object.
//!
//! Directory pages come first, with all keys in order. The home of a key is the page where it would
//! be if keys were spread evenly. The key is stored there or, if that page is full, on the next
//! page with room. The directory has room for 8 keys for every 7, so few keys are displaced, and
//! none far. If someone has deliberately chosen many similar keys, the order still finds each one
//! in a few steps. After the directory come the pages of long lists, in the order of their keys.
//!
//! Invariant: the bytes are a function of range, slice and postings.

use std::ops::Range;

use tiles_spec::hash::{Hash, leaf_hash};
use tiles_spec::size::HASH_BYTES;

use crate::LookupError;
use crate::key::{LookupKey, Posting};
use crate::page::{self, DirectoryPage, GAPS_MAX, List, PAGE_BYTES, RECORD_BYTES, Record};
use crate::postings::{decode_onto, expect_in_slice, pages_of, write_list};
use crate::range::LeafRange;
use crate::slice::KeySlice;
use crate::slot::{PageTree, proof_hashes_max, write_proof};
use crate::varint;

/// A part as described in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number of pairs of a key and a leaf.
    pub postings: u64,
    /// Number of keys.
    pub records: u64,
    /// Number of directory pages that are the home of keys; at least 1.
    pub homes: u32,
    /// Number of directory pages, including pages at the end that are no key's home.
    pub directory: u32,
    /// Number of all pages.
    pub pages: u32,
    /// Root hash of the tree over all pages.
    pub root: Hash,
}

/// A part with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltPart {
    /// Its description for the manifest.
    pub part: Part,
    /// The bytes of the object.
    pub bytes: Vec<u8>,
}

impl Part {
    /// Size in bytes of a page with its proof.
    pub fn slot_bytes(&self) -> usize {
        PAGE_BYTES + proof_hashes_max(self.pages) * HASH_BYTES
    }

    /// Size of the object in bytes.
    pub fn bytes(&self) -> u64 {
        self.slots(0..self.pages).end
    }

    /// The byte range of a page with its proof.
    pub fn slot(&self, page: u32) -> Range<u64> {
        self.slots(page..page.saturating_add(1))
    }

    /// The byte range of consecutive pages with their proofs.
    pub fn slots(&self, pages: Range<u32>) -> Range<u64> {
        let bytes = self.slot_bytes() as u64;
        u64::from(pages.start) * bytes..u64::from(pages.end) * bytes
    }
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

/// Reads back a whole part and checks every page, proof and count.
pub fn read_part(
    range: LeafRange,
    slice: KeySlice,
    part: &Part,
    bytes: &[u8],
) -> Result<Vec<Posting>, LookupError> {
    let (expected, actual) = (part.bytes(), bytes.len() as u64);
    if expected != actual || part.pages == 0 {
        return Err(LookupError::Length { expected, actual });
    }
    let slots: Vec<&[u8]> = bytes.chunks_exact(part.slot_bytes()).collect();
    let pages: Vec<&[u8; PAGE_BYTES]> =
        slots.iter().map(|slot| slot.first_chunk().expect("a slot is longer")).collect();
    let tree = PageTree::new(pages.iter().map(|page| leaf_hash(&page[..])).collect());
    if tree.root() != part.root {
        return Err(LookupError::PartRoot);
    }
    let mut proof = Vec::new();
    for (page, slot) in (0..part.pages).zip(&slots) {
        proof.clear();
        write_proof(&mut proof, &tree, page as usize, proof_hashes_max(part.pages));
        if slot[PAGE_BYTES..] != proof {
            return Err(LookupError::Proof { page });
        }
    }
    Reading { range, slice, part, pages: &pages, postings: Vec::new(), records: 0, lists: 0 }.run()
}

/// A part whose pages have the root in the manifest.
struct Reading<'a> {
    range: LeafRange,
    slice: KeySlice,
    part: &'a Part,
    pages: &'a [&'a [u8; PAGE_BYTES]],
    postings: Vec<Posting>,
    records: u64,
    /// Number of pages of long lists read so far.
    lists: u32,
}

impl Reading<'_> {
    fn run(mut self) -> Result<Vec<Posting>, LookupError> {
        let directory = self.pages.get(..self.part.directory as usize);
        let directory = directory.ok_or(LookupError::Order { page: self.part.pages })?;
        let mut after: Option<Option<LookupKey>> = None;
        for (page, content) in (0..self.part.directory).zip(directory) {
            let malformed = |reason| LookupError::Malformed { page, reason };
            let read = DirectoryPage::decode(content, &self.range).map_err(malformed)?;
            let last = self.postings.last().map(|posting| posting.key);
            // The key that the previous page names as next must be the first key from here on.
            let next = read.records.first().map_or(read.after, |record| Some(record.key));
            if read.before != last || after.is_some_and(|after| after != next) {
                return Err(LookupError::Order { page });
            }
            after = Some(read.after);
            for record in read.records {
                self.take(record).map_err(malformed)?;
            }
        }
        if after.flatten().is_some() {
            return Err(LookupError::Order { page: self.part.directory });
        }
        expect("keys", self.part.records, self.records)?;
        expect("postings", self.part.postings, self.postings.len() as u64)?;
        let lists = self.part.pages - self.part.directory;
        expect("pages of long lists", lists.into(), self.lists.into())?;
        Ok(self.postings)
    }

    fn take(&mut self, Record { key, list }: Record) -> Result<(), &'static str> {
        expect_in_slice(self.slice, &key)?;
        self.records += 1;
        let leaves = match list {
            List::Here(leaves) => leaves,
            List::Paged { postings, first, pages } => {
                if first != self.lists {
                    return Err("a list does not begin where the one before it ends");
                }
                self.lists += pages;
                let place =
                    pages_of(self.part, first, pages).ok_or("a list is outside the part")?;
                let mut leaves = Vec::new();
                for (ordinal, page) in place.enumerate() {
                    let ordinal = u32::try_from(ordinal).map_err(|_| "a list is too long")?;
                    let page = self.pages[page as usize];
                    decode_onto(&mut leaves, page, &self.range, &key, ordinal)?;
                }
                if leaves.len() as u64 != postings {
                    return Err("the number of leaves of a list is not the one in the directory");
                }
                leaves
            }
        };
        self.postings.extend(leaves.into_iter().map(|index| Posting { key, index }));
        Ok(())
    }
}

fn expect(what: &'static str, expected: u64, actual: u64) -> Result<(), LookupError> {
    if expected == actual { Ok(()) } else { Err(LookupError::Count { what, expected, actual }) }
}

#[cfg(test)]
mod tests;
