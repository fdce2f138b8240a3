//! fasti-witness: cosigns checkpoints of transparency logs (C2SP tlog-witness).
//!
//! [`program`] reads the flags, the keys, the state and the list of logs, and serves until a signal
//! stops it. The real work is done in the library `fasti`. This is a library only so that others
//! can see the program's [`command`].

#![allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "flags are documented for the terminal"
)]

#[cfg(feature = "bastion")]
mod bastion;
mod flags;
mod log_lists;
mod mirror;
mod program;

pub use program::{command, main};
