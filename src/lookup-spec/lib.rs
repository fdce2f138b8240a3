//! The lookup index: which leaves have a key, answered from static files, with proof.
//!
//! The format is fasti's own; `src/docs/formats.md` specifies it byte by byte. In reading order,
//! each module building on those before it:
//!
//! | module | content |
//! |---|---|
//! | [`key`] | lookup keys: hashes of digests, keys and identities |
//! | [`range`] | leaf ranges, and how a log is cut into them |
//! | [`mod@slice`] | slices of the key space, and a key's place in one |
//! | [`page`] | directory pages: keys and their leaf indices |
//! | [`postings`] | pages of a long list of leaf indices |
//! | [`part`] | the pages of one range and slice under one root: built, and read back |
//! | [`probe`] | one key in one part, a page at a time, with proof |
//! | [`manifest`] | all runs of an index under one hash |
//! | [`revision`] | a manifest with the checkpoint and proof that vouch for it |
//! | [`path`] | the paths of all files |
//! | [`sought`] | what can be searched for |
//!
//! Invariants: the bytes of a part are a function of the leaves in its range. An answer is complete
//! in the index that a manifest commits to, or else an error names the fault; no input bytes can
//! make it anything else (I15).

pub mod key;
pub mod manifest;
pub mod page;
pub mod part;
pub mod path;
pub mod postings;
pub mod probe;
pub mod range;
pub mod revision;
pub mod slice;
mod slot;
pub mod sought;
mod varint;

pub use key::{LookupKey, Posting};
pub use manifest::{MANIFEST_BYTES_MAX, Manifest, ManifestError, Run};
pub use page::PAGE_BYTES;
pub use part::{BuiltPart, Part, build_part, read_part};
pub use path::{LookupPath, LookupPathError};
pub use postings::{PagedList, read_postings};
pub use probe::{Found, Probe};
pub use range::{LeafRange, RUNS_MAX, ranges};
pub use revision::{
    LATEST_BYTES_MAX, LatestFile, REVISION_BYTES_MAX, RevisionError, RevisionFile, lookup_origin,
};
pub use slice::{KeySlice, PART_POSTINGS_MAX, SLICE_BITS_MAX, slice_bits};
pub use sought::Sought;

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
