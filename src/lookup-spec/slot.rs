//! Slots: a page, followed by the proof that it belongs to its part.
//!
//! The proof is the RFC 6962 proof over all pages of the part, padded with zeros to the number of
//! hashes in the longest one. So all slots have the same length, and the position of a page in the
//! object follows from its number.

use tiles_spec::hash::{Hash, leaf_hash};
use tiles_spec::proof::{inclusion_proof_len, root_from_inclusion};
use tiles_spec::size::{HASH_BYTES, LeafIndex, TreeSize};

use crate::error::LookupError;
use crate::page::PAGE_BYTES;
use crate::page_tree::PageTree;
use crate::part::Part;

/// Appends the proof of a page and its zero padding.
pub(crate) fn write_proof(bytes: &mut Vec<u8>, tree: &PageTree, page: usize, hashes_max: usize) {
    let end = bytes.len() + hashes_max * HASH_BYTES;
    for hash in tree.proof(page) {
        bytes.extend_from_slice(hash.as_bytes());
    }
    bytes.resize(end, 0);
}

/// Returns the page in a slot, after proving that it is page number `page` of the part.
pub(crate) fn open<'a>(
    part: &Part,
    page: u32,
    slot: &'a [u8],
) -> Result<&'a [u8; PAGE_BYTES], LookupError> {
    let (expected, actual) = (part.slot_bytes() as u64, slot.len() as u64);
    let (content, proof) = slot
        .split_first_chunk()
        .filter(|_| actual == expected)
        .ok_or(LookupError::Length { expected, actual })?;
    let place = LeafIndex::new(page.into()).zip(TreeSize::new(part.pages.into()));
    let (index, size) = place.ok_or(LookupError::Root { page })?;
    let length = inclusion_proof_len(index, size).map_err(|_| LookupError::Root { page })?;
    let (hashes, rest) = proof.split_at(length * HASH_BYTES);
    if rest.iter().any(|byte| *byte != 0) {
        return Err(LookupError::Proof { page });
    }
    let (hashes, _) = hashes.as_chunks::<HASH_BYTES>();
    let hashes: Vec<Hash> = hashes.iter().copied().map(Hash::from).collect();
    match root_from_inclusion(&leaf_hash(content), index, size, &hashes) {
        Ok(root) if root == part.root => Ok(content),
        _ => Err(LookupError::Root { page }),
    }
}
