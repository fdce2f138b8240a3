//! Entry bundles: up to 256 entries, each preceded by its length.
//!
//! C2SP tlog-tiles "Log entries": a 16-bit big-endian length, then the entry, repeated. The leaf
//! hash does not cover the length.
//!
//! Invariant: an [`EntryBundle`] holds exactly as many whole entries as its width says, and nothing
//! after them.

use thiserror::Error;

use crate::hash::{Hash, leaf_hash};
use crate::size::TileWidth;

/// Maximum size of an entry in bytes, as its length prefix has 16 bits.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// Maximum size of a bundle in bytes: 256 entries of maximum size.
pub const BUNDLE_BYTES_MAX: usize = bundle_bytes_max(TileWidth::FULL);

/// Bytes in the length prefix of an entry.
const LENGTH_BYTES: usize = size_of::<u16>();

/// A decoded bundle that owns its bytes, in any container.
///
/// ```
/// use tiles_spec::{EntryBundle, TileWidth, append_entry};
///
/// let mut bytes = Vec::new();
/// append_entry(&mut bytes, b"one")?;
/// append_entry(&mut bytes, b"two")?;
/// let bundle = EntryBundle::decode(bytes, TileWidth::new(2).expect("at most 256"))?;
/// assert_eq!(bundle.entry(1), Some(&b"two"[..]));
/// # Ok::<(), tiles_spec::BundleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EntryBundle<B = Vec<u8>> {
    bytes: B,
    /// Where each entry ends in `bytes`.
    ends: Vec<usize>,
}

/// Why an entry does not fit a bundle, or bytes are not the expected bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The entry is longer than its length prefix can express; holds its length.
    #[error("entry of {0} bytes, more than {ENTRY_BYTES_MAX}")]
    EntryTooLong(usize),
    /// The bytes end within or before an entry; holds its number, counted from 0.
    #[error("bundle ends within entry {0}")]
    Truncated(usize),
    /// Bytes follow the last entry; holds how many.
    #[error("{0} bytes after the last entry of the bundle")]
    Trailing(usize),
}

/// Maximum size in bytes of a bundle of this many entries.
pub const fn bundle_bytes_max(width: TileWidth) -> usize {
    width.as_usize() * (LENGTH_BYTES + ENTRY_BYTES_MAX)
}

/// Appends an entry preceded by its length. On error nothing is appended.
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong(entry.len()))?;
    bundle.reserve(LENGTH_BYTES + entry.len());
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

impl<B: AsRef<[u8]>> EntryBundle<B> {
    /// Decodes a bundle of exactly `width` entries.
    pub fn decode(bytes: B, width: TileWidth) -> Result<Self, BundleError> {
        let all = bytes.as_ref();
        let mut ends = Vec::with_capacity(width.as_usize());
        let mut rest = all;
        for slot in 0..width.as_usize() {
            let truncated = BundleError::Truncated(slot);
            let (length, after) = rest.split_first_chunk().ok_or(truncated)?;
            rest = after.get(usize::from(u16::from_be_bytes(*length))..).ok_or(truncated)?;
            ends.push(all.len() - rest.len());
        }
        if !rest.is_empty() {
            return Err(BundleError::Trailing(rest.len()));
        }
        Ok(Self { bytes, ends })
    }

    /// The entry in a slot, counted from 0; `None` past the last.
    pub fn entry(&self, slot: usize) -> Option<&[u8]> {
        let end = *self.ends.get(slot)?;
        let before = if slot == 0 { 0 } else { self.ends[slot - 1] };
        Some(&self.bytes.as_ref()[before + LENGTH_BYTES..end])
    }

    /// The entries, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.ends.len())
            .map(|slot| self.entry(slot).expect("every slot below the width has an entry"))
    }

    /// The number of entries.
    pub fn width(&self) -> TileWidth {
        TileWidth::from_remaining(self.ends.len() as u64).expect("decoded with a width")
    }

    /// The leaf hashes, which the level 0 tile with the same index must hold.
    pub fn leaf_hashes(&self) -> Vec<Hash> {
        self.entries().map(leaf_hash).collect()
    }

    /// The bytes it was decoded from.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::TILE_WIDTH_MAX;

    fn bundle_of(entries: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in entries {
            append_entry(&mut bytes, entry).unwrap();
        }
        bytes
    }

    fn width(entries: u16) -> TileWidth {
        TileWidth::new(entries).unwrap()
    }

    #[test]
    fn entries_come_back() {
        let long = vec![7; ENTRY_BYTES_MAX];
        let entries: [&[u8]; 4] = [b"one", b"", &long, b"four"];
        let bytes = bundle_of(&entries);
        assert_eq!(bytes[..5], [0, 3, b'o', b'n', b'e']);
        let bundle = EntryBundle::decode(bytes.clone(), width(4)).unwrap();
        assert_eq!(bundle.entries().collect::<Vec<_>>(), entries);
        assert_eq!(bundle.entry(1), Some(&b""[..]));
        assert_eq!(bundle.entry(4), None);
        assert_eq!(bundle.width(), width(4));
        assert_eq!(bundle.leaf_hashes(), entries.map(leaf_hash));
        assert_eq!(bundle.as_bytes(), bytes);
    }

    #[test]
    fn only_the_exact_count_decodes() {
        let bytes = bundle_of(&[b"one", b"", b"three"]);
        let decode = |bytes: &[u8], n| EntryBundle::decode(bytes.to_vec(), width(n)).err();
        assert_eq!(decode(&bytes, 3), None);
        assert_eq!(decode(&bytes, 2), Some(BundleError::Trailing(7)));
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(decode(&longer, 3), Some(BundleError::Trailing(1)));
        assert_eq!(decode(&bytes, 4), Some(BundleError::Truncated(3)));
        for cut in 0..bytes.len() {
            let slot = [5, 7].iter().filter(|end| **end <= cut).count();
            assert_eq!(decode(&bytes[..cut], 3), Some(BundleError::Truncated(slot)), "{cut}");
        }
    }

    #[test]
    fn a_full_bundle_of_the_largest_entries() {
        let entry = vec![1; ENTRY_BYTES_MAX];
        let bytes = bundle_of(&vec![entry.as_slice(); TILE_WIDTH_MAX]);
        assert_eq!(bytes.len(), BUNDLE_BYTES_MAX);
        let bundle = EntryBundle::decode(bytes.as_slice(), TileWidth::FULL).unwrap();
        assert_eq!(bundle.entry(255), Some(entry.as_slice()));
    }

    #[test]
    fn an_entry_too_long_leaves_the_bundle_as_it_was() {
        let mut bytes = bundle_of(&[b"one"]);
        let before = bytes.clone();
        let entry = vec![0; ENTRY_BYTES_MAX + 1];
        assert_eq!(append_entry(&mut bytes, &entry), Err(BundleError::EntryTooLong(65_536)));
        assert_eq!(bytes, before);
    }
}
