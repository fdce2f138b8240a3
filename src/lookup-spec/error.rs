//! What can be wrong with the bytes of an index.

use thiserror::Error;

/// Why bytes are not the expected part of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LookupError {
    /// The wrong length.
    #[error("found {actual} bytes, expected {expected}")]
    Length {
        /// The expected number of bytes.
        expected: u64,
        /// The number of bytes found.
        actual: u64,
    },
    /// The page and its proof do not lead to the root in the manifest.
    #[error("page {page} does not lead to the root in the manifest")]
    Root {
        /// The page, counted from 0.
        page: u32,
    },
    /// The pages together do not have the root in the manifest.
    #[error("the pages do not have the root in the manifest")]
    PartRoot,
    /// The proof stored after a page is not the proof of that page.
    #[error("the proof stored with page {page} does not belong to it")]
    Proof {
        /// The page.
        page: u32,
    },
    /// A page with the right hash that violates the format: the index itself is wrong.
    #[error("page {page} is malformed: {reason}")]
    Malformed {
        /// The page.
        page: u32,
        /// The rule that it violates.
        reason: &'static str,
    },
    /// The pages are not in the order of their keys: the index itself is wrong.
    #[error("page {page} is out of order")]
    Order {
        /// The page.
        page: u32,
    },
    /// The counts in the manifest differ from those of the pages.
    #[error("the manifest counts {expected} {what}, but there are {actual}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The manifest's count.
        expected: u64,
        /// The pages' count.
        actual: u64,
    },
}
