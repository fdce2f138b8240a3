//! Many runs: which seeds, on two threads, with what figures.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::run::THREADS;
use crate::run::{Outcome, run};
use crate::sim::{Counts, lock};

/// Runs `count` seeds starting at `first`. Returns the combined figures, and the failures in seed
/// order. No seed is started after the first failure.
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
