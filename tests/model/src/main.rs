//! Checks the commit protocol within wide bounds, exhaustively, and says what it found.
//!
//! `fasti-model` takes about as long as it takes to drink a cup of tea; `fasti-model guards` takes
//! the guards away instead and shows the shortest way to what breaks; `fasti-model W S A` checks
//! within bounds of your own: writers, record slots, records of one number that are about at once.

use std::process::ExitCode;

use fasti_model::check::{Outcome, exhaust, shortest};
use fasti_model::guards::{GUARDS, Guard, WIDE};
use fasti_model::protocol::{Bounds, Protocol};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let is_good = match arguments[..] {
        [] => WIDE.into_iter().all(check),
        ["guards"] => GUARDS.iter().all(show),
        [writers, slots, attempts] => match (writers.parse(), slots.parse(), attempts.parse()) {
            (Ok(writers @ 1..=3), Ok(slots @ 1..=6), Ok(attempts @ 1..=4)) => {
                check(Bounds { writers, slots, attempts })
            }
            _ => return usage(),
        },
        _ => return usage(),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    eprintln!("usage: fasti-model [guards | WRITERS SLOTS ATTEMPTS]   (at most 3, 6 and 4)");
    ExitCode::from(2)
}

/// Checks everything within these bounds.
fn check(bounds: Bounds) -> bool {
    println!("{bounds}");
    let Outcome { states, steps, depth, took, verdicts } = exhaust(Protocol::new(bounds));
    println!("  {states} states, {steps} steps, depth {depth}, {:.1} s", took.as_secs_f64());
    for verdict in &verdicts {
        let word = match (verdict.is_invariant, &verdict.found) {
            (true, None) => "holds".to_owned(),
            (true, Some(actions)) => format!("BROKEN after {} steps", actions.len()),
            (false, None) => "NOT REACHED".to_owned(),
            (false, Some(actions)) => format!("reached after {} steps", actions.len()),
        };
        println!("  {}: {word}", verdict.name);
        for action in verdict.found.iter().filter(|_| verdict.is_invariant).flatten() {
            println!("      {action:?}");
        }
    }
    verdicts.iter().all(fasti_model::check::Verdict::is_good)
}

/// Takes guards away and shows what breaks.
fn show(guard: &Guard) -> bool {
    let Guard { without, breaks, bounds } = guard;
    println!("without {without:?}, {bounds}");
    let protocol = Protocol::without(*bounds, without);
    let Some(invariant) = breaks else {
        let outcome = exhaust(protocol);
        let is_kept = outcome.verdicts.iter().all(|v| !v.is_invariant || v.is_good());
        let word = if is_kept { "nothing breaks" } else { "SOMETHING BREAKS" };
        println!("  {word} in {} states", outcome.states);
        return is_kept;
    };
    let Some(actions) = shortest(&protocol, invariant) else {
        println!("  {invariant}: NOT BROKEN");
        return false;
    };
    println!("  {invariant}: broken after {} steps", actions.len());
    for action in actions {
        println!("      {action:?}");
    }
    true
}
