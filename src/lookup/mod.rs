//! Builds the lookup index of a log: which leaves a key stands in, as files that prove it
//! (`src/docs/formats.md`; the formats themselves are `tiles_spec::lookup`).
//!
//! | module | what |
//! |---|---|
//! | [`source`] | the postings of leaves, from the log's verified bundles |
//! | [`run`] | makes a run from stored runs and new postings, part by part |
//! | `merge` | the postings of several inputs, a slice of the key space at a time |
//! | `plan` | which runs a revision has |
//! | `revisions`, `files` | the lookup log: revisions are committed, signed, shown |
//! | [`builder`] | from a grown log to the next revision |
//! | [`keep`], [`lead`] | follows a log, merging beside; for as long as a writer leads |
//! | `tidy` | removes what no reader needs any more |
//! | [`site`], [`error`] | what an index is made of, and why it is not |
//!
//! Invariants: the parts of an index are a function of the log's leaves alone, however they came about,
//! so that builders may race, stop anywhere and begin again. Nothing stored is passed on before it is
//! verified whole (I14).

pub mod builder;
pub mod error;
mod files;
pub mod keep;
pub mod lead;
mod merge;
mod plan;
mod revisions;
pub mod run;
pub mod site;
pub mod source;
mod tidy;

pub use builder::{Advance, Builder};
pub use error::IndexError;
pub use keep::{Growth, keep};
pub use lead::keep_while_leading;
pub use site::{LookupConfig, Site};
