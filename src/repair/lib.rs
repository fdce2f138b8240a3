//! Repairs a log: writes objects that are damaged or missing again, if the log's signed root says
//! what they were.
//!
//! | module | what |
//! |---|---|
//! | [`plan`] | what is to be written for the problems that a check has found, and what is left |
//! | `content` | what one object must hold |
//! | `sound` | the tiles and entries of the signed tree, found around the damage |
//! | `times` | integrated times, as an index commits to them |
//! | `revisions` | entries of the lookup log, from the files of its revisions |
//! | [`place`] | where objects are written: in a bucket, or in a directory |
//! | [`error`] | how repairing can fail |
//!
//! Invariants: nothing is written but what was proved to be what the path must hold. Nothing that
//! is signed, that changes, or that is private to a writer is ever written: neither checkpoints nor
//! commit records nor the notes of heads. An object is replaced only if it is still the one that
//! was looked at. So a repair is safe beside a running writer, can stop anywhere, and can be begun
//! again.

mod content;
pub mod error;
pub mod place;
pub mod plan;
mod revisions;
mod sound;
mod times;

pub use content::Mirror;
pub use error::RepairError;
pub use place::Place;
pub use plan::{Left, Plan, RepairContext, Step};

#[cfg(test)]
mod tests;
