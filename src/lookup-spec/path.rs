//! Paths of an index, under `lookup/` next to the log's own.
//!
//! Invariant: one resource has one path. A parsed path prints as the text it was parsed from.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use tiles_spec::size::{LeafIndex, TileIndex, TreeSize, parse_decimal};
use tiles_spec::tile::{PathError, ResourcePath};
use tiles_spec::tile::{parse_index, write_index};

use crate::range::LeafRange;
use crate::slice::SLICE_BITS_MAX;

/// A resource of an index, named by its path relative to the log's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookupPath {
    /// The newest revision with its proof.
    Latest,
    /// A resource of the lookup log.
    Log(ResourcePath),
    /// A revision, by its leaf index in the lookup log.
    Revision(LeafIndex),
    /// A part of a run.
    Part {
        /// The run's leaves.
        range: LeafRange,
        /// The number of the part in the run.
        part: u32,
    },
}

/// Why a path is not valid in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LookupPathError {
    /// Not a path of an index.
    #[error("not a path of a lookup index")]
    Unknown,
    /// A malformed path of the lookup log.
    #[error("malformed path in the lookup log")]
    Log(#[source] PathError),
    /// A malformed revision number.
    #[error("malformed revision number of a lookup index")]
    Revision(#[source] PathError),
    /// Not the two ends of a leaf range and a part number.
    #[error("path of a part is not lookup/run/<start>/<end>/<part>")]
    Part,
}

impl FromStr for LookupPath {
    type Err = LookupPathError;

    fn from_str(path: &str) -> Result<Self, LookupPathError> {
        let path = path.strip_prefix("lookup/").ok_or(LookupPathError::Unknown)?;
        if path == "latest" {
            Ok(Self::Latest)
        } else if let Some(number) = path.strip_prefix("revision/") {
            let number = parse_index(number).map_err(LookupPathError::Revision)?;
            let number = LeafIndex::new(number.get());
            number.map(Self::Revision).ok_or(LookupPathError::Revision(PathError::IndexOverflow))
        } else if let Some(place) = path.strip_prefix("run/") {
            parse_part(place).ok_or(LookupPathError::Part)
        } else {
            path.parse().map(Self::Log).map_err(|error| match error {
                PathError::Unknown => LookupPathError::Unknown,
                error => LookupPathError::Log(error),
            })
        }
    }
}

fn parse_part(place: &str) -> Option<LookupPath> {
    let (start, rest) = place.split_once('/')?;
    let (end, part) = rest.split_once('/')?;
    let (start, end): (TreeSize, TreeSize) = (start.parse().ok()?, end.parse().ok()?);
    let part = parse_decimal(part).ok().filter(|part| *part < 1 << SLICE_BITS_MAX)?;
    Some(LookupPath::Part { range: LeafRange::new(start, end)?, part: part.try_into().ok()? })
}

impl fmt::Display for LookupPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("lookup/latest"),
            Self::Log(resource) => write!(f, "lookup/{resource}"),
            Self::Revision(number) => {
                f.write_str("lookup/revision/")?;
                write_index(f, TileIndex::new(number.get()))
            }
            Self::Part { range, part } => {
                write!(f, "lookup/run/{}/{}/{part}", range.start(), range.end())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_an_index() {
        for path in [
            "lookup/latest",
            "lookup/checkpoint",
            "lookup/tile/0/x001/067.p/8",
            "lookup/tile/entries/000",
            "lookup/revision/000",
            "lookup/revision/x001/234",
            "lookup/run/0/1/0",
            "lookup/run/256/9223372036854775807/1023",
        ] {
            assert_eq!(path.parse::<LookupPath>().map(|p| p.to_string()), Ok(path.to_owned()));
        }
        for path in [
            "",
            "lookup",
            "lookup/",
            "/lookup/latest",
            "lookup/latest/",
            "lookup/lookup/latest",
            "lookup/revision/1",
            "lookup/revision/x000/001",
            "lookup/revision/000.p/1",
            "lookup/run/1/1/0",
            "lookup/run/2/1/0",
            "lookup/run/0/1",
            "lookup/run/00/1/0",
            "lookup/run/0/1/1024",
            "lookup/run/0/1/0/0",
            "lookup/run/0/9223372036854775808/0",
        ] {
            assert!(path.parse::<LookupPath>().is_err(), "{path}");
        }
    }
}
