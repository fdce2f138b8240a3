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
//! | [`part`] | the pages of one range and slice under one root |
//! | [`mod@build_part`], [`mod@read_part`] | a part built from its postings, and read back whole |
//! | [`probe`] | one key in one part, a page at a time, with proof |
//! | [`manifest`] | all runs of an index under one hash |
//! | [`revision`] | a manifest with the checkpoint and proof that vouch for it |
//! | [`path`] | the paths of all files |
//! | [`sought`] | what can be searched for |
//!
//! Invariants: the bytes of a part are a function of the leaves in its range. An answer is complete
//! in the index that a manifest commits to, or else an error names the fault; no input bytes can
//! make it anything else (I15).

pub mod build_part;
mod error;
pub mod key;
pub mod manifest;
pub mod page;
mod page_tree;
pub mod part;
pub mod path;
pub mod postings;
pub mod probe;
pub mod range;
pub mod read_part;
pub mod revision;
pub mod slice;
mod slot;
pub mod sought;
mod varint;

pub use build_part::{BuiltPart, build_part};
pub use error::LookupError;
pub use key::{LookupKey, Posting};
pub use manifest::{MANIFEST_BYTES_MAX, Manifest, ManifestError, Run};
pub use page::PAGE_BYTES;
pub use part::Part;
pub use path::{LookupPath, LookupPathError};
pub use postings::{PagedList, read_postings};
pub use probe::{Found, Probe};
pub use range::{LeafRange, RUNS_MAX, ranges};
pub use read_part::read_part;
pub use revision::{
    LATEST_BYTES_MAX, LatestFile, REVISION_BYTES_MAX, RevisionError, RevisionFile, lookup_origin,
};
pub use slice::{KeySlice, PART_POSTINGS_MAX, SLICE_BITS_MAX, slice_bits};
pub use sought::Sought;
