//! `fasti-bench`: how fast a tiled log accepts and finds entries, and at what cost.
//!
//! Eight commands: `load` drives a log over HTTP, `fsync` measures the disk that a log would use,
//! `start` measures how long a writer takes from spawn to ready, `lookup` queries and builds the
//! index for searching a log, `dedup` measures the index with which a writer recognises its leaves,
//! `verify` measures what it costs to verify one bundle, `proposals` what it costs to accept a
//! proposal of Rekor v1, and `witness` how many checkpoints a witness cosigns. The load generator
//! shares the machine with what it measures, so it is built to cost little: one epoll loop on one
//! thread, two system calls per request, and no work under the clock that could be done before.
//! Linux only (epoll, timerfd, `/proc`).
//!
//! Exit status: 0 if the run completed and every answer passed its checks; 1 if a check failed (an
//! index given twice, bytes missing from a bundle, nothing acknowledged); 2 for wrong arguments or
//! a run that could not be made.

#![allow(
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    reason = "flags are documented for the terminal"
)]

mod answer;
mod bucket;
mod connection;
mod dedup;
mod driver;
mod entries;
mod fetch;
mod fsync;
mod histogram;
mod load;
mod lookup;
mod pace;
mod poll;
mod process;
mod proposals;
mod report;
mod start;
mod submissions;
mod tally;
mod target;
mod units;
mod verdict;
mod verification;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Load generator for fasti and other tiled logs.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Drive a log with submissions and report throughput, latency and cost
    Load(load::LoadArguments),
    /// Measure the deduplication index: the cost per leaf as the index grows
    Dedup(dedup::DedupArguments),
    /// Measure the disk: fdatasync after each append
    Fsync(fsync::FsyncArguments),
    /// Measure the lookup index: what it costs to query and to build it
    Lookup(lookup::LookupArguments),
    /// Measure what it costs to accept proposals of Rekor v1, by kind
    Proposals(proposals::ProposalArguments),
    /// Measure restarts: from spawning a writer to its first 200 on /readyz
    Start(start::StartArguments),
    /// Measure verification: one bundle in a loop, and by commands in new processes
    Verify(verification::VerifyArguments),
    /// Measure a witness: made-up logs that grow as fast as they get cosignatures
    Witness(witness::WitnessArguments),
}

/// The format of the result on standard output.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Load(arguments) => load::run(&arguments),
        Command::Dedup(arguments) => dedup::run(&arguments),
        Command::Fsync(arguments) => fsync::run(&arguments),
        Command::Lookup(arguments) => lookup::run(&arguments),
        Command::Proposals(arguments) => proposals::run(&arguments),
        Command::Start(arguments) => start::run(&arguments),
        Command::Verify(arguments) => verification::run(&arguments),
        Command::Witness(arguments) => witness::run(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fasti-bench: {}", fasti::causes::with_causes(error.as_ref()));
            ExitCode::from(2)
        }
    }
}
