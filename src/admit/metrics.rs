//! The metrics of admission.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The labels of submissions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AdmissionLabels {
    /// `admitted`, `limited` or `denied`.
    pub verdict: &'static str,
    /// The list that admitted it, the limit that was reached, or what was wrong.
    pub reason: &'static str,
}

/// The metrics of admission.
#[derive(Debug, Clone, Default)]
pub struct AdmissionMetrics {
    submissions: Family<AdmissionLabels, Counter>,
}

impl AdmissionMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("submissions", "Submissions by verdict", self.submissions.clone());
    }

    /// Counts a submission that was admitted.
    pub fn admitted(&self, reason: &'static str) {
        self.count("admitted", reason);
    }

    /// Counts a submission above a rate limit.
    pub fn limited(&self, reason: &'static str) {
        self.count("limited", reason);
    }

    /// Counts a submission that may not write.
    pub fn denied(&self, reason: &'static str) {
        self.count("denied", reason);
    }

    fn count(&self, verdict: &'static str, reason: &'static str) {
        self.submissions.get_or_create(&AdmissionLabels { verdict, reason }).inc();
    }
}
