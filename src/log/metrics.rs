//! The metrics of a log.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fasti_seams::duration_buckets::DURATION_BUCKETS;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::pool::PooledEntry;

/// The metrics of a log.
#[derive(Debug, Default)]
pub struct LogMetrics {
    /// Size of the published tree.
    pub tree_size: Gauge,
    /// Size of the tree of the newest record that this writer has committed or found.
    pub committed_size: Gauge,
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
    /// When this writer last published a checkpoint, or saw that another had published a larger
    /// tree, in seconds since 1970; 0 before that.
    pub checkpoint_timestamp: Gauge,
    /// After how many seconds without entries a checkpoint is published again.
    pub republish_interval: Gauge,
    /// The times of the stages of a submission.
    pub stages: StageTimes,
}

/// How long the stages of a submission take.
#[derive(Debug)]
pub struct StageTimes {
    /// From a submission whose body was read to its verified entry, waits for a processor included.
    pub verification: Histogram,
    /// From a verified entry to its answer, which includes all that follows.
    pub submission: Histogram,
    /// Waiting to be taken into a batch, or to be forwarded to the leader.
    pub pool_wait: Histogram,
    /// From taking a batch to answering those who wait for it.
    pub batch: Histogram,
    /// Writing a commit record durably.
    pub commit: Histogram,
    /// From the commit to the published checkpoint.
    pub publish: Histogram,
}

impl Default for StageTimes {
    fn default() -> Self {
        let times = || Histogram::new(DURATION_BUCKETS);
        Self {
            verification: times(),
            submission: times(),
            pool_wait: times(),
            batch: times(),
            commit: times(),
            publish: times(),
        }
    }
}

impl StageTimes {
    /// A submission was verified.
    pub fn verified(&self, took: Duration) {
        self.verification.observe(took.as_secs_f64());
    }

    /// The entries of a batch waited until now.
    pub(crate) fn waited(&self, batch: &[PooledEntry], now: Instant) {
        for entry in batch {
            self.pool_wait.observe(now.saturating_duration_since(entry.since).as_secs_f64());
        }
    }

    fn register(&self, registry: &mut Registry) {
        for (name, help, times) in [
            (
                "verification_duration_seconds",
                "Time to verify a submission that was then accepted",
                &self.verification,
            ),
            (
                "submission_duration_seconds",
                "Time from a verified submission to its answer",
                &self.submission,
            ),
            (
                "pool_wait_duration_seconds",
                "Time that an entry waited to be taken into a batch or forwarded",
                &self.pool_wait,
            ),
            (
                "batch_duration_seconds",
                "Time from taking a batch to answering those who wait for it",
                &self.batch,
            ),
            ("commit_duration_seconds", "Time to write a commit record durably", &self.commit),
            ("publish_duration_seconds", "Time from commit to published checkpoint", &self.publish),
        ] {
            registry.register(name, help, times.clone());
        }
    }
}

impl LogMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("tree_size_leaves", "Size of the published tree", self.tree_size.clone());
        registry.register(
            "committed_size_leaves",
            "Size of the newest committed tree",
            self.committed_size.clone(),
        );
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
            "checkpoint_timestamp_seconds",
            "When a checkpoint was last published, as far as this writer knows",
            self.checkpoint_timestamp.clone(),
        );
        registry.register(
            "republish_interval_seconds",
            "After how long without entries a checkpoint is published again",
            self.republish_interval.clone(),
        );
        self.stages.register(registry);
    }

    /// Notes that a checkpoint was published just now.
    pub(crate) fn published(&self, now: SystemTime) {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        self.checkpoint_timestamp.set(gauge(since.as_secs()));
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

/// A size as a gauge shows it.
pub(crate) fn gauge(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
