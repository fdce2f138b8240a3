//! Monitors: follows logs, proves that they grow, checks every new entry, and reports what matches.
//!
//! | module | what it is |
//! |---|---|
//! | [`rules`] | what is watched, and where reports go |
//! | [`watch`] | one log: its rounds |
//! | `tiled`, `rekor_v1` | how a log of tiles is read, and one of Rekor v1 through its API |
//! | `round` | what happens in a round, and what is reported at its end |
//! | `pass` | what is new, in pieces |
//! | [`matcher`], [`patterns`], [`extension_name`] | what is looked for in entries |
//! | [`described`] | an entry in a report |
//! | [`left_out`] | bounds of reports, and what they leave out |
//! | [`alarm`], [`times`], [`index_check`] | what can be wrong with a log |
//! | [`event`] | reports, for people and for programs |
//! | [`feed`], [`webhook`] | reports in an Atom feed, and to a URL |
//! | [`state`], [`turns`] | how far a log was checked; who reads which log |
//!
//! Any log of C2SP tlog-tiles can be watched, and any of Rekor v1. Of entries of unknown kinds
//! nothing is known but that they are in the tree, and where.
//!
//! Like [`client`](fasti_client), on which it builds, it does not depend on the writer.

pub mod alarm;
pub mod described;
pub mod event;
mod extension_name;
pub mod feed;
mod index_check;
pub mod left_out;
pub mod matcher;
mod pass;
pub mod patterns;
#[cfg(feature = "http")]
mod rekor_v1;
mod round;
pub mod rules;
pub mod state;
mod tiled;
mod times;
pub mod turns;
pub mod watch;
#[cfg(feature = "http")]
pub mod webhook;
