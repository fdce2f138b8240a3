//! The metrics of traces: what was sent, and what was dropped and why.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fasti_seams::tracer::TraceCounts;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::Registry;

/// Adds the metrics of a program that sends traces to `registry`.
pub fn register_traces(registry: &mut Registry, counts: Arc<TraceCounts>) {
    registry.register_collector(Box::new(TraceMetrics(counts)));
}

#[derive(Debug)]
struct TraceMetrics(Arc<TraceCounts>);

impl Collector for TraceMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let TraceCounts { sent, too_many, queue_full, not_sent } = &*self.0;
        let counter = |count: &AtomicU64| ConstCounter::new(count.load(Ordering::Relaxed));
        let help = "Traces that the collector has taken";
        let all = encoder.encode_descriptor("traces_sent", help, None, MetricType::Counter)?;
        counter(sent).encode(all)?;
        let help = "Traces that were not made or not sent";
        let mut all =
            encoder.encode_descriptor("traces_dropped", help, None, MetricType::Counter)?;
        for (reason, count) in
            [("too_many", too_many), ("queue_full", queue_full), ("not_sent", not_sent)]
        {
            counter(count).encode(all.encode_family(&[("reason", reason)])?)?;
        }
        Ok(())
    }
}
