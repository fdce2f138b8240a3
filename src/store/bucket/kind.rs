//! What kind of object a path names: how much it may hold, how it is packed, and the headers that a
//! plain bucket, or a CDN in front of it, serves with it.
//!
//! | object | content type | cache control |
//! |---|---|---|
//! | `checkpoint` | text/plain | no-cache |
//! | tiles | application/octet-stream | immutable, a year |
//! | entry bundles | the same, content coding gzip | immutable, a year |
//! | `log.json` | application/json | no-cache |
//! | `lookup/latest` | text/plain | no-cache |
//! | `lookup/revision/...` | text/plain | immutable, a year |
//! | `lookup/run/...` | application/octet-stream | immutable, a year |
//! | `lookup/checkpoint`, `lookup/tile/...` | as those of the log | |
//! | all others | application/octet-stream | no-store |
//!
//! `no-cache` lets caches store `checkpoint`, but makes them revalidate it each time, which is a
//! request of a few bytes. A lifetime of even a second would let a store that serves public objects
//! from caches (GCS does) return an old checkpoint to a writer that took over (I7), or return a log
//! without its entry to a client that was just acknowledged. Without this header, GCS caches public
//! objects for an hour.

use fasti_lookup_spec::{LATEST_BYTES_MAX, LookupPath, REVISION_BYTES_MAX};
use fasti_seams::gzip::Effort;
use object_store::{Attribute, Attributes};
use tiles_spec::{CHECKPOINT_BYTES_MAX, ENTRY_BYTES_MAX, HASH_BYTES, ResourcePath};

use crate::ObjectPath;

/// The most that any other object may hold, in bytes: a commit record with 64 MiB of incompressible
/// entries, and its header.
const OTHER_BYTES_MAX: usize = 65 << 20;
/// The most that a part of the lookup index may hold that is read as a whole. Parts have about a
/// million postings, about 30 MiB; one with a key that many entries share is longer.
const PART_BYTES_MAX: usize = 1 << 30;
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Bundles of entries of the usual length are shorter.
const QUICKLY_PACKED_BYTES_MIN: usize = 512 << 10;
/// The most that gzip can add to incompressible bytes.
const GZIP_OVERHEAD_MAX: usize = 64 << 10;

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Checkpoint,
    Tile {
        bytes_max: usize,
    },
    Bundle {
        bytes_max: usize,
        is_full: bool,
    },
    Description,
    /// `lookup/latest`.
    Latest,
    /// A revision of the lookup index.
    Revision,
    /// A part of a run of the lookup index. Never packed, because it is read in ranges.
    Part,
    /// Commit records, hints, probes: only of interest to the writers.
    Other,
}

impl Kind {
    pub fn of(path: &ObjectPath) -> Self {
        if let Ok(resource) = path.as_str().parse() {
            return Self::of_resource(&resource);
        }
        match path.as_str().parse() {
            Ok(LookupPath::Latest) => Self::Latest,
            Ok(LookupPath::Log(resource)) => Self::of_resource(&resource),
            Ok(LookupPath::Revision(_)) => Self::Revision,
            Ok(LookupPath::Part { .. }) => Self::Part,
            Err(_) if *path == ObjectPath::log_json() => Self::Description,
            Err(_) => Self::Other,
        }
    }

    /// An object of the log itself, or of the lookup index's log.
    fn of_resource(resource: &ResourcePath) -> Self {
        match resource {
            ResourcePath::Checkpoint => Self::Checkpoint,
            ResourcePath::Tile(tile) => {
                Self::Tile { bytes_max: tile.width.as_usize() * HASH_BYTES }
            }
            ResourcePath::Bundle(bundle) => {
                let entry_bytes_max = size_of::<u16>() + ENTRY_BYTES_MAX;
                Self::Bundle {
                    bytes_max: bundle.width.as_usize() * entry_bytes_max,
                    is_full: bundle.width.is_full(),
                }
            }
        }
    }

    /// Whether it is stored packed with gzip.
    pub fn is_packed(self) -> bool {
        matches!(self, Self::Bundle { .. })
    }

    /// How to pack an object of this many bytes, if it is packed. Large bundles that are not full
    /// yet are rewritten again and again, and each is soon obsolete.
    pub fn packing(self, bytes: usize) -> Option<Effort> {
        match self {
            Self::Bundle { is_full: false, .. } if bytes > QUICKLY_PACKED_BYTES_MIN => {
                Some(Effort::Quick)
            }
            Self::Bundle { .. } => Some(Effort::Thorough),
            _ => None,
        }
    }

    /// The most that it may hold, unpacked.
    pub fn bytes_max(self) -> usize {
        match self {
            Self::Checkpoint => CHECKPOINT_BYTES_MAX,
            Self::Tile { bytes_max } | Self::Bundle { bytes_max, .. } => bytes_max,
            Self::Description => CHECKPOINT_BYTES_MAX,
            Self::Latest => LATEST_BYTES_MAX,
            Self::Revision => REVISION_BYTES_MAX,
            Self::Part => PART_BYTES_MAX,
            Self::Other => OTHER_BYTES_MAX,
        }
    }

    /// The most that it may take in the store.
    pub fn stored_bytes_max(self) -> usize {
        self.bytes_max() + if self.is_packed() { GZIP_OVERHEAD_MAX } else { 0 }
    }

    /// The attributes to store with it. Only permanent objects get `storage_class`: the cheaper
    /// classes bill a minimum time for each object.
    pub fn attributes(self, storage_class: Option<&str>) -> Attributes {
        let (content_type, cache_control) = match self {
            Self::Checkpoint | Self::Latest => ("text/plain; charset=utf-8", "no-cache"),
            Self::Revision => ("text/plain; charset=utf-8", IMMUTABLE),
            Self::Tile { .. } | Self::Bundle { .. } | Self::Part => {
                ("application/octet-stream", IMMUTABLE)
            }
            Self::Description => ("application/json", "no-cache"),
            Self::Other => ("application/octet-stream", "no-store"),
        };
        let mut attributes = Attributes::from_iter([
            (Attribute::ContentType, content_type),
            (Attribute::CacheControl, cache_control),
        ]);
        if self.is_packed() {
            attributes.insert(Attribute::ContentEncoding, "gzip".into());
        }
        if let (Some(class), Self::Tile { .. } | Self::Bundle { .. }) = (storage_class, self) {
            attributes.insert(Attribute::StorageClass, class.to_owned().into());
        }
        attributes
    }
}
