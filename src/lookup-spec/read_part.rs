//! Reading back a whole part: every page, proof and count is checked.

use tiles_spec::hash::leaf_hash;

use crate::error::LookupError;
use crate::key::{LookupKey, Posting};
use crate::page::{DirectoryPage, KeyRecord, List, PAGE_BYTES};
use crate::page_tree::{PageTree, proof_hashes_max};
use crate::part::Part;
use crate::postings::{decode_onto, expect_in_slice, pages_of};
use crate::range::LeafRange;
use crate::slice::KeySlice;
use crate::slot::write_proof;

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

    fn take(&mut self, KeyRecord { key, list }: KeyRecord) -> Result<(), &'static str> {
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
