//! Every state within narrow bounds keeps the invariants, and every guard is needed.

use fasti_model::check::{exhaust, shortest};
use fasti_model::guards::{GUARDS, NARROW};
use fasti_model::protocol::Protocol;
use fasti_model::without::Without;

#[test]
fn every_state_keeps_the_invariants() {
    let outcome = exhaust(&Protocol::new(NARROW));
    println!("{NARROW}: {} states, depth {}", outcome.states, outcome.depth);
    for verdict in &outcome.verdicts {
        assert!(verdict.is_good(), "{verdict:?}");
    }
}

#[test]
fn without_a_guard_the_named_invariant_breaks() {
    for guard in GUARDS.iter().filter(|guard| guard.breaks.is_some()) {
        let invariant = guard.breaks.expect("filtered");
        let protocol = Protocol::without(guard.bounds, guard.without);
        let actions = shortest(&protocol, invariant);
        let actions = actions.unwrap_or_else(|| panic!("{:?} keeps {invariant}", guard.without));
        println!("without {:?}: {invariant}: broken after {} steps", guard.without, actions.len());
    }
}

/// These guards are a second line of defence. If this test fails, the protocol has come to depend
/// on one of them.
#[test]
fn without_a_guard_of_the_second_line_nothing_breaks() {
    for guard in GUARDS.iter().filter(|guard| guard.breaks.is_none()) {
        let outcome = exhaust(&Protocol::without(guard.bounds, guard.without));
        println!("without {:?}: nothing breaks in {} states", guard.without, outcome.states);
        for verdict in outcome.verdicts.iter().filter(|verdict| verdict.is_invariant) {
            assert!(verdict.is_good(), "{:?}: {:?}", guard.without, verdict);
        }
    }
}

#[test]
fn every_guard_is_in_the_table() {
    for guard in Without::ALL {
        assert!(GUARDS.iter().any(|row| row.without == [guard]), "{guard:?}");
    }
}
