//! What the answers of an object store to conditional writes mean.
//!
//! Only an answer that says so proves that a write had no effect. The client library's errors are
//! coarser than the answers. A 409 to a create reads like "exists", although Amazon S3 sends it
//! when another request is in progress and nothing exists. Most refusals share one error with
//! time-outs and lost connections, so the status is taken from their causes.

use std::error::Error as _;
use std::io;

use object_store::Error;

use crate::StoreError;

/// The source that errors name if there are no AWS credentials.
pub(super) const NO_CREDENTIALS: &str = "AWS credentials";
/// How those errors of the client library begin whose status is certain to mean no effect: the
/// request is malformed, its credentials are stale, or the store does not support it; or the store
/// redirects the client elsewhere, to another region, which the client does not follow.
const WITHOUT_EFFECT: [&str; 5] = [
    "Server returned non-2xx status code: 3",
    "Server returned non-2xx status code: 400 ",
    "Server returned non-2xx status code: 405 ",
    "Server returned non-2xx status code: 501 ",
    "Received redirect without LOCATION",
];

/// Maps an error of a write as the contract of stores requires: [`StoreError::Io`] if it certainly
/// had no effect, and [`StoreError::Ambiguous`] in all other cases.
pub(super) fn failed_write(place: String, error: Error) -> StoreError {
    if had_no_effect(&error) {
        return StoreError::Io { action: "write", path: place, source: error.into() };
    }
    StoreError::Ambiguous { path: place, source: error.into() }
}

/// Maps an error of an operation that can be repeated freely.
pub(super) fn failed(action: &'static str, place: String, error: Error) -> StoreError {
    StoreError::Io { action, path: place, source: error.into() }
}

/// The store said "exists", or refused for its own reasons, but returns nothing.
pub(super) fn neither_there_nor_written(place: String) -> StoreError {
    let source = io::Error::other("the store says that it exists, but nothing is there");
    StoreError::Ambiguous { path: place, source }
}

/// Whether a conditional write was refused, without effect, because another one of the same name
/// was in progress. The client library reads every 409 as "exists", which is what Azure means by
/// it.
pub(super) fn is_contended(error: &Error) -> bool {
    matches!(error, Error::AlreadyExists { .. })
        && said(error, &["Server returned non-2xx status code: 409 "])
}

/// Whether a part of an object was requested, but the object ends before the part begins. The
/// client library reports this only as text, the store's or its own.
pub(super) fn is_beyond_end(error: &Error) -> bool {
    said(error, &["Server returned non-2xx status code: 416 ", "Wanted range starting at "])
}

fn had_no_effect(error: &Error) -> bool {
    match error {
        // Refers to the bucket: a missing object is no reason to refuse its creation, and replacing
        // a missing object is a failed condition.
        Error::NotFound { .. } => true,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => true,
        Error::NotImplemented { .. } | Error::NotSupported { .. } => true,
        Error::InvalidPath { .. } | Error::UnknownConfigurationKey { .. } => true,
        // Nothing was sent.
        Error::Generic { store: NO_CREDENTIALS, .. } => true,
        _ => said(error, &WITHOUT_EFFECT),
    }
}

/// Whether one of the error's causes begins with one of these strings.
fn said(error: &Error, beginnings: &[&str]) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if beginnings.iter().any(|beginning| text.starts_with(beginning)) {
            return true;
        }
        cause = error.source();
    }
    false
}
