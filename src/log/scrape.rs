//! What is true of a log at the moment at which its metrics are read.

use std::fmt;
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::log::Log;

impl Log {
    /// Adds what changes without anything happening, like the time that somebody waits.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(AtScrape(self.clone())));
    }
}

struct AtScrape(Log);

impl fmt::Debug for AtScrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AtScrape")
    }
}

impl Collector for AtScrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(log) = self;
        let date = log.clock().date().duration_since(UNIX_EPOCH).unwrap_or_default();
        let stalled = log.stalled_for().unwrap_or_default();
        let waiting = f64::from(u32::try_from(log.waiting()).unwrap_or(u32::MAX));
        let ready = f64::from(u8::from(log.is_ready()));
        for (name, help, value) in [
            ("pool_entries", "Entries waiting for a batch", waiting),
            ("ready", "1 if this writer accepts entries, or its log is frozen", ready),
            (
                "stalled_seconds",
                "For how long entries have waited without any being answered, if that is too long",
                stalled.as_secs_f64(),
            ),
            (
                "clock_timestamp_seconds",
                "The clock that gives entries their times",
                date.as_secs_f64(),
            ),
        ] {
            let gauge = ConstGauge::new(value);
            let descriptor = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(descriptor)?;
        }
        Ok(())
    }
}
