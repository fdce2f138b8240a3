//! Entry bundles (C2SP tlog-tiles): up to 256 entries, each with its length as two big-endian bytes
//! before it. The length is no part of what the leaf hash covers.

use std::ops::Range;

use crate::hash::{Hash, leaf_hash};
use crate::size::TileWidth;

/// Longest entry, in bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;
/// Longest bundle, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 256 * (2 + ENTRY_BYTES_MAX);

/// The bytes are not a bundle, or the entry does not fit into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The entry is too long.
    #[error("an entry has at most {ENTRY_BYTES_MAX} bytes, not {0}")]
    EntryTooLong(usize),
    /// The bundle ends within an entry.
    #[error("the bundle ends within entry {0}")]
    CutShort(usize),
    /// There is something behind the last entry.
    #[error("there are {0} bytes behind the last entry")]
    Trailing(usize),
}

/// Appends one entry to the bytes of a bundle.
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong(entry.len()))?;
    bundle.extend(length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// A bundle that was read, over any owner of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryBundle<B> {
    bytes: B,
    entries: Vec<Range<usize>>,
}

impl<B: AsRef<[u8]>> EntryBundle<B> {
    /// Reads a bundle of exactly `width` entries.
    pub fn decode(bytes: B, width: TileWidth) -> Result<Self, BundleError> {
        let all = bytes.as_ref();
        let mut entries = Vec::with_capacity(width.as_usize());
        let mut at = 0;
        for n in 0..width.as_usize() {
            let length = all.get(at..at + 2).ok_or(BundleError::CutShort(n))?;
            let start = at + 2;
            at = start + usize::from(u16::from_be_bytes([length[0], length[1]]));
            if at > all.len() {
                return Err(BundleError::CutShort(n));
            }
            entries.push(start..at);
        }
        match all.len() - at {
            0 => Ok(Self { bytes, entries }),
            trailing => Err(BundleError::Trailing(trailing)),
        }
    }

    /// The entries, in leaf order.
    pub fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|range| &self.bytes.as_ref()[range.clone()])
    }

    /// Entry number `n` of the bundle.
    pub fn entry(&self, n: usize) -> Option<&[u8]> {
        Some(&self.bytes.as_ref()[self.entries.get(n)?.clone()])
    }

    /// The leaf hashes of the entries.
    pub fn leaf_hashes(&self) -> Vec<Hash> {
        self.entries().map(leaf_hash).collect()
    }
}
