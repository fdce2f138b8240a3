//! A mirror: keeps copies of logs, and cosigns a checkpoint once all of its entries are stored.
//!
//! C2SP tlog-mirror. It stands beside a witness, which judges checkpoints: the last one that the
//! witness has cosigned is the pending one. The mirror has keys of its own, under another name.
//!
//! | module | what it is |
//! |---|---|
//! | `cosigner` | what was cosigned of each log, and what that takes |
//! | `upload` | what clients upload, package by package |
//! | `copy` | the copy of one log in the store |
//! | `ticket` | checkpoints that clients keep for the mirror |
//! | `refusal` | why it refuses, and with which status |
//!
//! Invariants: no entry is stored that was not proved to be in a pending tree. A checkpoint is
//! cosigned only after its bundles and tiles are durable, and hash to its root; and only if it is
//! not smaller than the last. What was cosigned is on the disk before anybody sees it. The locks of
//! a log are never held while a client is waited for.

mod copy;
mod cosigner;
mod refusal;
mod ticket;
mod upload;

pub use cosigner::{Copies, Mirror};
pub use refusal::MirrorRefusal;
pub use upload::{Upload, Uploaded};

#[cfg(test)]
mod tests;
