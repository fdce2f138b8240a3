//! Builds the lookup index of a log: which leaves a key stands in, as files that prove it
//! (`src/docs/formats.md`; the formats themselves are `tiles_spec::lookup`).
//!
//! | module | what |
//! |---|---|
//! | [`source`] | the postings of leaves, from the log's verified bundles |
//! | [`run`] | makes a run from stored runs and new postings, part by part |
//! | `merge` | the postings of several inputs, a slice of the key space at a time |
//!
//! Invariants: what is written is a function of the log's leaves alone, however it came about, so
//! that builders may race, stop anywhere and begin again. Nothing stored is passed on before it is
//! verified whole (I14).

mod merge;
pub mod run;
pub mod source;
