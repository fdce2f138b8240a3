//! Fault enumeration: every single operation in a writer's life fails in every way its kind can,
//! and a second one fails while the log recovers from the first.
//!
//! The life is [`script`]: starts, batches around the sizes where tiles end, segments that end. A
//! fault leads to a refusal or a halt, never to a panic or a wrong acknowledgement, and the next
//! start on the healthy disk continues.

use fasti_kit::seeded::Seeded;

use crate::faults::{Fault, Operation};
use crate::world::{Case, Ended, ORIGIN, Session, Snapshot, World, aftermath, script};

#[derive(Debug, Default)]
struct Tally {
    operations: usize,
    cases: usize,
    refused: usize,
    halted: usize,
    harmless: usize,
    refused_or_halted_again: usize,
}

#[test]
fn every_operation_fails_in_every_way() {
    let home = tempfile::tempdir().expect("a directory");
    let mut world = World::new(ORIGIN, home.path());
    let mut tally = Tally::default();
    for session in script() {
        let before = world.snapshot();
        world.disk.heal();
        assert_eq!(world.run(&session), Ended::InOrder);
        let trace = world.disk.trace();
        world.verify();
        let after = world.snapshot();
        tally.operations += trace.len();
        for (n, operation) in trace.iter().enumerate() {
            for &fault in operation.kind.faults() {
                case(&before, home.path(), &session, fault, n, &trace, &mut tally);
            }
        }
        world = World::at(&after, home.path(), 0);
    }
    println!("{tally:?}");
    assert!(tally.halted > 100 && tally.refused > 100, "the faults are met");
}

fn case(
    before: &Snapshot,
    home: &std::path::Path,
    session: &Session,
    fault: Fault,
    n: usize,
    trace: &[Operation],
    tally: &mut Tally,
) {
    let seed = tally.cases as u64;
    let _case = Case { fault, n, trace, seed };
    let mut random = Seeded::new(seed);
    let mut world = World::at(before, home, seed);
    world.disk.arm(n, fault);
    tally.cases += 1;
    match world.run(session) {
        Ended::Refused(_) => tally.refused += 1,
        Ended::Halted(_) => tally.halted += 1,
        Ended::InOrder => tally.harmless += 1,
    }
    let session = aftermath(session);
    if fault != Fault::Full {
        // The next start meets a fault too.
        let faults = trace[n].kind.faults();
        world.disk.arm(random.below(40), faults[random.below(faults.len())]);
    }
    if world.run(&session) != Ended::InOrder {
        tally.refused_or_halted_again += 1;
    }
    world.disk.heal();
    assert_eq!(world.run(&session), Ended::InOrder, "on the healthy disk");
    world.verify();
}
