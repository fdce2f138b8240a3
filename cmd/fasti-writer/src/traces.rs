//! The traces of submissions, on their way to a collector.

use std::time::Duration;

use anyhow::Context as _;
use fasti::causes::with_causes;
use fasti::collector::Collector;
use fasti::http::register_traces;
use fasti::trace_export::TraceExport;
use fasti::tracer::{Tracer, tracer};
use fasti_flags::{AskedFor, TraceFlags};
use prometheus_client::registry::Registry;
use tiles_spec::Origin;
use tokio::task::JoinHandle;

/// How long the last traces may take.
const END_TIME_MAX: Duration = Duration::from_secs(5);

/// Traces that are being sent.
pub struct Traces(Option<JoinHandle<()>>);

impl Traces {
    /// Begins to send traces, if the flags ask for that, and registers their metrics. Nobody else
    /// holds the tracer. A standard variable that cannot be followed stops no writer: it may be
    /// there for other programs.
    pub fn begin(
        flags: &TraceFlags,
        origin: &Origin,
        registry: &mut Registry,
    ) -> anyhow::Result<(Self, Option<Tracer>)> {
        let Some(asked) = flags.collector() else { return Ok((Self(None), None)) };
        let (AskedFor::Flag(url) | AskedFor::Variable(_, url)) = &asked;
        let maker = [
            ("service.name", "fasti-writer"),
            ("service.version", env!("CARGO_PKG_VERSION")),
            ("fasti.origin", origin.as_str()),
        ];
        let collector = match (Collector::open(url.as_str(), &maker), &asked) {
            (Ok(collector), _) => collector,
            (Err(error), AskedFor::Flag(_)) => return Err(error).context("--traces"),
            (Err(error), AskedFor::Variable(name, _)) => {
                let error = with_causes(&error);
                tracing::warn!(error, "no traces are sent, although {name} is set");
                return Ok((Self(None), None));
            }
        };
        let (tracer, queue) = tracer(flags.traces_sample);
        let export = TraceExport::new(collector, queue);
        register_traces(registry, export.counts().clone());
        Ok((Self(Some(tokio::spawn(export.run()))), Some(tracer)))
    }

    /// Waits a while until the last traces are sent. By then, the tracer must be gone.
    pub async fn end(self) {
        if let Some(sending) = self.0
            && tokio::time::timeout(END_TIME_MAX, sending).await.is_err()
        {
            tracing::warn!("the last traces could not be sent in time");
        }
    }
}
