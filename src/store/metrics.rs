//! The metrics of stores: flushes to a disk, and requests to a bucket.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Registry;

use crate::Requests;

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
        ("store_bytes_written", "Bytes written to the bucket", |asked| asked.bytes_written),
    ];
    for (name, help, count) in counted {
        let requests = requests.clone();
        let count = Box::new(move || count(requests()));
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
