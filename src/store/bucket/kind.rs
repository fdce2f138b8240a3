//! What kind of object a path names: how much it may hold, how it is packed, and the headers that a
//! plain bucket, or a CDN in front of it, serves with it.
//!
//! For what a log publishes, `fasti_objects` says so. All other objects are the writers' own.

use fasti_objects::{Packing, Properties, Published};
use fasti_seams::gzip::Effort;
use object_store::{Attribute, Attributes};
use tiles_spec::ResourcePath;

use crate::ObjectPath;

/// The most that an object of the writers may hold, in bytes: a commit record with 64 MiB of
/// incompressible entries, and its header.
const PRIVATE_BYTES_MAX: usize = 65 << 20;
/// Bundles of entries of the usual length are shorter.
const QUICKLY_PACKED_BYTES_MIN: usize = 512 << 10;
/// The most that gzip can add to incompressible bytes.
const GZIP_OVERHEAD_MAX: usize = 64 << 10;

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectKind {
    /// An object of the log itself, or of its index.
    Published(Published),
    /// Commit records, hints, probes: only of interest to the writers.
    Private,
}

impl ObjectKind {
    pub fn of(path: &ObjectPath) -> Self {
        path.as_str().parse().map_or(Self::Private, Self::Published)
    }

    fn properties(self) -> Properties {
        match self {
            Self::Published(object) => object.properties(),
            Self::Private => Properties::of_private(PRIVATE_BYTES_MAX),
        }
    }

    /// Whether it is stored packed with gzip.
    pub fn is_packed(self) -> bool {
        self.properties().packing == Packing::Stored
    }

    /// How to pack an object of this many bytes, if it is packed. Large bundles that are not full
    /// yet are rewritten again and again, and each is soon obsolete.
    pub fn packing(self, bytes: usize) -> Option<Effort> {
        if !self.is_packed() {
            None
        } else if bytes > QUICKLY_PACKED_BYTES_MIN && self.is_unfinished() {
            Some(Effort::Quick)
        } else {
            Some(Effort::Thorough)
        }
    }

    /// Whether it is a tile or bundle that is not full.
    fn is_unfinished(self) -> bool {
        match self.resource() {
            Some(ResourcePath::Tile(tile)) => !tile.width.is_full(),
            Some(ResourcePath::Bundle(bundle)) => !bundle.width.is_full(),
            Some(ResourcePath::Checkpoint) | None => false,
        }
    }

    /// The object as one of a tiled log: the log itself, or the log of its index.
    fn resource(self) -> Option<ResourcePath> {
        match self {
            Self::Published(object) => object.resource(),
            Self::Private => None,
        }
    }

    /// The most that it may hold, unpacked.
    pub fn bytes_max(self) -> usize {
        self.properties().bytes_max
    }

    /// The most that it may take in the store.
    pub fn stored_bytes_max(self) -> usize {
        self.bytes_max() + if self.is_packed() { GZIP_OVERHEAD_MAX } else { 0 }
    }

    /// The attributes to store with it. Only permanent objects get `storage_class`: the cheaper
    /// classes bill a minimum time for each object.
    pub fn attributes(self, storage_class: Option<&str>) -> Attributes {
        let Properties { content_type, lifetime, .. } = self.properties();
        let mut attributes = Attributes::from_iter([
            (Attribute::ContentType, content_type),
            (Attribute::CacheControl, lifetime.cache_control()),
        ]);
        if self.is_packed() {
            attributes.insert(Attribute::ContentEncoding, "gzip".into());
        }
        let is_permanent =
            matches!(self.resource(), Some(ResourcePath::Tile(_) | ResourcePath::Bundle(_)));
        if let Some(class) = storage_class.filter(|_| is_permanent) {
            attributes.insert(Attribute::StorageClass, class.to_owned().into());
        }
        attributes
    }
}
