//! The lookup index: which leaves a key stands in, answered from static files, with proof.
//!
//! The format is fasti's own; `src/docs/formats.md` has it byte by byte. In reading order, each
//! module on those before it:
//!
//! | module | what |
//! |---|---|
//! | [`key`] | what can be asked for: hashes of digests, keys and identities |
//! | [`range`] | leaf ranges, and how a log is cut into them |
//! | [`slice`] | slices of the key space, and a key's place in one |
//! | [`page`] | directory pages: keys and their leaf indices |
//! | [`postings`] | pages of a long list of leaf indices |
//! | [`part`] | the pages of one range and slice under one root: laid out, and read back |
//! | [`probe`] | one key in one part, a page at a time, with proof |
//! | [`manifest`] | all runs of an index under one hash |
//! | [`revision`] | a manifest with what signs it |
//! | [`path`] | where everything lies |
//!
//! Invariants: the bytes of a part are a function of the leaves in its range. An answer is complete
//! in the index that a manifest commits to, or an error names what is wrong; no bytes make it
//! anything else (I15).

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

use thiserror::Error;

/// Why bytes are not the part of an index that they were taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LookupError {
    /// Not as long as it has to be.
    #[error("{actual} bytes where {expected} are due")]
    Length {
        /// Bytes due.
        expected: u64,
        /// Bytes found.
        actual: u64,
    },
    /// The page and its proof do not lead to the root that the manifest has.
    #[error("page {page} does not lead to the root in the manifest")]
    Root {
        /// The page, counted from 0.
        page: u32,
    },
    /// The pages together do not make the root that the manifest has.
    #[error("the pages do not make the root in the manifest")]
    PartRoot,
    /// The proof behind a page is not the page's.
    #[error("the proof behind page {page} is not its own")]
    Proof {
        /// The page.
        page: u32,
    },
    /// A page of the right hash that breaks the format: a wrong index.
    #[error("page {page} is malformed: {reason}")]
    Malformed {
        /// The page.
        page: u32,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// The pages are not in the order of their keys: a wrong index.
    #[error("page {page} is out of order")]
    Order {
        /// The page.
        page: u32,
    },
    /// The counts in the manifest are not those of the pages.
    #[error("the manifest counts {expected} {what} where there are {actual}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The manifest's count.
        expected: u64,
        /// The pages' count.
        actual: u64,
    },
}
