//! `fasti serve`: a server without keys in front of the files of a log, wherever they are.
//!
//! | file | what it tests |
//! |---|---|
//! | `answering` | everything that a writer answers, except for submissions |
//! | `sharded` | with inactive shards of Rekor v1 |
//! | `following` | growth is shown, rollbacks and forks are not |
//! | `secured` | TLS, and gRPC calls |
//! | `upstream` | a place of files that is slow, gone or wrong; memory |
//!
//! `server` runs it and asks it.

mod answering;
mod following;
mod secured;
mod server;
mod sharded;
mod upstream;
