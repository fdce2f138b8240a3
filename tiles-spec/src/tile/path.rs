//! Paths of the files that a log serves: the checkpoint, hash tiles, entry bundles.
//!
//! C2SP tlog-tiles "APIs": `checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]`, where
//! `<N>` is padded into elements of three digits, all but the last preceded by an `x`: 1234067 is
//! `x001/x234/067`.
//!
//! Invariant: one resource has one path. A parsed path prints as the text it was parsed from.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::geometry::{BundleCoord, TileCoord};
use crate::size::{NumberError, TileIndex, TileWidth, parse_decimal};

/// A resource of a log, named by its path relative to the log's prefix (no leading slash).
///
/// ```
/// use tiles_spec::{BundleCoord, LeafIndex, ResourcePath, TreeSize};
///
/// let (leaf, size) = (LeafIndex::new(1_234_000), TreeSize::new(1_234_067));
/// let bundle = BundleCoord::holding(leaf.expect("small"), size.expect("small"));
/// let path = ResourcePath::Bundle(bundle.expect("the tree has the leaf"));
/// assert_eq!(path.to_string(), "tile/entries/x004/820.p/147");
/// assert_eq!("tile/entries/x004/820.p/147".parse(), Ok(path));
/// assert!("tile/entries/x004/820.p/0".parse::<ResourcePath>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourcePath {
    /// The signed checkpoint: the one mutable resource.
    Checkpoint,
    /// A hash tile.
    Tile(TileCoord),
    /// An entry bundle.
    Bundle(BundleCoord),
}

/// Why a path is not valid in a tiled log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PathError {
    /// Neither the checkpoint nor below `tile/`.
    #[error("path is not the checkpoint or a tile")]
    Unknown,
    /// The level is not a canonical decimal from 0 to 63.
    #[error("malformed tile level")]
    Level(#[source] NumberError),
    /// The tile index is not padded to three digits per element, or has more elements than it
    /// needs.
    #[error("tile index is not in its canonical form")]
    Index,
    /// The tile index does not fit 64 bits.
    #[error("tile index is above 2^64 - 1")]
    IndexOverflow,
    /// The width of a partial tile is not a canonical decimal from 1 to 255.
    #[error("malformed partial tile width")]
    Width(#[source] NumberError),
}

impl ResourcePath {
    /// The full tile or bundle that can replace a partial one; `None` for everything else.
    pub fn wider(&self) -> Option<Self> {
        match self {
            Self::Checkpoint => None,
            Self::Tile(tile) => tile.wider().map(Self::Tile),
            Self::Bundle(bundle) => bundle.wider().map(Self::Bundle),
        }
    }
}

impl FromStr for ResourcePath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        if path == "checkpoint" {
            return Ok(Self::Checkpoint);
        }
        let (kind, place) = path
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(PathError::Unknown)?;
        if kind == "entries" {
            let (index, width) = parse_place(place)?;
            return Ok(Self::Bundle(BundleCoord { index, width }));
        }
        let level = kind.parse().map_err(PathError::Level)?;
        let (index, width) = parse_place(place)?;
        Ok(Self::Tile(TileCoord { level, index, width }))
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

impl fmt::Display for TileCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_place(f, self.index, self.width)
    }
}

impl fmt::Display for BundleCoord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_place(f, self.index, self.width)
    }
}

/// Parses `<N>[.p/<W>]`.
fn parse_place(text: &str) -> Result<(TileIndex, TileWidth), PathError> {
    let Some((index, width)) = text.split_once(".p/") else {
        return Ok((parse_index(text)?, TileWidth::FULL));
    };
    let width = parse_decimal(width)
        .and_then(|n| u16::try_from(n).map_err(|_| NumberError::OutOfRange))
        .and_then(|n| TileWidth::new(n).filter(|w| !w.is_full()).ok_or(NumberError::OutOfRange))
        .map_err(PathError::Width)?;
    Ok((parse_index(index)?, width))
}

/// Parses `<N>`.
pub fn parse_index(text: &str) -> Result<TileIndex, PathError> {
    let (leading, last) = match text.rsplit_once('/') {
        Some((leading, last)) => (Some(leading), last),
        None => (None, text),
    };
    let mut index = 0;
    for element in leading.into_iter().flat_map(|elements| elements.split('/')) {
        let group = parse_group(element.strip_prefix('x').ok_or(PathError::Index)?)?;
        index = push_group(index, group)?;
        if index == 0 {
            // A leading `x000` element would be a second spelling of a smaller number.
            return Err(PathError::Index);
        }
    }
    push_group(index, parse_group(last)?).map(TileIndex::new)
}

/// Parses three digits.
fn parse_group(text: &str) -> Result<u64, PathError> {
    match *text.as_bytes() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Ok([a, b, c].iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
        }
        _ => Err(PathError::Index),
    }
}

/// Appends three digits to a number.
fn push_group(index: u64, group: u64) -> Result<u64, PathError> {
    let shifted = index.checked_mul(1000).ok_or(PathError::IndexOverflow)?;
    shifted.checked_add(group).ok_or(PathError::IndexOverflow)
}

/// Writes `<N>[.p/<W>]`.
fn write_place(f: &mut fmt::Formatter<'_>, index: TileIndex, width: TileWidth) -> fmt::Result {
    write_index(f, index)?;
    if width.is_full() { Ok(()) } else { write!(f, ".p/{width}") }
}

/// Writes `<N>`.
pub fn write_index(f: &mut fmt::Formatter<'_>, index: TileIndex) -> fmt::Result {
    let index = index.get();
    // The weight of the most significant group: 1000 to the number of elements minus one.
    let mut weight = 1000_u64.pow(index.checked_ilog(1000).unwrap_or(0));
    while weight > 1 {
        write!(f, "x{:03}/", index / weight % 1000)?;
        weight /= 1000;
    }
    write!(f, "{:03}", index % 1000)
}

#[cfg(test)]
mod tests;
