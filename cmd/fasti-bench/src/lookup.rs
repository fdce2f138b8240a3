//! `fasti-bench lookup`: what it costs to ask the lookup index of a log, and to build it.
//!
//! `ask` puts questions whose answers are known to an index that lies there, along the way of every
//! client (`fasti::client::search`), and counts what is read. `build` builds the index of a log that
//! lies there, at once or as it grows, and counts what is written. `fasti-corpus` in `tests/corpus`
//! writes logs to measure with.

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
    /// Ask for known keys: requests, bytes and time of each lookup, and how large the index is
    Ask(Box<ask::AskArguments>),
    /// Build the index of a log, at once or as the log grows: speed, memory, what is written
    Build(build::BuildArguments),
}

/// Measures and prints; whether every answer was right.
pub fn run(arguments: &LookupArguments) -> Result<bool> {
    match &arguments.command {
        Command::Ask(arguments) => ask::run(arguments),
        Command::Build(arguments) => build::run(arguments),
    }
}
