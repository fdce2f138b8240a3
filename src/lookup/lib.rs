//! Builds the lookup index of a log: which leaves contain a key, as files that prove it
//! (`src/docs/formats.md`; the formats themselves are `fasti_lookup_spec`).
//!
//! | module | what |
//! |---|---|
//! | [`source`] | the postings of leaves, from the log's verified bundles |
//! | [`run`] | builds a run from stored runs and new postings, part by part |
//! | `merge` | the postings of several inputs, a slice of the key space at a time |
//! | `plan` | which runs a revision has |
//! | `revisions`, `files` | the lookup log: revisions are committed, signed, published |
//! | [`builder`] | from a grown log to the next revision |
//! | [`mod@keep`], [`lead`] | follows a log, merging in parallel; for as long as a writer leads |
//! | `tidy` | removes what no reader needs any more |
//! | [`context`], [`error`] | what an index is built from, and how building it can fail |
//!
//! Invariants: the parts of an index are a function of the log's leaves alone, however they were
//! built, so builders can race, stop anywhere and begin again. Nothing stored is passed on before
//! it is completely verified (I14).

pub mod builder;
pub mod context;
pub mod error;
mod files;
pub mod keep;
pub mod lead;
mod merge;
pub mod metrics;
mod plan;
mod revisions;
pub mod run;
pub mod source;
mod tidy;

pub use builder::{Advance, Builder};
pub use context::{IndexContext, LookupConfig};
pub use error::IndexError;
pub use keep::keep;
pub use lead::keep_while_leading;
