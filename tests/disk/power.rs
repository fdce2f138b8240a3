//! Power cuts: the power fails at every operation in a writer's life, and the disk keeps a random
//! part of the unflushed data; then it fails again while the log recovers, and once more when it is
//! idle.
//!
//! Whatever the disk has kept, the next start continues, and everything acknowledged before any of
//! the cuts is there.

use std::path::Path;

use fasti_kit::seeded::Seeded;

use crate::faults::{Fault, Kind, Operation};
use crate::world::{Case, Ended, ORIGIN, Session, Snapshot, World, aftermath, script};

#[test]
fn a_power_cut_at_every_operation() {
    cut_at_every_operation(ORIGIN, 0..6);
}

#[test]
#[ignore = "takes minutes; for nights"]
fn a_power_cut_at_every_operation_many_times() {
    cut_at_every_operation(ORIGIN, 6..100);
}

/// A checkpoint of more than one sector: a power cut can leave only one of them.
#[test]
fn a_power_cut_tears_a_checkpoint_of_two_sectors() {
    cut_at_every_operation(&format!("log.test/{}", "a".repeat(240)), 0..1);
}

fn cut_at_every_operation(origin: &str, rounds: std::ops::Range<u64>) {
    let home = tempfile::tempdir().expect("a directory");
    let mut world = World::new(origin, home.path());
    let mut cases = 0;
    for session in script() {
        let before = world.snapshot();
        world.disk.heal();
        assert_eq!(world.run(&session), Ended::InOrder);
        let trace = world.disk.trace();
        let after = world.snapshot();
        for n in 0..trace.len() {
            for round in rounds.clone() {
                case(&before, home.path(), &session, n, &trace, round << 16 | cases);
                cases += 1;
            }
        }
        world = World::at(&after, home.path(), 0);
    }
    println!("{cases} times three power cuts");
}

fn case(
    before: &Snapshot,
    home: &Path,
    session: &Session,
    n: usize,
    trace: &[Operation],
    seed: u64,
) {
    let _case = Case { fault: Fault::PowerCut, n, trace, seed };
    let mut random = Seeded::new(seed);
    let mut world = World::at(before, home, seed);
    world.disk.arm(n, Fault::PowerCut);
    // Only a failed removal may leave the writer running.
    let ended = world.run(session);
    assert!(ended != Ended::InOrder || trace[n].kind == Kind::Remove, "without power: {ended:?}");
    world.reboot(&mut random);

    let session = aftermath(session);
    world.disk.arm(random.below(80), Fault::PowerCut);
    world.run(&session);
    world.reboot(&mut random);

    assert_eq!(world.run(&session), Ended::InOrder, "after two power cuts");
    let entries = world.verify();
    world.reboot(&mut random);
    assert_eq!(world.run(&[]), Ended::InOrder, "after a power cut while idle");
    assert_eq!(world.verify(), entries);
}
