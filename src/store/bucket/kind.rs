//! What an object of a log is, by its path: how much it may hold, how it is packed, and what a
//! bare bucket or a CDN before it tells readers of it.
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
//! `no-cache` lets caches keep `checkpoint` but makes them ask each time, which is a request of a
//! few bytes. A lifetime of even a second would let a store that serves public objects from caches
//! (GCS does) show a writer an old checkpoint after it took over (I7), and show a client that was
//! just acknowledged a log without its entry. Said of nothing, GCS keeps public objects an hour.

use object_store::{Attribute, Attributes};
use tiles_spec::lookup::{LATEST_BYTES_MAX, LookupPath, REVISION_BYTES_MAX};
use tiles_spec::{CHECKPOINT_BYTES_MAX, ENTRY_BYTES_MAX, HASH_BYTES, ResourcePath};

use crate::gzip::Effort;
use crate::store::ObjectPath;

/// The most that any other object may hold, in bytes: a commit record of 64 MiB of entries that do
/// not shrink, and its head.
const OTHER_BYTES_MAX: usize = 65 << 20;
/// The most that a part of an index may hold that is read as a whole. Parts have about a million
/// postings, some 30 MiB; one with a key that many entries have is longer.
const PART_BYTES_MAX: usize = 1 << 30;
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Bundles of entries of the usual length are not longer.
const QUICKLY_PACKED_BYTES_MIN: usize = 512 << 10;
/// What gzip may add to bytes that do not shrink.
const GZIP_OVERHEAD_MAX: usize = 64 << 10;

/// What an object is.
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
    /// A revision of the index.
    Revision,
    /// A part of a run of the index. Never packed: it is read in ranges.
    Part,
    /// Commit records, hints, probes: nobody's business but the writers'.
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

    /// Of the log itself, or of the index's.
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

    /// How to pack so many bytes of it, if it is packed. Large bundles that are not full yet are written
    /// again and again, and each is soon needed no more.
    pub fn packing(self, bytes: usize) -> Option<Effort> {
        match self {
            Self::Bundle { is_full: false, .. } if bytes > QUICKLY_PACKED_BYTES_MIN => {
                Some(Effort::Quick)
            }
            Self::Bundle { .. } => Some(Effort::Thorough),
            _ => None,
        }
    }

    /// The most that it may hold once unpacked.
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

    /// The most that may lie in the store.
    pub fn stored_bytes_max(self) -> usize {
        self.bytes_max() + if self.is_packed() { GZIP_OVERHEAD_MAX } else { 0 }
    }

    /// What the store is to tell of it. Only what is kept for ever goes to `storage_class`: the
    /// cheaper ones bill a minimum time for each object.
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
