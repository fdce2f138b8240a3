//! The metrics of a log that others write.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tiles_spec::TreeSize;

/// The metrics of a log that others write.
#[derive(Debug, Clone, Default)]
pub struct FollowedMetrics {
    tree_size: Gauge,
    kept_bytes: Gauge,
    /// Refreshes that failed.
    pub refresh_failures: Counter,
    /// Files, or parts of them, that were read from where they are.
    pub files_read: Counter,
    /// Those that could not be read.
    pub files_failed: Counter,
}

impl FollowedMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("followed_tree_size_leaves", "Size of the tree that is shown", &self.tree_size),
            ("followed_kept_bytes", "Bytes of the log's files in memory", &self.kept_bytes),
        ] {
            registry.register(name, help, gauge.clone());
        }
        for (name, help, counter) in [
            (
                "followed_refresh_failures",
                "Times the newest checkpoint could not be read, or was refused",
                &self.refresh_failures,
            ),
            ("followed_files_read", "Files of the log read from where they are", &self.files_read),
            ("followed_files_failed", "Files that could not be read", &self.files_failed),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    pub(crate) fn show(&self, size: TreeSize) {
        self.tree_size.set(size.get().cast_signed());
    }

    pub(crate) fn kept(&self, bytes: usize) {
        self.kept_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
