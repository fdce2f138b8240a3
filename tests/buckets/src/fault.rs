//! What goes wrong, for which requests, and how often.
//!
//! A server asks its [`Faults`] once for each request. The rules are tried in the order in which
//! they were added, and the first that strikes decides. Probabilities are drawn from a seeded
//! generator: the same seed and the same order of requests give the same faults.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::watch;

use crate::Operation;

/// How one request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this status without being carried out.
    Refuse(StatusCode),
    /// Carried out, but answered with this status.
    FailAfter(StatusCode),
    /// The connection is reset; the request is not carried out.
    ResetBefore,
    /// Carried out, then the connection is reset.
    ResetAfter,
    /// Delayed for a while, then carried out as usual, even if the client has gone away meanwhile.
    StallBefore(Duration),
    /// Carried out at once, but answered after a while.
    StallAfter(Duration),
    /// The connection is reset now, and the request is carried out after a while.
    LandsLate(Duration),
    /// Half of the answer's body arrives, then the connection is reset. Without a body: no fault.
    Truncate,
    /// One bit of the answer's body is flipped. Without a body: no fault.
    FlipBit,
}

/// A fault, for which requests, and how often; by default for every request.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    operations: Vec<Operation>,
    keys: String,
    when: When,
}

#[derive(Clone, Copy, Debug)]
enum When {
    Always,
    Nth(u64),
    First(u64),
    Probability(f64),
}

impl Rule {
    /// Creates a rule with this fault for every request.
    pub fn new(fault: Fault) -> Self {
        Self { fault, operations: Vec::new(), keys: "*".to_owned(), when: When::Always }
    }

    /// Only for requests of this kind, or of the other kinds this was called with.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Only for keys that match this pattern, where `*` matches any text: `*/checkpoint`,
    /// `log/tile/*`.
    #[must_use]
    pub fn keys(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.keys);
        self
    }

    /// Only for the `n`-th matching request from now on, counted from 1, and then never again.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.when = When::Nth(n);
        self
    }

    /// Only for the first `n` matching requests from now on.
    #[must_use]
    pub fn first(mut self, n: u64) -> Self {
        self.when = When::First(n);
        self
    }

    /// For each matching request with this probability, 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.when = When::Probability(probability);
        self
    }

    fn fits(&self, operation: Operation, key: &str) -> bool {
        (self.operations.is_empty() || self.operations.contains(&operation))
            && fits(&self.keys, key)
    }
}

/// How often a rule has struck.
#[derive(Clone, Debug, Default)]
pub struct Strikes(Arc<AtomicU64>);

impl Strikes {
    /// How often it has struck so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn one_more(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The faults of one server. None at first.
#[derive(Debug)]
pub struct Faults {
    plan: Mutex<Plan>,
    all: Strikes,
    partitioned: watch::Sender<bool>,
}

#[derive(Debug)]
struct Plan {
    rules: Vec<(Rule, u64, Strikes)>,
    dice: Dice,
}

impl Default for Faults {
    fn default() -> Self {
        let plan = Plan { rules: Vec::new(), dice: Dice(1) };
        Self {
            plan: Mutex::new(plan),
            all: Strikes::default(),
            partitioned: watch::Sender::new(false),
        }
    }
}

impl Faults {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seeds the generator of the probabilities.
    pub fn seed(&self, seed: u64) {
        self.plan().dice = Dice(seed);
    }

    /// Adds a rule after the existing ones.
    pub fn add(&self, rule: Rule) -> Strikes {
        let strikes = Strikes::default();
        self.plan().rules.push((rule, 0, strikes.clone()));
        strikes
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.plan().rules.clear();
    }

    /// Replaces all rules with these, atomically.
    pub fn replace(&self, rules: Vec<Rule>) {
        self.plan().rules = rules.into_iter().map(|rule| (rule, 0, Strikes::default())).collect();
    }

    /// How many requests have met a fault since the start, under any rules.
    pub fn strikes(&self) -> u64 {
        self.all.count()
    }

    /// Cuts the server off: from now on requests wait, and so do answers already on their way.
    pub fn partition(&self) {
        self.partitioned.send_replace(true);
    }

    /// Ends the partition. Connections on which something waited are reset: requests made on them
    /// during the partition were not carried out; earlier ones may have been.
    pub fn heal(&self) {
        self.partitioned.send_replace(false);
    }

    /// The fault that one request meets.
    pub(crate) fn strike(&self, operation: Operation, key: &str) -> Option<Fault> {
        let mut plan = self.plan();
        let Plan { rules, dice } = &mut *plan;
        for (rule, met, strikes) in rules {
            if !rule.fits(operation, key) {
                continue;
            }
            *met += 1;
            let strikes_now = match rule.when {
                When::Always => true,
                When::Nth(n) => *met == n,
                When::First(n) => *met <= n,
                When::Probability(probability) => dice.fraction() < probability,
            };
            if strikes_now {
                strikes.one_more();
                self.all.one_more();
                return Some(rule.fault);
            }
        }
        None
    }

    /// A random number, from the same generator as the probabilities.
    pub(crate) fn draw(&self) -> u64 {
        self.plan().dice.draw()
    }

    /// Waits for the end of a partition, if there is one. Returns whether there was.
    pub(crate) async fn wait_for_line(&self) -> bool {
        let mut partitioned = self.partitioned.subscribe();
        let cut = *partitioned.borrow();
        // The sender lives as long as `self`.
        let _ = partitioned.wait_for(|partitioned| !partitioned).await;
        cut
    }
}

/// SplitMix64.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// At least 0, less than 1.
    fn fraction(&mut self) -> f64 {
        let top = u32::try_from(self.draw() >> 32).unwrap_or_default();
        f64::from(top) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Whether `text` matches `pattern`, where `*` matches any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| fits(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, fit) in [
            ("*", "", true),
            ("checkpoint", "checkpoint", true),
            ("checkpoint", "a/checkpoint", false),
            ("*checkpoint", "a/checkpoint", true),
            ("tile/*", "tile/0/000", true),
            ("*/tile/*.p/*", "a/tile/0/000.p/3", true),
            ("*/tile/*.p/*", "a/tile/0/000", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_rule_that_strikes_decides() {
        let faults = Faults::default();
        let put = Operation::Put;
        let second = faults.add(Rule::new(Fault::ResetAfter).on(put).keys("a*").nth(2));
        let rest = faults.add(Rule::new(Fault::Truncate).on(put).first(2));
        assert_eq!(faults.strike(Operation::Get, "a"), None);
        assert_eq!(faults.strike(put, "a"), Some(Fault::Truncate));
        assert_eq!(faults.strike(put, "b"), Some(Fault::Truncate));
        assert_eq!(faults.strike(put, "a1"), Some(Fault::ResetAfter));
        assert_eq!(faults.strike(put, "a1"), None);
        assert_eq!((second.count(), rest.count(), faults.strikes()), (1, 2, 3));
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let run = |seed| {
            let faults = Faults::default();
            faults.seed(seed);
            faults.add(Rule::new(Fault::FlipBit).with_probability(0.25));
            (0..1000).map(|_| faults.strike(Operation::Get, "").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).into_iter().filter(|struck| *struck).count();
        assert!((200..300).contains(&struck), "{struck} of 1000");
    }
}
