//! The metrics of a log's witnesses, as the log sees them.
//!
//! The label is the name of a witness in the policy, so there are as many as the policy has
//! witnesses. Each time that a witness is asked ends as a cosignature, or as one failure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fasti_seams::duration_buckets::DURATION_BUCKETS;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tiles_spec::TreeSize;

/// The labels of a witness.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WitnessLabels {
    /// Its name in the policy.
    pub witness: String,
}

/// The labels of failures.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FailureLabels {
    /// The witness's name in the policy.
    pub witness: String,
    /// How it failed.
    pub kind: &'static str,
}

/// How a witness failed to cosign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It did not answer before it was given up.
    Timeout,
    /// It knew another tree than was thought, and was asked again (409).
    Conflict,
    /// It has cosigned a larger tree (409).
    Ahead,
    /// It says that the trees contradict each other (422).
    Contradicted,
    /// Anything else: it cannot be reached, refuses the log, or returns no cosignature.
    Other,
}

impl Failure {
    const ALL: [Self; 5] =
        [Self::Timeout, Self::Conflict, Self::Ahead, Self::Contradicted, Self::Other];

    const fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Conflict => "conflict",
            Self::Ahead => "ahead",
            Self::Contradicted => "contradicted",
            Self::Other => "other",
        }
    }
}

/// The metrics of a log's witnesses.
#[derive(Debug, Clone)]
pub struct QuorumMetrics {
    asked: Family<WitnessLabels, Counter>,
    cosigned: Family<WitnessLabels, Counter>,
    late: Family<WitnessLabels, Counter>,
    failures: Family<FailureLabels, Counter>,
    answer_seconds: Family<WitnessLabels, Histogram, fn() -> Histogram>,
    size: Family<WitnessLabels, Gauge>,
    time: Family<WitnessLabels, Gauge>,
}

impl Default for QuorumMetrics {
    fn default() -> Self {
        Self {
            asked: Family::default(),
            cosigned: Family::default(),
            late: Family::default(),
            failures: Family::default(),
            answer_seconds: Family::new_with_constructor(seconds),
            size: Family::default(),
            time: Family::default(),
        }
    }
}

fn seconds() -> Histogram {
    Histogram::new(DURATION_BUCKETS)
}

impl QuorumMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        for (name, help, counter) in [
            ("cosigner_asked", "Checkpoints that the witness was asked to cosign", &self.asked),
            ("cosigner_cosigned", "Checkpoints that the witness cosigned", &self.cosigned),
            (
                "cosigner_late",
                "Of those, the ones that the witness cosigned after the log had stopped waiting",
                &self.late,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "cosigner_failures",
            "Failures of the witness to cosign",
            self.failures.clone(),
        );
        registry.register(
            "cosigner_answer_duration_seconds",
            "Time until the witness had cosigned",
            self.answer_seconds.clone(),
        );
        registry.register(
            "cosigner_size_leaves",
            "Size of the tree that the witness cosigned last",
            self.size.clone(),
        );
        registry.register(
            "cosigner_cosigned_timestamp_seconds",
            "When the witness cosigned last, in seconds since 1970",
            self.time.clone(),
        );
    }

    /// The metrics of one witness. All are there from now on, as zeros.
    pub(crate) fn of(&self, witness: &str) -> WitnessMeter {
        let labels = WitnessLabels { witness: witness.to_owned() };
        let failures = Failure::ALL.map(|failure| {
            let labels = FailureLabels { witness: witness.to_owned(), kind: failure.name() };
            self.failures.get_or_create_owned(&labels)
        });
        WitnessMeter {
            asked: self.asked.get_or_create_owned(&labels),
            cosigned: self.cosigned.get_or_create_owned(&labels),
            late: self.late.get_or_create_owned(&labels),
            failures,
            answer_seconds: self.answer_seconds.get_or_create_owned(&labels),
            size: self.size.get_or_create_owned(&labels),
            time: self.time.get_or_create_owned(&labels),
        }
    }
}

/// The metrics of one witness.
#[derive(Debug)]
pub(crate) struct WitnessMeter {
    asked: Counter,
    cosigned: Counter,
    pub late: Counter,
    failures: [Counter; Failure::ALL.len()],
    answer_seconds: Histogram,
    size: Gauge,
    time: Gauge,
}

impl WitnessMeter {
    /// The witness is asked. If the result is dropped before it ends, the witness was too slow.
    pub fn ask(&self) -> Asking<'_> {
        self.asked.inc();
        Asking { meter: self, is_over: false }
    }

    pub fn failed(&self, failure: Failure) {
        self.failures[failure as usize].inc();
    }
}

/// A witness that is being asked.
pub(crate) struct Asking<'a> {
    meter: &'a WitnessMeter,
    is_over: bool,
}

impl Asking<'_> {
    /// It cosigned a tree of this size.
    pub fn cosigned(mut self, size: TreeSize, took: Duration, now: SystemTime) {
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.is_over = true;
        self.meter.cosigned.inc();
        self.meter.answer_seconds.observe(took.as_secs_f64());
        self.meter.size.set(gauge(size.get()));
        self.meter.time.set(gauge(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()));
    }

    /// It did not.
    pub fn failed(mut self, failure: Failure) {
        self.is_over = true;
        self.meter.failed(failure);
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.meter.failed(Failure::Timeout);
        }
    }
}
