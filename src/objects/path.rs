//! The paths of all objects that a log publishes, relative to the log's prefix.
//!
//! Invariant: one object has one path. A parsed path prints as the text it was parsed from.

use std::fmt;
use std::str::FromStr;

use super::heads::HeadsPath;
use fasti_lookup_spec::{LookupPath, LookupPathError};
use tiles_spec::{BundleCoord, Hash, PathError, ResourcePath, TileCoord};

/// Where bundles are, and where the times of their entries are, under the same names.
const BUNDLES: &str = "tile/entries/";
const TIMES: &str = "time/";
/// Where attestations are, by the SHA-256 of their bytes.
const ATTESTATIONS: &str = "attestations/";
const BY_SHA256: &str = "attestations/sha256/";
/// Where kept heads are.
const HEADS: &str = "heads/";

/// An object that a log publishes. Prints as its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Published {
    /// The checkpoint, a tile or an entry bundle.
    Log(ResourcePath),
    /// The integrated times of the entries of this bundle.
    Times(BundleCoord),
    /// The attestation with this SHA-256: what was signed, kept beside the entries that have it.
    Attestation(Hash),
    /// A file of the heads that the log had.
    Heads(HeadsPath),
    /// `log.json`, in which the log describes itself.
    Description,
    /// A file of the lookup index.
    Lookup(LookupPath),
}

/// Why a path is not that of a published object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishedPathError {
    /// No object has such a path.
    Unknown,
    /// A malformed path of the log.
    Log(PathError),
    /// A malformed path of the lookup index.
    Lookup(LookupPathError),
    /// A malformed path of a kept head.
    Heads(PathError),
    /// A path of an attestation that is not its SHA-256 in hexadecimal.
    Attestation,
}

impl Published {
    /// `checkpoint`.
    pub const CHECKPOINT: Self = Self::Log(ResourcePath::Checkpoint);

    /// The object as one of a tiled log: the log itself, or the log of the revisions of its index.
    pub const fn resource(&self) -> Option<ResourcePath> {
        match self {
            Self::Log(path) | Self::Lookup(LookupPath::Log(path)) => Some(*path),
            Self::Lookup(_)
            | Self::Description
            | Self::Times(_)
            | Self::Attestation(_)
            | Self::Heads(_) => None,
        }
    }

    /// Whether a path is in a place where a log has its objects, well-formed or not.
    pub fn is_meant_by(path: &str) -> bool {
        matches!(path, "checkpoint" | "log.json")
            || path.starts_with("tile/")
            || path.starts_with(TIMES)
            || path.starts_with(ATTESTATIONS)
            || path.starts_with(HEADS)
            || path.starts_with("lookup/")
    }
}

impl FromStr for Published {
    type Err = PublishedPathError;

    fn from_str(path: &str) -> Result<Self, PublishedPathError> {
        if path == "log.json" {
            return Ok(Self::Description);
        }
        if path.starts_with("lookup/") {
            return path.parse().map(Self::Lookup).map_err(|error| match error {
                LookupPathError::Unknown => PublishedPathError::Unknown,
                error => PublishedPathError::Lookup(error),
            });
        }
        if !Self::is_meant_by(path) {
            return Err(PublishedPathError::Unknown);
        }
        if let Some(place) = path.strip_prefix(TIMES) {
            return match format!("{BUNDLES}{place}").parse() {
                Ok(ResourcePath::Bundle(bundle)) => Ok(Self::Times(bundle)),
                Ok(_) => Err(PublishedPathError::Unknown),
                Err(error) => Err(PublishedPathError::Log(error)),
            };
        }
        if path.starts_with(ATTESTATIONS) {
            let digits = path.strip_prefix(BY_SHA256).unwrap_or_default();
            let hash = digits.parse::<Hash>().ok().filter(|hash| hash.to_string() == digits);
            return hash.map(Self::Attestation).ok_or(PublishedPathError::Attestation);
        }
        if let Some(file) = path.strip_prefix(HEADS) {
            let parsed = HeadsPath::parse(file).ok_or(PublishedPathError::Unknown)?;
            return parsed.map(Self::Heads).map_err(PublishedPathError::Heads);
        }
        path.parse().map(Self::Log).map_err(PublishedPathError::Log)
    }
}

impl fmt::Display for PublishedPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("not a path of a log"),
            Self::Log(error) | Self::Heads(error) => error.fmt(f),
            Self::Lookup(error) => error.fmt(f),
            Self::Attestation => f.write_str("not a SHA-256 in 64 hexadecimal digits"),
        }
    }
}

impl std::error::Error for PublishedPathError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unknown | Self::Attestation => None,
            Self::Log(error) | Self::Heads(error) => error.source(),
            Self::Lookup(error) => error.source(),
        }
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(path) => path.fmt(f),
            Self::Times(bundle) => {
                let path = bundle.to_string();
                write!(f, "{TIMES}{}", path.strip_prefix(BUNDLES).unwrap_or(&path))
            }
            Self::Attestation(hash) => write!(f, "{BY_SHA256}{hash}"),
            Self::Heads(path) => path.fmt(f),
            Self::Description => f.write_str("log.json"),
            Self::Lookup(path) => path.fmt(f),
        }
    }
}

impl From<ResourcePath> for Published {
    fn from(path: ResourcePath) -> Self {
        Self::Log(path)
    }
}

impl From<TileCoord> for Published {
    fn from(tile: TileCoord) -> Self {
        Self::Log(ResourcePath::Tile(tile))
    }
}

impl From<BundleCoord> for Published {
    fn from(bundle: BundleCoord) -> Self {
        Self::Log(ResourcePath::Bundle(bundle))
    }
}

impl From<HeadsPath> for Published {
    fn from(path: HeadsPath) -> Self {
        Self::Heads(path)
    }
}

impl From<LookupPath> for Published {
    fn from(path: LookupPath) -> Self {
        Self::Lookup(path)
    }
}
