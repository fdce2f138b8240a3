//! Tiles: their coordinates, paths and contents, and which of them a growing tree implies
//! (C2SP tlog-tiles).
//!
//! Tile `(level, index)` holds up to 256 hashes; its hash `i` is the root of the perfect subtree of
//! 256^level leaves that begins at leaf `(256 * index + i) * 256^level`. A level above the first
//! therefore holds the roots of full tiles only. A partial tile is a prefix of the full one.
//!
//! Paths are canonical in both directions: one path for each resource, everything else refused.

use std::fmt;
use std::str::FromStr;

use crate::hash::{HASH_BYTES, Hash, node_hash};
use crate::size::{Level, TILE_WIDTH_MAX, TileIndex, TileWidth, TreeSize, parse_decimal};

/// Tile levels that a tree of at most 2^63 - 1 leaves can have.
pub const LEVELS: u8 = 8;

/// Where a hash tile is, and how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileCoord {
    /// The level, 0 for leaf hashes.
    pub level: Level,
    /// The position in the level.
    pub index: TileIndex,
    /// How many hashes.
    pub width: TileWidth,
}

/// Where an entry bundle is, and how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleCoord {
    /// The position.
    pub index: TileIndex,
    /// How many entries.
    pub width: TileWidth,
}

/// What can be asked of a log, named by its path below the log's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourcePath {
    /// `checkpoint`
    Checkpoint,
    /// `tile/<L>/<N>[.p/<W>]`
    Tile(TileCoord),
    /// `tile/entries/<N>[.p/<W>]`
    Bundle(BundleCoord),
}

/// The text is not the path of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It is of no known form.
    #[error("it is neither checkpoint, tile/<level>/<index> nor tile/entries/<index>")]
    Form,
    /// The level is not a canonical number from 0 to 63.
    #[error("the level is not a number from 0 to 63 without leading zeros")]
    Level,
    /// The index is not made of three-digit groups with `x` before all but the last.
    #[error("the index is not of the form x123/x456/789, without a leading x000")]
    Index,
    /// The width is not a canonical number from 1 to 255.
    #[error("the width is not a number from 1 to 255 without leading zeros")]
    Width,
}

/// The bytes are not a tile of the expected width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tile of width {width} has {} bytes, not {bytes}", .width.as_usize() * HASH_BYTES)]
pub struct TileLengthError {
    /// The expected width.
    pub width: TileWidth,
    /// The length found.
    pub bytes: usize,
}

struct IndexPath(TileIndex, TileWidth);

impl fmt::Display for IndexPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = Vec::with_capacity(7);
        let mut rest = self.0.get();
        loop {
            groups.push(rest % 1000);
            rest /= 1000;
            if rest == 0 {
                break;
            }
        }
        while let Some(group) = groups.pop() {
            let (mark, end) = if groups.is_empty() { ("", "") } else { ("x", "/") };
            write!(f, "{mark}{group:03}{end}")?;
        }
        if self.1.is_full() { Ok(()) } else { write!(f, ".p/{}", self.1) }
    }
}

impl fmt::Display for TileCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, IndexPath(self.index, self.width))
    }
}

impl fmt::Display for BundleCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/entries/{}", IndexPath(self.index, self.width))
    }
}

impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Tile(tile) => tile.fmt(f),
            Self::Bundle(bundle) => bundle.fmt(f),
        }
    }
}

impl FromStr for ResourcePath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        if path == "checkpoint" {
            return Ok(Self::Checkpoint);
        }
        let rest = path.strip_prefix("tile/").ok_or(PathError::Form)?;
        let (kind, rest) = rest.split_once('/').ok_or(PathError::Form)?;
        if kind == "entries" {
            let (index, width) = parse_index(rest)?;
            return Ok(Self::Bundle(BundleCoord { index, width }));
        }
        let level = parse_decimal(kind).ok().and_then(|n| Level::new(n.try_into().ok()?));
        let level = level.ok_or(PathError::Level)?;
        let (index, width) = parse_index(rest)?;
        Ok(Self::Tile(TileCoord { level, index, width }))
    }
}

fn parse_index(path: &str) -> Result<(TileIndex, TileWidth), PathError> {
    let (path, width) = match path.split_once(".p/") {
        None => (path, TileWidth::FULL),
        Some((path, width)) => {
            let width = parse_decimal(width).ok().and_then(|n| TileWidth::new(n.try_into().ok()?));
            (path, width.filter(|w| !w.is_full()).ok_or(PathError::Width)?)
        }
    };
    let mut groups = path.split('/').peekable();
    let mut index = 0u64;
    let mut is_first = true;
    while let Some(group) = groups.next() {
        let is_last = groups.peek().is_none();
        let digits = if is_last { Some(group) } else { group.strip_prefix('x') };
        let digits = digits.filter(|d| d.len() == 3 && d.bytes().all(|b| b.is_ascii_digit()));
        let number: u64 = digits.and_then(|d| d.parse().ok()).ok_or(PathError::Index)?;
        if is_first && !is_last && number == 0 {
            return Err(PathError::Index);
        }
        index = index
            .checked_mul(1000)
            .and_then(|index| index.checked_add(number))
            .ok_or(PathError::Index)?;
        is_first = false;
    }
    Ok((TileIndex::new(index), width))
}

/// How many leaves one hash of a tile at `level` stands for, as a shift.
fn shift(level: Level) -> u32 {
    8 * u32::from(level.get())
}

