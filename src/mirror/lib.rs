//! Copies logs, verified, to any store, or pushes them to a mirror that others run.
//!
//! | module | what |
//! |---|---|
//! | [`round`] | one round: everything that the log has published beyond the copy |
//! | `tree` | the bundles and tiles of a tree that has grown |
//! | `beside` | what lies beside the entries: their times and attestations |
//! | `heads` | the heads that the log had |
//! | `index` | the lookup index |
//! | `copy` | the writes: in parallel, each object once |
//! | [`error`] | how copying can fail |
//! | [`mod@push`] | the same towards a mirror that others run (C2SP tlog-mirror) |
//!
//! It works on any tiled log, from wherever it can be read, and to wherever fasti can store one.
//!
//! Invariants: nothing is written that was not verified. What a published file implies is written
//! before it: tiles, bundles and times before `checkpoint`, runs and revisions before
//! `lookup/latest`. A copy only moves forward, and only along one history: a log that does not
//! extend the copy is refused. A round can stop anywhere, and the next one goes on.

mod beside;
mod copy;
pub mod error;
mod heads;
mod index;
pub mod push;
pub mod round;
mod tree;

pub use error::MirrorError;
pub use push::{PushContext, PushError, Pushed, push};
pub use round::{MirrorContext, Mirrored, mirror};
