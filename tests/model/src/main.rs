//! Checks the commit protocol exhaustively within wide bounds, and prints the results.
//!
//! `fasti-model` checks all of [`WIDE`], which takes some minutes. `fasti-model guards` removes the
//! guards instead, and prints the shortest path to what breaks. `fasti-model W S A` checks within
//! your own bounds (writers, record slots, records of one number at once), without the guards that
//! are named after them, such as `SecondRead`.

use std::process::ExitCode;

use fasti_model::check::{Outcome, Verdict, exhaust, shortest};
use fasti_model::guards::{GUARDS, Guard, WIDE};
use fasti_model::protocol::{Action, Bounds, Protocol};
use fasti_model::restore::{ROWS, Row};
use fasti_model::without::Without;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_good = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            WIDE.into_iter().all(|bounds| check(&Protocol::new(bounds))) && ROWS.iter().all(restore)
        }
        ["guards"] => GUARDS.iter().all(show),
        [writers, slots, attempts, ref guards @ ..] => {
            let Some(protocol) = read(writers, slots, attempts, guards) else { return usage() };
            check(&protocol)
        }
        _ => return usage(),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    eprintln!("usage: fasti-model [guards | WRITERS SLOTS ATTEMPTS [GUARD...]]");
    eprintln!("at most 3 writers, 6 slots, 4 attempts; guards: {:?}", Without::ALL);
    ExitCode::from(2)
}

fn read(writers: &str, slots: &str, attempts: &str, guards: &[&str]) -> Option<Protocol> {
    let number = |text: &str, most: u8| text.parse().ok().filter(|n| (1..=most).contains(n));
    let bounds = Bounds {
        writers: number(writers, 3)?,
        slots: number(slots, 6)?,
        attempts: number(attempts, 4)?,
    };
    let guard = |name: &&str| Without::ALL.into_iter().find(|guard| format!("{guard:?}") == *name);
    let without: Option<Vec<Without>> = guards.iter().map(guard).collect();
    Some(Protocol::without(bounds, &without?))
}

/// Checks everything within the bounds.
fn check(protocol: &Protocol) -> bool {
    println!("{protocol}");
    let Outcome { states, steps, depth, took, verdicts } = exhaust(protocol);
    println!("  {states} states, {steps} steps, depth {depth}, {:.1} s", took.as_secs_f64());
    for Verdict { name, is_invariant, is_found } in &verdicts {
        let word = match (is_invariant, is_found) {
            (true, false) => "holds",
            (true, true) => "BROKEN",
            (false, true) => "reached",
            (false, false) => "NOT REACHED",
        };
        println!("  {name}: {word}");
        if let (true, true) = (is_invariant, is_found) {
            tell(&shortest(protocol, name).unwrap_or_default());
        }
    }
    verdicts.iter().all(Verdict::is_good)
}

/// Restores or copies the store, with all guards or without some.
fn restore(Row { restore, breaks }: &Row) -> bool {
    let Outcome { states, verdicts, .. } = exhaust(restore);
    let broken: Vec<_> = verdicts.iter().filter(|v| v.is_invariant && v.is_found).collect();
    println!("{restore:?}: {states} states");
    for verdict in &broken {
        println!("  {}: broken", verdict.name);
    }
    broken.iter().map(|verdict| verdict.name).eq(breaks.iter().copied())
}

/// Removes guards and prints what breaks.
fn show(guard: &Guard) -> bool {
    let protocol = Protocol::without(guard.bounds, guard.without);
    println!("{protocol}");
    let Some(invariant) = guard.breaks else {
        let Outcome { states, verdicts, .. } = exhaust(&protocol);
        let is_kept = verdicts.iter().all(|v| !v.is_invariant || v.is_good());
        let word = if is_kept { "nothing breaks" } else { "SOMETHING BREAKS" };
        println!("  {word} in {states} states");
        return is_kept;
    };
    let Some(actions) = shortest(&protocol, invariant) else {
        println!("  {invariant}: NOT BROKEN");
        return false;
    };
    println!("  {invariant}: broken after {} steps", actions.len());
    tell(&actions);
    true
}

fn tell(actions: &[Action]) {
    for action in actions {
        println!("      {action:?}");
    }
}
