//! What holds for each published object.

use fasti_lookup_spec::{LATEST_BYTES_MAX, LookupPath, REVISION_BYTES_MAX};
use tiles_spec::bundle::bundle_bytes_max;
use tiles_spec::{CHECKPOINT_BYTES_MAX, HASH_BYTES, ResourcePath};

use super::heads::{HEADS_PAGE_BYTES_MAX, HeadsPath};
use super::path::Published;
use super::times::TIME_BYTES;

/// The most that `log.json` can hold, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 64 << 10;
/// The most that an attestation can hold, in bytes. Ten of them fit in an answer of Rekor v1's API.
pub const ATTESTATION_BYTES_MAX: usize = 1 << 20;
/// The most that a part of the lookup index can hold, in bytes. Parts have about a million
/// postings, about 30 MiB; one with a key that many entries share is longer.
const PART_BYTES_MAX: usize = 1 << 30;

/// The most that a kept head can hold in words, in bytes: its note, and each of its parts again.
const HEAD_JSON_BYTES_MAX: usize = 4 * CHECKPOINT_BYTES_MAX;

const TEXT: &str = "text/plain; charset=utf-8";
const OCTETS: &str = "application/octet-stream";
const JSON: &str = "application/json";

/// What holds for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Properties {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// How long caches can keep it.
    pub lifetime: Lifetime,
    /// Whether it is compressed.
    pub packing: Packing,
    /// The most bytes it can have, unpacked.
    pub bytes_max: usize,
}

/// How long caches can keep an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// A year: it never changes.
    Immutable,
    /// Caches can keep it, but must ask each time whether it has changed, which is a request of a
    /// few bytes. A lifetime of even a second would let a store that serves public objects from
    /// caches (GCS does) return an old checkpoint to a writer that took over (I7), or return a log
    /// without its entry to a client that was just acknowledged. Without this header, GCS caches
    /// public objects for an hour.
    Revalidated,
    /// Not at all: it is only of interest to the writers.
    Uncached,
}

/// Whether an object is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Never: it is small, consists of hashes, or is read in ranges.
    Never,
    /// Not in a store; a server can compress it for a client that asks.
    OnRequest,
    /// With gzip in a bucket; in each coding that a client accepts from a server.
    Stored,
}

impl Lifetime {
    /// `Cache-Control`.
    pub const fn cache_control(self) -> &'static str {
        match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidated => "no-cache",
            Self::Uncached => "no-store",
        }
    }
}

impl Properties {
    /// Those of an object that only the writers read, of at most `bytes_max` bytes.
    pub const fn of_private(bytes_max: usize) -> Self {
        Self {
            content_type: OCTETS,
            lifetime: Lifetime::Uncached,
            packing: Packing::Never,
            bytes_max,
        }
    }

    const fn of_resource(path: &ResourcePath) -> Self {
        use {Lifetime::Immutable, Lifetime::Revalidated, Packing::Never, Packing::Stored};
        match path {
            ResourcePath::Checkpoint => Self::new(TEXT, Revalidated, Never, CHECKPOINT_BYTES_MAX),
            ResourcePath::Tile(tile) => {
                Self::new(OCTETS, Immutable, Never, tile.width.as_usize() * HASH_BYTES)
            }
            ResourcePath::Bundle(bundle) => {
                Self::new(OCTETS, Immutable, Stored, bundle_bytes_max(bundle.width))
            }
        }
    }

    const fn of_lookup(path: &LookupPath) -> Self {
        use {Lifetime::Immutable, Lifetime::Revalidated, Packing::Never, Packing::OnRequest};
        match path {
            LookupPath::Latest => Self::new(TEXT, Revalidated, OnRequest, LATEST_BYTES_MAX),
            LookupPath::Log(resource) => Self::of_resource(resource),
            LookupPath::Revision(_) => Self::new(TEXT, Immutable, OnRequest, REVISION_BYTES_MAX),
            LookupPath::Part { .. } => Self::new(OCTETS, Immutable, Never, PART_BYTES_MAX),
        }
    }

    const fn of_heads(path: &HeadsPath) -> Self {
        use {Lifetime::Immutable, Lifetime::Revalidated, Packing::Never};
        match path {
            HeadsPath::Latest => Self::new(TEXT, Revalidated, Never, HEADS_PAGE_BYTES_MAX),
            HeadsPath::Page(_) => Self::new(TEXT, Immutable, Never, HEADS_PAGE_BYTES_MAX),
            HeadsPath::Note(_) => Self::new(TEXT, Immutable, Never, CHECKPOINT_BYTES_MAX),
            HeadsPath::Json(_) => Self::new(JSON, Immutable, Never, HEAD_JSON_BYTES_MAX),
        }
    }

    const fn new(
        content_type: &'static str,
        lifetime: Lifetime,
        packing: Packing,
        bytes_max: usize,
    ) -> Self {
        Self { content_type, lifetime, packing, bytes_max }
    }
}

impl Published {
    /// What holds for the object.
    pub const fn properties(&self) -> Properties {
        match self {
            Self::Log(path) => Properties::of_resource(path),
            Self::Lookup(path) => Properties::of_lookup(path),
            Self::Heads(path) => Properties::of_heads(path),
            Self::Times(bundle) => Properties::new(
                OCTETS,
                Lifetime::Immutable,
                Packing::Never,
                bundle.width.as_usize() * TIME_BYTES,
            ),
            Self::Attestation(_) => {
                Properties::new(OCTETS, Lifetime::Immutable, Packing::Never, ATTESTATION_BYTES_MAX)
            }
            Self::Description => {
                Properties::new(JSON, Lifetime::Revalidated, Packing::Never, DESCRIPTION_BYTES_MAX)
            }
        }
    }
}
