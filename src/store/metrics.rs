//! The metrics of stores: their operations, flushes to a disk, requests to a bucket, and how much
//! room a file system has.

use std::path::PathBuf;
use std::time::Duration;

use fasti_seams::duration_buckets::DURATION_BUCKETS;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::Requests;

/// The labels of operations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    /// What was asked of the store: a method of its contract.
    operation: &'static str,
    /// How it ended.
    outcome: &'static str,
}

/// The metrics of a store's operations.
#[derive(Debug, Clone)]
pub struct StoreMetrics {
    operations: Family<OperationLabels, Histogram, fn() -> Histogram>,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self { operations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)) }
    }
}

impl StoreMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_operation_duration_seconds",
            "Time that operations of the store took, by how they ended",
            self.operations.clone(),
        );
    }

    pub(crate) fn observe(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        let labels = OperationLabels { operation, outcome };
        self.operations.get_or_create(&labels).observe(took.as_secs_f64());
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
pub fn register_requests(
    registry: &mut Registry,
    requests: impl Fn() -> Requests + Clone + Send + Sync + 'static,
) {
    type Count = fn(Requests) -> u64;
    let counted: [(&str, &str, Count); 5] = [
        ("store_puts", "Objects written to the bucket", |asked| asked.puts),
        ("store_gets", "Objects read from the bucket", |asked| asked.gets),
        ("store_lists", "Pages of listings of the bucket", |asked| asked.lists),
        ("store_deletes", "Objects removed from the bucket", |asked| asked.deletes),
        ("store_written_bytes", "Bytes written to the bucket", |asked| asked.bytes_written),
    ];
    for (name, help, count) in counted {
        let requests = requests.clone();
        let count = Box::new(move || count(requests()));
        registry.register_collector(Box::new(Counted { name, help, count }));
    }
}

/// Registers how much room there is where the named directories are: the part of the file system
/// that this process may use.
pub fn register_space(registry: &mut Registry, directories: Vec<(&'static str, PathBuf)>) {
    if !directories.is_empty() {
        registry.register_collector(Box::new(Space(directories)));
    }
}

/// The file systems of directories, by the names of these.
#[derive(Debug)]
struct Space(Vec<(&'static str, PathBuf)>);

impl Collector for Space {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        type Bytes = fn(&rustix::fs::StatVfs) -> u64;
        let systems: Vec<_> = self
            .0
            .iter()
            .filter_map(|(of, path)| Some(([("directory", *of)], rustix::fs::statvfs(path).ok()?)))
            .collect();
        let shown: [(&str, &str, Bytes); 2] = [
            (
                "filesystem_available_bytes",
                "Room that is left on the file system of a directory",
                |system| system.f_bavail.saturating_mul(system.f_frsize),
            ),
            ("filesystem_size_bytes", "Size of the file system of a directory", |system| {
                system.f_blocks.saturating_mul(system.f_frsize)
            }),
        ];
        for (name, help, bytes) in shown {
            let kind = ConstGauge::new(0_u64).metric_type();
            let mut descriptor = encoder.encode_descriptor(name, help, None, kind)?;
            for (labels, system) in &systems {
                ConstGauge::new(bytes(system)).encode(descriptor.encode_family(labels)?)?;
            }
        }
        Ok(())
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
