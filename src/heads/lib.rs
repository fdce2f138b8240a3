//! Keeps the heads that a log had over time, as objects that never change
//! (`src/docs/formats.md`, "Kept heads"; the paths and pages are `fasti_objects`).
//!
//! | module | what |
//! |---|---|
//! | [`keeper`] | keeps the published checkpoint as the next head |
//! | [`lead`] | does so for as long as a writer leads, at most once in a while |
//! | `words` | a head in words: `heads/json/<N>` |
//! | [`metrics`] | what a keeper counts |
//!
//! Invariants: nothing is kept that the log's key has not signed. A head that is listed has its
//! note, its words and its place on a page. Keepers can race, stop anywhere and begin again: the
//! first to create an object decides what it holds.

pub mod keeper;
pub mod lead;
pub mod metrics;
mod words;

pub use keeper::{HeadsContext, HeadsError, Keeper, keep_last};
pub use lead::keep_heads_while_leading;
pub use words::head_in_words;
