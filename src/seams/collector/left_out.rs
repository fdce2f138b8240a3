//! A collector of traces, in a program that was built without them.

use std::convert::Infallible;

use super::tracer::FinishedTrace;

/// Who made the traces.
pub type Maker<'a> = [(&'static str, &'a str)];

/// A collector. No program without traces has one.
#[derive(Debug)]
pub struct Collector(Infallible);

/// The program was built without traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this program was built without traces; the cargo feature otlp adds them")]
pub struct CollectorError;

/// Traces were not accepted. That cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no collector")]
pub struct SendError(Infallible);

impl Collector {
    /// Refuses, and names the feature that is missing.
    pub fn open(_url: &str, _maker: &Maker<'_>) -> Result<Self, CollectorError> {
        Err(CollectorError)
    }

    /// Sends traces.
    #[allow(clippy::unused_async, reason = "with traces it waits")]
    pub async fn send(&self, _traces: Vec<FinishedTrace>) -> Result<(), SendError> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_missing() {
        let refused = Collector::open("http://localhost:4318/v1/traces", &[]).unwrap_err();
        assert!(refused.to_string().contains("the cargo feature otlp adds them"), "{refused}");
    }
}
