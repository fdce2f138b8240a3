//! The writer's metrics, and their text form for Prometheus.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tiles_spec::TreeSize;

use crate::http::SharesMetrics;
use crate::lookup::run::Written;
use crate::store::{BucketStore, Requests};

/// Durations from half a millisecond to about 16 seconds.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

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

    /// Registers what matters only with several writers, or with a store that needs trimming.
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
        ] {
            registry.register(name, help, counter.clone());
        }
    }
}

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
    postings: Counter,
    postings_rewritten: Counter,
    parts: Counter,
    bytes: Counter,
}

impl LookupMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "lookup_size",
            "Size of the tree that the lookup index covers",
            self.indexed_size.clone(),
        );
        registry.register(
            "lookup_lag",
            "Published leaves that the lookup index does not cover yet",
            self.lag.clone(),
        );
        registry.register(
            "lookup_revision_seconds",
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
            ("lookup_bytes", "Bytes written to the lookup index", &self.bytes),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    /// Records how far the index is behind its log.
    pub fn stands(&self, indexed: TreeSize, log: TreeSize) {
        let gauged = |leaves: u64| i64::try_from(leaves).unwrap_or(i64::MAX);
        self.indexed_size.set(gauged(indexed.get()));
        self.lag.set(gauged(log.get().saturating_sub(indexed.get())));
    }

    /// Counts a published revision.
    pub fn revised(&self, took: Duration) {
        self.revisions.inc();
        self.revision_seconds.set(took.as_secs_f64());
    }

    /// Counts what was written for a run.
    pub fn count(&self, written: &Written) {
        self.postings.inc_by(written.postings);
        self.postings_rewritten.inc_by(written.postings_read);
        self.parts.inc_by(written.parts);
        self.bytes.inc_by(written.bytes);
    }
}

/// The labels of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The route, not the path.
    pub route: &'static str,
    /// The HTTP status of the answer.
    pub code: u16,
}

/// The labels of refusals for lack of a shared resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ShareLabels {
    /// The resource that ran out.
    pub pool: &'static str,
}

/// The metrics of the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct HttpMetrics {
    /// Answers, by route and status.
    pub requests: Family<RequestLabels, Counter>,
    /// Open connections.
    pub connections: Gauge,
    /// Connections refused because too many were open.
    pub connections_refused: Counter,
    /// Connections closed because the client did not take its answers.
    pub answers_not_taken: Counter,
    /// Bodies that were late or slow.
    pub bodies_too_slow: Counter,
    shares_refused: Family<ShareLabels, Counter>,
    gave_way: Family<ShareLabels, Counter>,
    /// TLS handshakes that failed.
    pub tls_failures: Counter,
    /// Certificates loaded while the server ran.
    pub tls_reloads: Counter,
    /// Changed certificates or keys that could not be loaded.
    pub tls_reload_failures: Counter,
}

impl HttpMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "HTTP answers", self.requests.clone());
        registry.register("http_connections", "Open HTTP connections", self.connections.clone());
        registry.register(
            "http_connections_refused",
            "HTTP connections refused because too many were open",
            self.connections_refused.clone(),
        );
        registry.register(
            "http_answers_not_taken",
            "HTTP connections closed because the client did not take its answers",
            self.answers_not_taken.clone(),
        );
        registry.register(
            "http_bodies_too_slow",
            "HTTP requests refused because their bodies arrived too slowly",
            self.bodies_too_slow.clone(),
        );
        registry.register(
            "http_shares_refused",
            "Requests for a shared resource that were refused",
            self.shares_refused.clone(),
        );
        registry.register(
            "http_gave_way",
            "Holders of a shared resource ended because another client needed it",
            self.gave_way.clone(),
        );
        for (name, help, counter) in [
            ("tls_handshake_failures", "TLS handshakes that failed", &self.tls_failures),
            ("tls_reloads", "Certificates loaded while running", &self.tls_reloads),
            (
                "tls_reload_failures",
                "Changed certificates or keys that could not be loaded",
                &self.tls_reload_failures,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
    }
}

impl HttpMetrics {
    /// The metrics of one shared resource.
    pub fn shares(&self, pool: &'static str) -> SharesMetrics {
        let labels = ShareLabels { pool };
        SharesMetrics {
            refused: self.shares_refused.get_or_create_owned(&labels),
            gave_way: self.gave_way.get_or_create_owned(&labels),
        }
    }
}

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

/// Registers a counter of the disk flushes of a store.
pub fn register_syncs(registry: &mut Registry, syncs: impl Fn() -> u64 + Send + Sync + 'static) {
    registry.register_collector(Box::new(Counted {
        name: "fsyncs",
        help: "Flushes to the disk",
        count: Box::new(syncs),
    }));
}

/// Registers counters of the requests to a bucket, as its provider bills them.
pub fn register_requests(registry: &mut Registry, store: &Arc<BucketStore>) {
    type Count = fn(Requests) -> u64;
    let counted: [(&str, &str, Count); 5] = [
        ("store_puts", "Objects written to the bucket", |asked| asked.puts),
        ("store_gets", "Objects read from the bucket", |asked| asked.gets),
        ("store_lists", "Pages of listings of the bucket", |asked| asked.lists),
        ("store_deletes", "Objects removed from the bucket", |asked| asked.deletes),
        ("store_bytes_written", "Bytes written to the bucket", |asked| asked.bytes_written),
    ];
    for (name, help, count) in counted {
        let store = store.clone();
        let count = Box::new(move || count(store.requests()));
        registry.register_collector(Box::new(Counted { name, help, count }));
    }
}

/// A counter kept elsewhere.
struct Counted {
    name: &'static str,
    help: &'static str,
    count: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Collector for Counted {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counter = ConstCounter::new((self.count)());
        let descriptor =
            encoder.encode_descriptor(self.name, self.help, None, counter.metric_type())?;
        counter.encode(descriptor)
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
        metrics.stands(size(700), size(1000));
        metrics.revised(Duration::from_millis(1500));
        for postings_read in [0, 7] {
            let written = Written { parts: 1, bytes: 4096, postings: 10, ..Written::default() };
            metrics.count(&Written { postings_read, ..written });
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "fasti_lookup_size 700",
            "fasti_lookup_lag 300",
            "fasti_lookup_revision_seconds 1.5",
            "fasti_lookup_revisions_total 1",
            "fasti_lookup_failures_total 0",
            "fasti_lookup_postings_total 20",
            "fasti_lookup_postings_rewritten_total 7",
            "fasti_lookup_parts_total 2",
            "fasti_lookup_bytes_total 8192",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        metrics.stands(size(5), size(4));
        assert_eq!(metrics.lag.get(), 0);
    }
}
