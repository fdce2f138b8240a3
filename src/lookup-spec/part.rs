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

use tiles_spec::hash::Hash;
use tiles_spec::size::HASH_BYTES;

use crate::page::PAGE_BYTES;
use crate::page_tree::proof_hashes_max;

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