/// Hashes that a tree of `size` has at tile level `level`.
fn hashes_at(size: TreeSize, level: Level) -> u64 {
    size.get().checked_shr(shift(level)).unwrap_or(0)
}

/// The tiles from number `first` on of a level with `hashes` hashes, as index and width.
fn tiles_of(first: u64, hashes: u64) -> impl Iterator<Item = (TileIndex, TileWidth)> {
    let full = hashes / TILE_WIDTH_MAX as u64;
    let partial = u16::try_from(hashes % TILE_WIDTH_MAX as u64).ok().and_then(TileWidth::new);
    (first..full)
        .map(|index| (TileIndex::new(index), TileWidth::FULL))
        .chain(partial.map(|width| (TileIndex::new(full), width)))
}

fn levels() -> impl Iterator<Item = Level> {
    (0..LEVELS).filter_map(Level::new)
}

/// All tiles of a level that a checkpoint of `size` implies, in order.
pub fn tiles_at(size: TreeSize, level: Level) -> impl Iterator<Item = TileCoord> {
    tiles_of(0, hashes_at(size, level)).map(move |(index, width)| TileCoord { level, index, width })
}

/// All entry bundles that a checkpoint of `size` implies, in order.
pub fn bundles_at(size: TreeSize) -> impl Iterator<Item = BundleCoord> {
    tiles_of(0, size.get()).map(|(index, width)| BundleCoord { index, width })
}

/// The tiles that a checkpoint of size `new` implies and one of size `old` does not, by level.
pub fn tiles_for_growth(old: TreeSize, new: TreeSize) -> Vec<TileCoord> {
    levels()
        .flat_map(|level| {
            let (before, after) = (hashes_at(old, level), hashes_at(new, level));
            let first = before / TILE_WIDTH_MAX as u64;
            let grown = (after > before).then(|| tiles_of(first, after));
            grown.into_iter().flatten().map(move |(index, width)| TileCoord { level, index, width })
        })
        .collect()
}

/// The entry bundles that a checkpoint of size `new` implies and one of size `old` does not.
pub fn bundles_for_growth(old: TreeSize, new: TreeSize) -> Vec<BundleCoord> {
    let first = old.get() / TILE_WIDTH_MAX as u64;
    let grown = (new > old).then(|| tiles_of(first, new.get()));
    grown.into_iter().flatten().map(|(index, width)| BundleCoord { index, width }).collect()
}

/// The partial tiles of a tree, lowest level first: its right edge.
pub fn edge_tiles(size: TreeSize) -> Vec<TileCoord> {
    levels()
        .filter_map(|level| {
            let hashes = hashes_at(size, level);
            let width = TileWidth::new(u16::try_from(hashes % TILE_WIDTH_MAX as u64).ok()?)?;
            Some(TileCoord { level, index: TileIndex::new(hashes / TILE_WIDTH_MAX as u64), width })
        })
        .collect()
}

/// The partial entry bundle of a tree, if it has one.
pub fn edge_bundle(size: TreeSize) -> Option<BundleCoord> {
    let width = TileWidth::new(u16::try_from(size.get() % TILE_WIDTH_MAX as u64).ok()?)?;
    Some(BundleCoord { index: TileIndex::new(size.get() / TILE_WIDTH_MAX as u64), width })
}

/// A hash tile: 1 to 256 hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashTile(Vec<Hash>);

impl HashTile {
    /// A tile of these hashes, if there are 1 to 256 of them.
    pub fn new(hashes: Vec<Hash>) -> Option<Self> {
        (1..=TILE_WIDTH_MAX).contains(&hashes.len()).then_some(Self(hashes))
    }

    /// Reads a tile of exactly this width.
    pub fn decode(bytes: &[u8], width: TileWidth) -> Result<Self, TileLengthError> {
        if bytes.len() != width.as_usize() * HASH_BYTES {
            return Err(TileLengthError { width, bytes: bytes.len() });
        }
        let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
        Ok(Self(hashes.iter().map(|hash| Hash::from(*hash)).collect()))
    }

    /// The tile's bytes: its hashes, one after the other.
    pub fn encode(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// The hashes.
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// How many hashes.
    pub fn width(&self) -> TileWidth {
        let width = u16::try_from(self.0.len()).ok().and_then(TileWidth::new);
        width.expect("a tile holds 1 to 256 hashes")
    }

    /// The root of the subtree over the tile's hashes: for a full tile the hash that stands for it
    /// in the level above.
    pub fn root(&self) -> Hash {
        root_of(&self.0)
    }

    /// The first hashes of the tile, if it has as many.
    pub fn truncate(mut self, width: TileWidth) -> Option<Self> {
        (width <= self.width()).then(|| {
            self.0.truncate(width.as_usize());
            self
        })
    }
}

/// The RFC 6962 root over 1 to 256 hashes, in place.
pub(crate) fn root_of(hashes: &[Hash]) -> Hash {
    let mut nodes = [crate::hash::EMPTY_ROOT; TILE_WIDTH_MAX];
    nodes[..hashes.len()].copy_from_slice(hashes);
    let mut length = hashes.len();
    while length > 1 {
        for i in 0..length / 2 {
            nodes[i] = node_hash(&nodes[2 * i], &nodes[2 * i + 1]);
        }
        // A last node without a sibling moves up as it is.
        if length % 2 == 1 {
            nodes[length / 2] = nodes[length - 1];
        }
        length = length.div_ceil(2);
    }
    nodes[0]
}
