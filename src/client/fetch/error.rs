//! Why an object could not be fetched.

use std::io;
use std::ops::Range;
#[cfg(feature = "http")]
use std::time::Duration;

use fasti_seams::gzip::{self, GunzipError};
#[cfg(feature = "store")]
use fasti_store::{BucketError, StoreError};
#[cfg(feature = "http")]
use reqwest::StatusCode;

use super::limits::PART_BYTES_MAX;
use super::part_fault::PartFault;

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
    /// The answer did not begin in time, or comes too slowly.
    #[cfg(feature = "http")]
    #[error("{place} is too slow: {received} bytes came in {} seconds", after.as_secs())]
    TooSlow {
        /// The URL.
        place: String,
        /// How many bytes of the body came.
        received: u64,
        /// Since the request.
        after: Duration,
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
    /// The server does not say how long an object is.
    #[cfg(feature = "http")]
    #[error("the server does not say how long {place} is")]
    NoLength {
        /// The URL.
        place: String,
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
pub(super) fn gunzip(packed: &[u8], max: usize, place: &str) -> Result<Vec<u8>, FetchError> {
    let place = place.to_owned();
    gzip::gunzip(packed, max).map_err(|error| match error {
        GunzipError::TooLong { max } => FetchError::TooLong { place, max },
        GunzipError::Invalid(source) => FetchError::Gzip { place, source },
    })
}

/// Refuses to read more than [`PART_BYTES_MAX`] at a time.
pub(super) fn expect_small(place: &str, bytes: &Range<u64>) -> Result<(), FetchError> {
    if bytes.end.saturating_sub(bytes.start) <= PART_BYTES_MAX {
        return Ok(());
    }
    let (place, bytes) = (place.to_owned(), bytes.clone());
    Err(FetchError::Part { place, bytes, fault: PartFault::TooMuch })
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
