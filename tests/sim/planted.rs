//! Planted bugs: the simulator runs the real code with one bug at a time until it finds the bug.
//!
//! A simulator that finds nothing proves nothing; this test shows what it would find. Each bug of
//! [`fasti::planted`] must be caught within [`SEEDS_MAX`] seeds; most are caught within a few.
//! `FASTI_SIM_BUG` selects a single bug and prints its trace; `FASTI_SIM_FIRST` is the first seed.

mod astray;
mod bucket;
mod client;
mod fate;
mod flag;
mod freezing;
mod gate;
mod life;
mod mix;
mod oracle;
mod peers;
mod process;
mod releases;
mod run;
mod sim;
mod trace;
mod tree;
mod trouble;
mod wire;

use std::sync::Mutex;

use fasti::planted::{Bug, plant};

use run::{Outcome, THREADS, run, setting};
use sim::lock;

/// Any bug must be caught within this many seeds.
const SEEDS_MAX: u64 = 2_000;

const BUGS: [Bug; 37] = [
    Bug::ExistsIsOurs,
    Bug::OwnExistsIsFenced,
    Bug::AmbiguousIsCommitted,
    Bug::AmbiguousIsShown,
    Bug::PublishBeforeApply,
    Bug::FailureIgnored,
    Bug::AcknowledgeBeforePublish,
    Bug::ApplyBeforeCommit,
    Bug::UnconditionalCheckpoint,
    Bug::BackwardCheckpoint,
    Bug::CheckpointBeforeRecords,
    Bug::NoSecondRead,
    Bug::AcceptAnyReplay,
    Bug::NewestForgotten,
    Bug::EpochNotRaised,
    Bug::NonceReused,
    Bug::TrimPublished,
    Bug::TrimFirstOfEpoch,
    Bug::TrimNewest,
    Bug::FullAt255,
    Bug::PartialsRemovedEarly,
    Bug::GuardSkipped,
    Bug::InFlightIgnored,
    Bug::InFlightKept,
    Bug::HitBelieved,
    Bug::CatchUpUnchecked,
    Bug::PeerBelieved,
    Bug::PeerCheckpointBelieved,
    Bug::WaitersForgotten,
    Bug::NeverTakeOver,
    Bug::FollowerStays,
    Bug::BundleFullAt255,
    Bug::EndPassedOver,
    Bug::MemoryIgnored,
    Bug::SeenNotCompared,
    Bug::PutBackPassedOver,
    Bug::TrimmedIsGone,
];

/// Runs seeds until one fails.
fn hunt(bug: Bug, first: u64, count: u64) -> Option<Outcome> {
    plant(Some(bug));
    let caught = (first..first + count).map(run).find(|outcome| outcome.violation.is_some());
    plant(None);
    caught
}

#[test]
fn every_planted_bug_is_caught() {
    let (first, count) = (setting("FASTI_SIM_FIRST", 0), setting("FASTI_SIM_SEEDS", SEEDS_MAX));
    let only = std::env::var("FASTI_SIM_BUG").ok();
    let asked = |bug: &Bug| match &only {
        Some(name) => format!("{bug:?}") == *name,
        None => true,
    };
    let all = BUGS.into_iter().rev();
    let waiting = Mutex::new(all.filter(asked).collect::<Vec<_>>());
    let escaped = Mutex::new(Vec::new());
    println!("{:<24} {:>6}  caught by", "bug", "seeds");
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(bug) = lock(&waiting).pop() else { return };
                    let name = format!("{bug:?}");
                    let Some(outcome) = hunt(bug, first, count) else {
                        println!("{name:<24}      -  NOT CAUGHT");
                        lock(&escaped).push(bug);
                        continue;
                    };
                    let (seeds, violation) = (outcome.seed - first + 1, outcome.violation.as_ref());
                    let violation = violation.map(ToString::to_string).unwrap_or_default();
                    println!("{name:<24} {seeds:>6}  {violation}");
                    if only.is_some() {
                        println!("{}", outcome.report(&command(&name)));
                    }
                }
            });
        }
    });
    let escaped = escaped.into_inner().expect("unpoisoned");
    assert!(escaped.is_empty(), "not caught in {count} seeds: {escaped:?}");
}

fn command(bug: &str) -> String {
    format!("FASTI_SIM_BUG={bug} cargo test --features planted --test planted -- --nocapture")
}
