//! The metrics of the builder of a lookup index.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tiles_spec::TreeSize;

/// The metrics of a builder of the lookup index.
#[derive(Debug, Clone, Default)]
pub struct LookupMetrics {
    /// Size of the tree that the newest revision indexes.
    indexed_size: Gauge,
    /// Leaves of the published tree that it does not index yet.
    lag: Gauge,
    /// Revisions that this builder has published.
    revisions: Counter,
    /// How long the last of them took, in seconds.
    revision_seconds: Gauge<f64, AtomicU64>,
    /// Failed attempts at a revision.
    pub failures: Counter,
    /// Postings written.
    pub postings: Counter,
    /// Those of them that were already in an older run.
    pub postings_rewritten: Counter,
    /// Parts written.
    pub parts: Counter,
    /// Bytes written.
    pub bytes: Counter,
}

impl LookupMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "lookup_size_leaves",
            "Size of the tree that the lookup index covers",
            self.indexed_size.clone(),
        );
        registry.register(
            "lookup_lag_leaves",
            "Published leaves that the lookup index does not cover yet",
            self.lag.clone(),
        );
        registry.register(
            "lookup_last_revision_duration_seconds",
            "Time that the last revision of the lookup index took",
            self.revision_seconds.clone(),
        );
        for (name, help, counter) in [
            ("lookup_revisions", "Revisions of the lookup index published", &self.revisions),
            ("lookup_failures", "Failed attempts to revise the lookup index", &self.failures),
            ("lookup_postings", "Postings written to the lookup index", &self.postings),
            (
                "lookup_postings_rewritten",
                "Postings written that were already in an older run",
                &self.postings_rewritten,
            ),
            ("lookup_parts", "Parts of runs written to the lookup index", &self.parts),
            ("lookup_written_bytes", "Bytes written to the lookup index", &self.bytes),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    /// Records how far the index is behind its log.
    pub fn set_sizes(&self, indexed: TreeSize, log: TreeSize) {
        let gauged = |leaves: u64| i64::try_from(leaves).unwrap_or(i64::MAX);
        self.indexed_size.set(gauged(indexed.get()));
        self.lag.set(gauged(log.saturating_sub(indexed.get()).get()));
    }

    /// Counts a published revision.
    pub fn revised(&self, took: Duration) {
        self.revisions.inc();
        self.revision_seconds.set(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_in_text() {
        let metrics = LookupMetrics::default();
        let mut registry = Registry::with_prefix("fasti");
        metrics.register(&mut registry);
        let size = |n| TreeSize::new(n).unwrap();
        metrics.set_sizes(size(700), size(1000));
        metrics.revised(Duration::from_millis(1500));
        for (counter, count) in [
            (&metrics.postings, 20),
            (&metrics.postings_rewritten, 7),
            (&metrics.parts, 2),
            (&metrics.bytes, 8192),
        ] {
            counter.inc_by(count);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "fasti_lookup_size_leaves 700",
            "fasti_lookup_lag_leaves 300",
            "fasti_lookup_last_revision_duration_seconds 1.5",
            "fasti_lookup_revisions_total 1",
            "fasti_lookup_failures_total 0",
            "fasti_lookup_postings_total 20",
            "fasti_lookup_postings_rewritten_total 7",
            "fasti_lookup_parts_total 2",
            "fasti_lookup_written_bytes_total 8192",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        metrics.set_sizes(size(5), size(4));
        assert_eq!(metrics.lag.get(), 0);
    }
}
