//! Fetches a log's files from a URL, a bucket or a directory (C2SP tlog-tiles "APIs"). URLs and
//! stores are features of this crate.
//!
//! Invariants: no more of an object is read than its path allows it to hold, compressed or not.
//! What is fetched is not trusted, only passed on.

#[cfg(feature = "store")]
mod bucket;
mod directory;
mod elsewhere;
#[cfg(feature = "http")]
mod http;
#[cfg(all(feature = "http", feature = "store"))]
mod location;
mod lookup_log;
#[cfg(feature = "store")]
mod own_files;
mod part_fault;

use std::io;
use std::ops::Range;

use async_trait::async_trait;
use fasti_lookup_spec::LookupPath;
use fasti_objects::Published;
use fasti_seams::gzip::{self, GunzipError};
#[cfg(feature = "store")]
use fasti_store::{BucketError, StoreError};
#[cfg(feature = "http")]
use reqwest::StatusCode;
use tiles_spec::ResourcePath;

#[cfg(feature = "store")]
pub use bucket::BucketFetch;
pub use directory::DirectoryFetch;
pub use elsewhere::IndexElsewhere;
#[cfg(feature = "http")]
pub use http::HttpFetch;
#[cfg(feature = "http")]
pub(super) use http::{body, client, retry_after};
#[cfg(all(feature = "http", feature = "store"))]
pub use location::Location;
pub use lookup_log::LookupLog;
#[cfg(feature = "store")]
pub use own_files::OwnFiles;
pub use part_fault::PartFault;

/// Reads the objects of one log and of its index.
#[async_trait]
pub trait Fetch: Send + Sync + 'static {
    /// Reads the object at `path`, whole and uncompressed, or returns `None` if it does not exist.
    /// Returns at most [`bytes_max`] bytes. Reads are retried a few times if that can help.
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError>;

    /// Reads `log.json`. A copy of the log's tree may lack it; the result is then `None`.
    async fn description(&self) -> Result<Option<Vec<u8>>, FetchError> {
        Ok(None)
    }

    /// The object's name in messages: a URL or a file.
    fn place(&self, path: &ResourcePath) -> String;

    /// Reads an object of the index, whole and uncompressed, or returns `None` if it does not
    /// exist. Returns at most [`bytes_max`] bytes: parts can be longer, and are read with
    /// [`Self::fetch_part`].
    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError>;

    /// Reads exactly these bytes of an object of the index (offsets from its beginning, the end
    /// excluded; at most [`PART_BYTES_MAX`] of them); `None` if there is no such object. It is an
    /// error if the object ends before them, or if the answer is anything else. An empty range
    /// sends no request.
    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError>;

    /// The name in messages of an object of the index.
    fn place_of_lookup(&self, path: &LookupPath) -> String;
}

/// The most bytes that [`Fetch::fetch_part`] reads at a time, and how far into an object it reads
/// if the server can send only the whole object.
pub const PART_BYTES_MAX: u64 = 64 << 20;

/// The file in which a log describes itself.
const DESCRIPTION: Published = Published::Description;

/// The maximum size of an object that is read whole, in bytes.
pub fn bytes_max(object: impl Into<Published>) -> usize {
    let at_once = usize::try_from(PART_BYTES_MAX).unwrap_or(usize::MAX);
    object.into().properties().bytes_max.min(at_once)
}

/// Refuses to read more than [`PART_BYTES_MAX`] at a time.
fn expect_small(place: &str, bytes: &Range<u64>) -> Result<(), FetchError> {
    if bytes.end.saturating_sub(bytes.start) <= PART_BYTES_MAX {
        return Ok(());
    }
    let (place, bytes) = (place.to_owned(), bytes.clone());
    Err(FetchError::Part { place, bytes, fault: PartFault::TooMuch })
}

/// Why an object could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not the location of a log.
    #[error("{text:?} is not the location of a log: {reason}")]
    Location {
        /// What was given.
        text: String,
        /// Why not.
        reason: String,
    },
    /// An I/O error.
    #[error("cannot read {place}")]
    Io {
        /// The file.
        place: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The request failed.
    #[cfg(feature = "http")]
    #[error("no answer from {place}")]
    Request {
        /// The URL.
        place: String,
        /// What failed.
        #[source]
        source: reqwest::Error,
    },
    /// The bucket cannot be opened.
    #[cfg(feature = "store")]
    #[error("cannot open {place}")]
    Bucket {
        /// The bucket.
        place: String,
        /// Why not.
        #[source]
        source: Box<BucketError>,
    },
    /// The object could not be read from the bucket.
    #[cfg(feature = "store")]
    #[error("cannot read {place}")]
    Store {
        /// The object.
        place: String,
        /// Why not.
        #[source]
        source: Box<StoreError>,
    },
    /// An answer that is neither the object nor its absence.
    #[cfg(feature = "http")]
    #[error("{place} answered {status}")]
    Status {
        /// The URL.
        place: String,
        /// The answer.
        status: StatusCode,
    },
    /// The object is too long.
    #[error("{place} is longer than its limit of {max} bytes")]
    TooLong {
        /// The URL or file.
        place: String,
        /// The limit, in bytes.
        max: usize,
    },
    /// A part of an object was requested, but something else came back.
    #[error("bytes {} to {} of {place}: {fault}", bytes.start, bytes.end)]
    Part {
        /// The URL or file.
        place: String,
        /// The bytes requested; the end is excluded.
        bytes: Range<u64>,
        /// What came instead.
        fault: PartFault,
    },
    /// A content coding that was not requested.
    #[error("{place} came with the content coding {coding:?}; only gzip is supported")]
    Coding {
        /// The URL.
        place: String,
        /// The coding.
        coding: String,
    },
    /// Not the gzip it claims to be.
    #[error("{place} is not valid gzip")]
    Gzip {
        /// The URL or file.
        place: String,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
}

impl FetchError {
    /// Whether the object exists but is damaged, rather than being out of reach.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::TooLong { .. } | Self::Gzip { .. } | Self::Coding { .. } => true,
            #[cfg(feature = "store")]
            Self::Store { source, .. } => matches!(**source, StoreError::Corrupt { .. }),
            Self::Part { fault, .. } => *fault == PartFault::BeyondEnd,
            _ => false,
        }
    }
}

/// Decompresses gzip to at most `max` bytes.
fn gunzip(packed: &[u8], max: usize, place: &str) -> Result<Vec<u8>, FetchError> {
    let place = place.to_owned();
    gzip::gunzip(packed, max).map_err(|error| match error {
        GunzipError::TooLong { max } => FetchError::TooLong { place, max },
        GunzipError::Invalid(source) => FetchError::Gzip { place, source },
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn inflation_is_bounded() {
        let packed = gzip(&vec![7; 100_000]);
        assert!(packed.len() < 1000);
        assert_eq!(gunzip(&packed, 100_000, "x").unwrap(), vec![7; 100_000]);
        assert!(matches!(gunzip(&packed, 99_999, "x"), Err(FetchError::TooLong { .. })));
        assert!(matches!(gunzip(&packed[..40], 100_000, "x"), Err(FetchError::Gzip { .. })));
        assert!(matches!(gunzip(b"not gzip", 100, "x"), Err(FetchError::Gzip { .. })));
    }
}
