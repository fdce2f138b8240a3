//! Hash tiles: their content here, their places in [`geometry`], their paths in [`path`].
//!
//! C2SP tlog-tiles "Merkle Tree". A tile is up to 256 consecutive hashes of one tree level.
//!
//! Invariant: a partial tile's bytes are a prefix of those of every wider tile at the same place.

pub mod geometry;
pub mod path;

pub(crate) use geometry::TILE_HEIGHT;
pub use geometry::{
    BundleCoord, Slot, TileCoord, bundle_indices, bundles_at, bundles_for_growth, edge_bundle,
    edge_tiles, levels, tiles_at, tiles_for_growth, tiles_of_leaves, unfinished_tile,
};
pub use path::{PathError, ResourcePath, parse_index, write_index};

use thiserror::Error;

use crate::hash::Hash;
use crate::size::{HASH_BYTES, TILE_WIDTH_MAX, TileWidth};
use crate::tree::root_of;

/// The hashes of one tile: 1 to 256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashTile(Vec<Hash>);

/// Why bytes or hashes are not the requested tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TileError {
    /// The bytes are not `width` hashes.
    #[error("tile of {actual} bytes, but width {width} makes {}", width.as_usize() * HASH_BYTES)]
    Length {
        /// The requested width.
        width: TileWidth,
        /// The number of bytes found.
        actual: usize,
    },
    /// A tile has 1 to 256 hashes; holds the number given.
    #[error("{0} hashes do not make a tile")]
    Width(usize),
    /// A tile cannot be truncated to more hashes than it has.
    #[error("tile of width {actual} truncated to width {wanted}")]
    Narrow {
        /// The requested width.
        wanted: TileWidth,
        /// The actual width.
        actual: TileWidth,
    },
}

impl HashTile {
    /// Makes a tile from hashes.
    pub fn new(hashes: Vec<Hash>) -> Result<Self, TileError> {
        if hashes.is_empty() || hashes.len() > TILE_WIDTH_MAX {
            return Err(TileError::Width(hashes.len()));
        }
        Ok(Self(hashes))
    }

    /// Decodes a tile of exactly `width` hashes.
    pub fn decode(bytes: &[u8], width: TileWidth) -> Result<Self, TileError> {
        if bytes.len() != width.as_usize() * HASH_BYTES {
            return Err(TileError::Length { width, actual: bytes.len() });
        }
        let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
        Ok(Self(hashes.iter().copied().map(Hash::from).collect()))
    }

    /// Encodes the hashes, concatenated.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * HASH_BYTES);
        for hash in &self.0 {
            bytes.extend_from_slice(hash.as_bytes());
        }
        bytes
    }

    /// The hashes, left to right.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// The number of hashes.
    pub fn width(&self) -> TileWidth {
        TileWidth::from_remaining(self.0.len() as u64).expect("a tile has at least one hash")
    }

    /// Truncates this tile to the partial tile of `width` that it once was.
    pub fn truncate(mut self, width: TileWidth) -> Result<Self, TileError> {
        if width > self.width() {
            return Err(TileError::Narrow { wanted: width, actual: self.width() });
        }
        self.0.truncate(width.as_usize());
        Ok(self)
    }

    /// Root of the tree over some of the hashes, or `None` if the tile does not have them all.
    pub fn subtree_root(&self, slots: std::ops::Range<usize>) -> Option<Hash> {
        self.0.get(slots).map(root_of)
    }

    /// Root of the tree over all hashes: for a full tile, its hash in the level above.
    pub fn root(&self) -> Hash {
        root_of(&self.0)
    }
}

#[cfg(test)]
mod tests;
