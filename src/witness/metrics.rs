//! The metrics of a witness.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of a witness.
#[derive(Debug, Clone, Default)]
pub struct WitnessMetrics {
    logs: Gauge,
    /// Checkpoints that were cosigned.
    pub cosigned: Counter,
    /// Parts of trees that were cosigned.
    pub subtrees: Counter,
    /// Checkpoints signed by their logs that were not proved to extend the last one.
    pub inconsistent: Counter,
    /// Of those, the ones that prove that their logs have forked.
    pub forked: Counter,
    /// Lists of logs that could not be loaded while running.
    pub reload_failures: Counter,
    /// Checkpoints that were cosigned as a mirror.
    pub mirrored: Counter,
    /// Entries that were stored as a mirror.
    pub mirrored_entries: Counter,
}

impl WitnessMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("witness_logs", "Logs that the witness knows", self.logs.clone());
        for (name, help, counter) in [
            ("witness_cosigned", "Checkpoints that were cosigned", &self.cosigned),
            ("witness_subtrees", "Parts of trees that were cosigned", &self.subtrees),
            (
                "witness_inconsistent",
                "Checkpoints signed by their logs that were not proved to extend the last one",
                &self.inconsistent,
            ),
            (
                "witness_forked",
                "Checkpoints that prove that a log has signed two trees of one size",
                &self.forked,
            ),
            (
                "witness_reload_failures",
                "Lists of logs that could not be loaded while running",
                &self.reload_failures,
            ),
            ("mirror_cosigned", "Checkpoints that were cosigned as a mirror", &self.mirrored),
            ("mirror_entries", "Entries that were stored as a mirror", &self.mirrored_entries),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    pub(super) fn knows(&self, logs: usize) {
        self.logs.set(i64::try_from(logs).unwrap_or(i64::MAX));
    }
}
