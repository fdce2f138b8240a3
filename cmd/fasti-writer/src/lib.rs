//! fasti-writer: accepts submissions and publishes a tiled log.
//!
//! [`program`] reads the flags, opens the store, the key and the log, and serves until a signal
//! stops it. The real work is done in the library `fasti`. This is a library only so that others
//! can see the program's [`command`].

#![allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "flags are documented for the terminal"
)]

mod admission;
mod advertise;
mod flags;
mod heads;
mod key;
mod lookup;
mod memory;
mod open;
mod origin;
mod program;
mod reload;
mod shards;
mod traces;
mod witnesses;

pub use program::{command, main};
