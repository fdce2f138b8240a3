//! The metrics of a keeper of heads.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of a keeper of heads.
#[derive(Debug, Clone, Default)]
pub struct HeadsMetrics {
    /// Heads that this writer has kept.
    pub kept: Counter,
    /// Failed attempts to keep one.
    pub failures: Counter,
    /// When the newest head was kept, in seconds since 1970.
    pub newest: Gauge,
}

impl HeadsMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("heads_kept", "Tree heads kept by this writer", self.kept.clone());
        registry.register(
            "heads_failures",
            "Failed attempts to keep a tree head",
            self.failures.clone(),
        );
        registry.register(
            "heads_newest_timestamp_seconds",
            "When the newest kept tree head was kept, in seconds since 1970",
            self.newest.clone(),
        );
    }
}
