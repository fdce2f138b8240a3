//! What the answers of an object store to conditional writes mean.
//!
//! Only an answer that says so means that a write had no effect. The client library's errors are
//! coarser than the answers: a 409 to a create reads like "exists", though Amazon S3 sends it where
//! another request was under way and nothing exists; and most refusals share one error with time-outs
//! and lost connections, so that the status is looked for in its causes.

use std::error::Error as _;
use std::io;

use object_store::Error;

use super::credentials;
use crate::store::StoreError;

/// How the client library's errors begin that carry a status for certain without effect: the
/// request is malformed or its credentials are stale, or the store does not do such things; or it
/// sends the client elsewhere, to another region, where it does not go.
const WITHOUT_EFFECT: [&str; 5] = [
    "Server returned non-2xx status code: 3",
    "Server returned non-2xx status code: 400 ",
    "Server returned non-2xx status code: 405 ",
    "Server returned non-2xx status code: 501 ",
    "Received redirect without LOCATION",
];

/// An error of a write as the contract of stores wants it: [`StoreError::Io`] where it certainly
/// had no effect, and [`StoreError::Ambiguous`] in all other cases.
pub(super) fn failed_write(place: String, error: Error) -> StoreError {
    if had_no_effect(&error) {
        return StoreError::Io { action: "write", path: place, source: error.into() };
    }
    StoreError::Ambiguous { path: place, source: error.into() }
}

/// An error of anything that may be repeated at will.
pub(super) fn failed(action: &'static str, place: String, error: Error) -> StoreError {
    StoreError::Io { action, path: place, source: error.into() }
}

/// The store said "exists", or refused for its own reasons, and shows nothing.
pub(super) fn neither_there_nor_written(place: String) -> StoreError {
    let source = io::Error::other("the store says that it exists, and does not have it");
    StoreError::Ambiguous { path: place, source }
}

/// Whether a conditional write was refused, without effect, because another one of the same name was
/// under way. The client library takes every 409 for "exists", which Azure means by it.
pub(super) fn is_contended(error: &Error) -> bool {
    matches!(error, Error::AlreadyExists { .. })
        && said(error, &["Server returned non-2xx status code: 409 "])
}

/// Whether a part of an object was asked for and the object ends before its first byte. The client
/// library says so in words only, the store's or its own.
pub(super) fn is_beyond_end(error: &Error) -> bool {
    said(error, &["Server returned non-2xx status code: 416 ", "Wanted range starting at "])
}

fn had_no_effect(error: &Error) -> bool {
    match error {
        // Of the bucket: an object that is not there is no reason to refuse its creation, and a
        // replacement of one that is not there is a failed condition.
        Error::NotFound { .. } => true,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => true,
        Error::NotImplemented { .. } | Error::NotSupported { .. } => true,
        Error::InvalidPath { .. } | Error::UnknownConfigurationKey { .. } => true,
        // Nothing was sent.
        Error::Generic { store: credentials::SOURCE, .. } => true,
        _ => said(error, &WITHOUT_EFFECT),
    }
}

/// Whether one of an error's causes begins with one of these words.
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
