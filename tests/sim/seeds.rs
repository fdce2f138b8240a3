//! Many runs: which seeds, on two threads, with what figures.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::run::{Outcome, run};
use crate::sim::{Counts, lock};

/// Each has a runtime of its own.
const THREADS: usize = 2;

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Runs `count` seeds from `first` on; the figures of all, and the failures in the order of their
/// seeds. After the first failure no seed is begun.
pub fn run_all(first: u64, count: u64) -> (Counts, Vec<Outcome>) {
    let next = AtomicU64::new(first);
    let (all, failures) = (Mutex::new(Counts::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let outcome = run(seed);
                    for (name, figure) in &outcome.counts {
                        *lock(&all).entry(name).or_default() += figure;
                    }
                    if outcome.violation.is_some() {
                        next.store(first + count, Ordering::Relaxed);
                        lock(&failures).push(outcome);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("unpoisoned");
    failures.sort_by_key(|outcome: &Outcome| outcome.seed);
    (all.into_inner().expect("unpoisoned"), failures)
}

/// What somebody needs who has to find out what went wrong.
pub fn report(outcome: &Outcome) -> String {
    let Outcome { seed, story, .. } = outcome;
    let violation = outcome.violation.as_ref().map(ToString::to_string).unwrap_or_default();
    format!(
        "{story}\nseed {seed} breaks {violation}\nagain, with every line:\n  FASTI_SIM_TRACE=1 \
         FASTI_SIM_FIRST={seed} FASTI_SIM_SEEDS=1 cargo test --test sim every_seed -- --nocapture\n"
    )
}
