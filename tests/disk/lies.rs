//! A page cache that lies: after a failed flush the kernel drops what it could not write, marks the
//! same pages clean, and keeps serving them until the machine reboots.
//!
//! So a writer whose flush has failed must stop. The next writer, on the same page cache, must not
//! build on what it reads there: if the power fails afterwards, everything it has acknowledged must
//! be on the disk.

use std::path::Path;

use fasti_kit::seeded::Seeded;

use crate::faults::{Fault, Kind, Operation};
use crate::world::{Case, Ended, ORIGIN, Session, Snapshot, World, aftermath, script};

#[test]
fn every_flush_fails_and_is_not_trusted_again() {
    let halted = each_operation(Fault::Lie, |operation| operation.kind == Kind::Sync);
    assert_eq!(halted.cases, halted.stopped, "no writer continues after a failed flush");
}

#[test]
fn what_is_lost_in_the_background_is_not_called_durable() {
    let halted = each_operation(Fault::Background, |_| true);
    assert!(halted.stopped > 10, "some losses are noticed at a flush");
}

#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    stopped: usize,
}

fn each_operation(fault: Fault, met: impl Fn(&Operation) -> bool) -> Tally {
    let home = tempfile::tempdir().expect("a directory");
    let mut world = World::new(ORIGIN, home.path());
    let mut tally = Tally::default();
    for session in script() {
        let before = world.snapshot();
        world.disk.heal();
        assert_eq!(world.run(&session), Ended::InOrder);
        let trace = world.disk.trace();
        let after = world.snapshot();
        for n in (0..trace.len()).filter(|&n| met(&trace[n])) {
            let stopped =
                case(&before, home.path(), &session, fault, n, &trace, tally.cases as u64);
            tally.cases += 1;
            tally.stopped += usize::from(stopped);
        }
        world = World::at(&after, home.path(), 0);
    }
    println!("{fault:?}: {tally:?}");
    tally
}

/// Returns whether the writer stopped.
fn case(
    before: &Snapshot,
    home: &Path,
    session: &Session,
    fault: Fault,
    n: usize,
    trace: &[Operation],
    seed: u64,
) -> bool {
    let _case = Case { fault, n, trace, seed };
    let mut random = Seeded::new(seed);
    let mut world = World::at(before, home, seed);
    world.disk.arm(n, fault);
    let ended = world.run(session);

    // Another writer on the same page cache, for long enough that segments end.
    world.disk.heal();
    let session = aftermath(session);
    let on = world.run(&session);
    if fault == Fault::Lie {
        assert_eq!(on, Ended::InOrder);
    }
    world.verify();

    world.reboot(&mut random);
    assert_eq!(world.run(&session), Ended::InOrder, "after a power cut");
    world.verify();
    ended != Ended::InOrder
}
