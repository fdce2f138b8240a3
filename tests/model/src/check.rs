//! Checking: visits every state within the bounds, or finds the shortest path to a broken
//! invariant.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// The result of an exhaustive check.
#[derive(Debug)]
pub struct Outcome {
    /// Number of distinct states.
    pub states: usize,
    /// Number of steps taken.
    pub steps: usize,
    /// Number of steps from the initial state to the deepest state.
    pub depth: usize,
    /// Time taken.
    pub took: Duration,
    /// One verdict per property, in order.
    pub verdicts: Vec<Verdict>,
}

/// The verdict on one property.
#[derive(Debug)]
pub struct Verdict {
    /// Its name.
    pub name: &'static str,
    /// Whether it must hold in every state; if not, it must be reached in some state.
    pub is_invariant: bool,
    /// Whether a state was found that breaks the invariant, or that must be reached.
    pub is_found: bool,
}

impl Verdict {
    /// Whether the property is as it should be.
    pub fn is_good(&self) -> bool {
        self.is_invariant != self.is_found
    }
}

/// Visits every state that can be reached within the bounds. It ends early only if every single
/// property, including the invariants, was found.
pub fn exhaust<M>(model: &M) -> Outcome
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
    M::Action: Clone + PartialEq,
{
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = model.clone().checker().threads(threads).spawn_bfs().join();
    let found = checker.discoveries();
    let verdicts = checker.model().properties().into_iter().map(|property| Verdict {
        name: property.name,
        is_invariant: property.expectation == Expectation::Always,
        is_found: found.contains_key(property.name),
    });
    Outcome {
        verdicts: verdicts.collect(),
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth() - 1,
        took: began.elapsed(),
    }
}

/// The shortest path to a state that breaks this invariant. `None` if every state within the bounds
/// keeps it.
pub fn shortest<M>(protocol: &M, invariant: &'static str) -> Option<Vec<M::Action>>
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
    M::Action: Clone + PartialEq,
{
    let mut shortest = None;
    while let Some(actions) = find(protocol, invariant, shortest.as_ref().map(Vec::len)) {
        shortest = Some(actions);
    }
    shortest
}

/// A path shorter than `length`, if there is one.
fn find<M>(protocol: &M, invariant: &'static str, length: Option<usize>) -> Option<Vec<M::Action>>
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + PartialEq + Hash + Send + Sync + 'static,
    M::Action: Clone + PartialEq,
{
    let enough = HasDiscoveries::AnyOf(BTreeSet::from([invariant]));
    let checker = protocol.clone().checker().finish_when(enough);
    // The initial state has depth 1, and states at the given depth are left out.
    let checker =
        if let Some(length) = length { checker.target_max_depth(length + 1) } else { checker };
    let checker = checker.spawn_bfs().join();
    checker.discovery(invariant).map(stateright::Path::into_actions)
}
