//! `fasti-bench lookup`: what it costs to query and to build the lookup index of a log.
//!
//! `ask` queries an existing index for keys whose results are known, with the code that every
//! client uses (`fasti::client::search`), and counts what is read. `build` builds the index of an
//! existing log, in one go or as it grows, and counts what is written. `fasti-corpus` in
//! `tests/corpus` writes logs to measure with.

mod answers;
mod ask;
mod build;
mod counting;
mod growing;
mod known;
mod spread;
mod stock;
mod written;

use anyhow::Result;
use clap::{Args, Subcommand};

/// The options of `lookup`.
#[derive(Args)]
pub struct LookupArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look up known keys: requests, bytes and time of each lookup, and the size of the index
    Ask(Box<ask::AskArguments>),
    /// Build the index of a log, in one go or as the log grows: speed, memory, what is written
    Build(build::BuildArguments),
}

/// Measures and prints; true if every answer was right.
pub fn run(arguments: &LookupArguments) -> Result<bool> {
    match &arguments.command {
        Command::Ask(arguments) => ask::run(arguments),
        Command::Build(arguments) => build::run(arguments),
    }
}
