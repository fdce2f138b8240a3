//! `fasti serve`: a server without keys in front of the files of a log, wherever they are.
//!
//! | file | what it tests |
//! |---|---|
//! | `attestations` | what was signed, if the log keeps it; `fasti get` and `fasti fsck` too |
//! | `answering` | everything that a writer answers, except for submissions |
//! | `sharded` | with inactive shards of Rekor v1 |
//! | `following` | growth is shown, rollbacks and forks are not |
//! | `secured` | TLS, and gRPC calls |
//! | `upstream` | a place of files that is slow, gone or wrong; memory |
//!
//! `server` runs it and asks it.

mod answering;
mod attestations;
mod following;
mod secured;
pub mod server;
mod sharded;
mod upstream;
