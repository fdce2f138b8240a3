//! `fasti`: the command-line client of a transparency log, modelled on `rekor-cli`.
//!
//! Parses arguments, calls the library `fasti`, prints the result. Exit status: 0 proved or done; 1
//! refused, with the reason; 2 no result, because of a usage error or because something was out of
//! reach. This is a library only so that others can see the program's [`command`].

#![allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "flags are documented for the terminal"
)]

mod advice;
mod counted;
mod failure;
mod files;
mod format;
mod found;
mod freshness;
mod globals;
mod inputs;
mod logged_v1;
mod memory;
mod messages;
mod moment;
mod output;
mod program;
mod progress;
mod proposed;
mod rekor_v1_key;
mod runtime;
mod samples;
mod shown;
mod still_there;
mod terminal;
mod verb;

pub use program::{command, main};
