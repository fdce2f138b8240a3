//! What can go wrong with a request for a part of an object, wherever it is.

use super::limits::PART_BYTES_MAX;

/// What went wrong with a request for a part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartFault {
    /// The object ends before the end of the part.
    #[error("the object is too short")]
    BeyondEnd,
    /// The request is for more bytes than can be read at a time.
    #[error("at most {PART_BYTES_MAX} bytes can be read at a time")]
    TooMuch,
    /// The server sent a different part.
    #[error("the server sent {0:?} instead")]
    Other(String),
    /// The server does not say which part it sent.
    #[error("the server sent a part but does not say which one")]
    Unnamed,
    /// The server sent several parts in one body.
    #[error("the server sent several parts, but one was requested")]
    Multipart,
    /// The announced body is not as long as the part.
    #[error("the server announced a body of {length} bytes")]
    Length {
        /// The announced length.
        length: u64,
    },
    /// The body is longer than the part.
    #[error("the server sent more than the part that it announced")]
    TooLong,
    /// The body ends before the part does.
    #[error("the answer broke off after {length} bytes")]
    BrokenOff {
        /// The number of bytes received.
        length: u64,
    },
    /// The server sends only whole objects, and the part is too far from the beginning.
    #[error(
        "the server does not support reading parts of objects (Range), and the part is not within \
         the first {PART_BYTES_MAX} bytes"
    )]
    OnlyWhole,
}
