//! The metrics of the process itself, under the names that all Prometheus clients use.

use std::fmt;

use fasti_seams::process_usage::ProcessUsage;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads the metrics of the process whenever they are asked for.
#[derive(Debug)]
pub struct ProcessMetrics;

impl Collector for ProcessMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(usage) = ProcessUsage::read() else { return Ok(()) };
        let cpu = ConstCounter::new(usage.cpu_seconds);
        let help = "Processor time taken, of the user and of the system";
        cpu.encode(encoder.encode_descriptor(
            "process_cpu_seconds",
            help,
            None,
            cpu.metric_type(),
        )?)?;
        let started = ConstGauge::new(usage.started);
        let help = "When the process was started, in seconds since 1970";
        let name = "process_start_time_seconds";
        started.encode(encoder.encode_descriptor(name, help, None, started.metric_type())?)?;
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Memory in use", Some(usage.resident_bytes)),
            ("process_virtual_memory_bytes", "Address space", Some(usage.virtual_bytes)),
            ("process_open_fds", "Open file descriptors", Some(usage.open_descriptors)),
            ("process_max_fds", "How many descriptors may be open", usage.descriptors_max),
        ] {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
