//! The metrics of a log.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The metrics of a log.
#[derive(Debug)]
pub struct LogMetrics {
    /// Size of the published tree.
    pub tree_size: Gauge,
    /// Size of the tree of the newest record that this writer has committed or found.
    pub committed_size: Gauge,
    /// Entries waiting for a batch.
    pub pool_entries: Gauge,
    /// 1 once the log has stopped on a failure.
    pub halted: Gauge,
    /// 1 once the log is known to be frozen.
    pub frozen: Gauge,
    /// Batches published.
    pub batches: Counter,
    /// Leaves published.
    pub entries: Counter,
    /// Bytes of the entries accepted into batches.
    pub taken_bytes: Counter,
    /// Bytes of records, tiles, bundles and checkpoints written for them.
    pub written_bytes: Counter,
    /// Submissions of leaves that were already in the log.
    pub duplicates: Counter,
    /// Submissions refused because too much was waiting.
    pub pushbacks: Counter,
    /// 1 while this writer leads.
    pub leading: Gauge,
    /// The newest term that this writer knows of.
    pub epoch: Gauge,
    /// Terms that this writer has begun since its start.
    pub takeovers: Counter,
    /// Terms that this writer has lost to another writer, or to a failing store.
    pub terms_lost: Counter,
    /// Submissions that the leader has answered for this writer.
    pub forwarded: Counter,
    /// Batches that the leader did not accept.
    pub forward_failures: Counter,
    /// Commit records of this term that are published and not yet removed.
    pub records_kept: Gauge,
    /// Commit records removed.
    pub trimmed_records: Counter,
    /// Partial tiles and bundles removed.
    pub trimmed_objects: Counter,
    /// Removals that failed and are retried.
    pub trim_failures: Counter,
    /// Times that late cosignatures were joined to the published checkpoint.
    pub late_joins: Counter,
    /// Time to write a commit record durably.
    pub commit_seconds: Histogram,
    /// Time from commit to published checkpoint.
    pub publish_seconds: Histogram,
}

impl Default for LogMetrics {
    fn default() -> Self {
        Self {
            tree_size: Gauge::default(),
            committed_size: Gauge::default(),
            pool_entries: Gauge::default(),
            halted: Gauge::default(),
            frozen: Gauge::default(),
            batches: Counter::default(),
            entries: Counter::default(),
            taken_bytes: Counter::default(),
            written_bytes: Counter::default(),
            duplicates: Counter::default(),
            pushbacks: Counter::default(),
            leading: Gauge::default(),
            epoch: Gauge::default(),
            takeovers: Counter::default(),
            terms_lost: Counter::default(),
            forwarded: Counter::default(),
            forward_failures: Counter::default(),
            records_kept: Gauge::default(),
            trimmed_records: Counter::default(),
            trimmed_objects: Counter::default(),
            trim_failures: Counter::default(),
            late_joins: Counter::default(),
            commit_seconds: seconds(),
            publish_seconds: seconds(),
        }
    }
}

impl LogMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("tree_size", "Size of the published tree", self.tree_size.clone());
        registry.register(
            "committed_size",
            "Size of the newest committed tree",
            self.committed_size.clone(),
        );
        registry.register("pool_entries", "Entries waiting for a batch", self.pool_entries.clone());
        registry.register("halted", "1 once the log has stopped on a failure", self.halted.clone());
        registry.register("frozen", "1 once the log is frozen", self.frozen.clone());
        registry.register("batches", "Batches published", self.batches.clone());
        registry.register("entries", "Leaves published", self.entries.clone());
        registry.register(
            "taken_bytes",
            "Bytes of the entries accepted into batches",
            self.taken_bytes.clone(),
        );
        registry.register(
            "written_bytes",
            "Bytes of records, tiles, bundles and checkpoints written",
            self.written_bytes.clone(),
        );
        registry.register(
            "duplicates",
            "Submissions of leaves that were already in the log",
            self.duplicates.clone(),
        );
        registry.register(
            "pushbacks",
            "Submissions refused because too much was waiting",
            self.pushbacks.clone(),
        );
        self.register_terms(registry);
        registry.register(
            "commit_seconds",
            "Time to write a commit record durably",
            self.commit_seconds.clone(),
        );
        registry.register(
            "publish_seconds",
            "Time from commit to published checkpoint",
            self.publish_seconds.clone(),
        );
    }

    /// Registers what matters only with several writers, with a store that needs trimming, or with
    /// witnesses.
    fn register_terms(&self, registry: &mut Registry) {
        registry.register("leading", "1 while this writer leads", self.leading.clone());
        registry.register("epoch", "The newest term known", self.epoch.clone());
        registry.register(
            "records_kept",
            "Commit records of this term, published and not yet removed",
            self.records_kept.clone(),
        );
        for (name, help, counter) in [
            ("takeovers", "Terms begun since the start", &self.takeovers),
            ("terms_lost", "Terms lost to another writer or a failing store", &self.terms_lost),
            ("forwarded", "Submissions that the leader has answered", &self.forwarded),
            ("forward_failures", "Batches that the leader did not accept", &self.forward_failures),
            ("trimmed_records", "Commit records removed", &self.trimmed_records),
            ("trimmed_objects", "Partial tiles and bundles removed", &self.trimmed_objects),
            ("trim_failures", "Removals that failed", &self.trim_failures),
            ("late_joins", "Times that late cosignatures were published", &self.late_joins),
        ] {
            registry.register(name, help, counter.clone());
        }
    }
}

/// Durations from half a millisecond to about 16 seconds.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

/// A size as a gauge shows it.
pub(crate) fn gauge(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
