//! `fasti serve`: a server without keys in front of the files of a log, wherever they are.
//!
//! | file | what it tests |
//! |---|---|
//! | `attestations` | what was signed, if the log keeps it; `fasti get` and `fasti fsck` too |
//! | `answering` | everything that a writer answers, except for submissions |
//! | `following` | growth is shown, rollbacks and forks are not |
//! | `upstream` | a place of files that is slow, gone or wrong; memory |
//!
//! `server` runs it and asks it.

mod answering;
mod attestations;
mod following;
pub mod server;
mod upstream;
