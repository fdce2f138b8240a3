//! Planted bugs: the simulator runs the real code with one bug at a time until it finds the bug.
//!
//! A simulator that finds nothing proves nothing; this test shows what it would find. Each bug of
//! [`fasti::planted`], and each of [`defect`], must be caught within [`SEEDS_MAX`] seeds; most are
//! caught within a few. `FASTI_SIM_BUG` selects some, with commas between them, and prints the
//! trace of each; `FASTI_SIM_FIRST` is the first seed.

mod astray;
mod bucket;
mod client;
mod defect;
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
mod witnesses;

use std::sync::Mutex;

use fasti::planted::{Bug, plant};

use defect::Defect;
use mix::Mix;
use run::{Outcome, Shape, THREADS, run, run_in, setting};
use sim::lock;

/// Any bug must be caught within this many seeds.
const SEEDS_MAX: u64 = 2_000;

/// What is wrong.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// The code.
    Code(Bug),
    /// What is around it.
    Seam(Defect),
}

const BUGS: [Bug; 33] = [
    Bug::OwnExistsIsFenced,
    Bug::AcknowledgeBeforePublish,
    Bug::ApplyBeforeCommit,
    Bug::BackwardCheckpoint,
    Bug::CheckpointBeforeRecords,
    Bug::NoSecondRead,
    Bug::SeenAfterRecords,
    Bug::AcceptAnyReplay,
    Bug::NewestForgotten,
    Bug::EpochNotRaised,
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
    Bug::FollowerStays,
    Bug::EndPassedOver,
    Bug::MemoryIgnored,
    Bug::SeenNotCompared,
    Bug::PutBackPassedOver,
    Bug::TrimmedIsGone,
    Bug::PublishBeforeQuorum,
    Bug::LateLineReplaces,
    Bug::LinesForgotten,
    Bug::OvertakenIsPutBack,
];

const DEFECTS: [Defect; 9] = [
    Defect::ExistsIsOurs,
    Defect::AmbiguousIsCommitted,
    Defect::AmbiguousIsShown,
    Defect::NothingApplied,
    Defect::FailureIgnored,
    Defect::UnconditionalCheckpoint,
    Defect::NonceReused,
    Defect::NeverTakeOver,
    Defect::BundleFullAt255,
];

impl Wrong {
    fn name(self) -> String {
        match self {
            Self::Code(bug) => format!("{bug:?}"),
            Self::Seam(defect) => format!("{defect:?}"),
        }
    }

    /// The circumstances in which it does harm, if they are rare in the usual mix.
    fn circumstances(self) -> Option<Shape> {
        match self {
            Self::Code(Bug::CatchUpUnchecked) => Some(Mix::forgetful),
            Self::Code(Bug::AcceptAnyReplay) => Some(Mix::restored),
            Self::Code(Bug::SeenAfterRecords) => Some(Mix::neighbours),
            Self::Seam(Defect::NonceReused) => Some(Mix::namesakes),
            _ => None,
        }
    }

    fn enable(self) {
        match self {
            Self::Code(bug) => plant(Some(bug)),
            Self::Seam(defect) => defect::enable(Some(defect)),
        }
    }
}

/// Runs seeds until one fails. If the bug has its own circumstances, every other run is in them.
fn hunt(wrong: Wrong, first: u64, count: u64) -> Option<Outcome> {
    wrong.enable();
    // Some are caught in few of their runs, and early in these.
    let own = match wrong {
        Wrong::Code(Bug::SeenAfterRecords) => 5_001,
        Wrong::Code(Bug::CatchUpUnchecked) => 3_000,
        Wrong::Seam(Defect::NonceReused) => 90,
        _ => 0,
    };
    let runs = (first..first + count).map(|seed| match wrong.circumstances() {
        Some(shape) if seed % 2 == 1 => run_in(own + seed, shape),
        _ => run(seed),
    });
    let caught = { runs }.find(|outcome| outcome.violation.is_some());
    plant(None);
    defect::enable(None);
    caught
}

#[test]
fn every_planted_bug_is_caught() {
    let (first, count) = (setting("FASTI_SIM_FIRST", 0), setting("FASTI_SIM_SEEDS", SEEDS_MAX));
    let only = std::env::var("FASTI_SIM_BUG").ok();
    let asked = |wrong: &Wrong| {
        only.as_ref().is_none_or(|names| names.split(',').any(|name| name == wrong.name()))
    };
    let seams = DEFECTS.into_iter().rev().map(Wrong::Seam);
    let all = seams.chain(BUGS.into_iter().rev().map(Wrong::Code));
    let waiting = Mutex::new(all.filter(asked).collect::<Vec<_>>());
    let escaped = Mutex::new(Vec::new());
    println!("{:<24} {:>6}  caught by", "bug", "seeds");
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(bug) = lock(&waiting).pop() else { return };
                    let name = bug.name();
                    let Some(outcome) = hunt(bug, first, count) else {
                        println!("{name:<24}      -  NOT CAUGHT");
                        lock(&escaped).push(name);
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
