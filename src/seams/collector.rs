//! A collector of traces that speaks OTLP, OpenTelemetry's protocol, over HTTP.
//!
//! A trace is sent as a span of its request, and below that one for each stage. The protocol is in
//! OpenTelemetry's own crates; the HTTP client is ours, which only goes where it is told
//! ([`egress`]). These crates read some of the standard variables themselves:
//! `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_EXPORTER_OTLP_COMPRESSION`, or the same with `_TRACES`;
//! and for the [`Resource`], `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`.
//!
//! Invariant: sending ends within [`SEND_TIME_MAX`], whatever the collector does, and of its answer
//! little more than [`ANSWER_BYTES_MAX`] is read (I12).

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, Key, KeyValue, SpanId, TraceId};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use reqwest::{Client, Url};

use super::egress;
use super::trace::Stage;
use super::trace_parent;
use super::tracer::FinishedTrace;

/// How long sending may take.
const SEND_TIME_MAX: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Who made the traces: the name of the program, its version, and other names with their values.
pub type Maker<'a> = [(&'static str, &'a str)];

/// A collector.
#[derive(Debug)]
pub struct Collector {
    exporter: SpanExporter,
    client: OneClient,
    scope: InstrumentationScope,
}

/// No traces can be sent there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// It is not a URL of HTTP.
    #[error("a collector of traces is at an http:// or https:// URL")]
    Url,
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client for traces")]
    Client(#[from] reqwest::Error),
    /// The protocol's own library refuses its settings.
    #[error("traces cannot be sent like this")]
    Settings(#[from] ExporterBuildError),
}

/// Traces were not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There was no answer.
    #[error("the collector does not answer")]
    Unanswered(#[source] reqwest::Error),
    /// It refused them, or the library did.
    #[error("the collector did not take them")]
    Refused(#[source] OTelSdkError),
}

impl Collector {
    /// The collector that takes traces at `url`, as what `maker` has sent, whose names are those of
    /// resources. Nothing is sent yet.
    pub fn open(url: &str, maker: &Maker<'_>) -> Result<Self, CollectorError> {
        let parsed = Url::parse(url).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let url = parsed.ok_or(CollectorError::Url)?;
        let client = egress::direct().timeout(SEND_TIME_MAX).build()?;
        let client = OneClient { client, failure: Arc::default() };
        let exporter = SpanExporter::builder().with_http().with_http_client(client.clone());
        let exporter = exporter.with_protocol(Protocol::HttpBinary).with_timeout(SEND_TIME_MAX);
        // It would wait on a thread of the runtime.
        let never = RetryPolicy::disabled();
        let mut exporter = exporter.with_retry_policy(never).with_endpoint(url).build()?;
        exporter.set_resource(&resource(maker));
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Ok(Self { exporter, client, scope })
    }

    /// Sends traces, once.
    pub async fn send(&self, traces: Vec<FinishedTrace>) -> Result<(), SendError> {
        let spans = traces.iter().flat_map(|trace| self.spans(trace)).collect();
        let sent = self.exporter.export(spans).await;
        // The library drops the reason.
        let failure = self.client.failure().take();
        sent.map_err(|error| match failure {
            Some(reason) => SendError::Unanswered(reason),
            None => SendError::Refused(error),
        })
    }

    /// The span of a request, and those of its stages.
    fn spans(&self, trace: &FinishedTrace) -> Vec<SpanData> {
        let stages = trace.stages.iter().enumerate();
        let stages = stages.map(|(number, stage)| self.stage(trace, number, stage));
        std::iter::once(self.request(trace)).chain(stages).collect()
    }

    fn request(&self, trace: &FinishedTrace) -> SpanData {
        let mut attributes = vec![
            KeyValue::new("http.request.method", trace.method),
            KeyValue::new("fasti.request_id", trace.span.trace.to_string()),
        ];
        let mut name = Cow::Borrowed(trace.method);
        let mut status = Status::error("the client has gone away");
        if let Some((route, code)) = trace.answer {
            attributes.push(KeyValue::new("http.route", route));
            attributes.push(KeyValue::new("http.response.status_code", i64::from(code)));
            name = format!("{} {route}", trace.method).into();
            // What is a client's fault is no error of the server.
            status = if code >= 500 { Status::error("") } else { Status::Unset };
        }
        SpanData {
            parent_span_id: trace.parent.map_or(SpanId::INVALID, SpanId::from_bytes),
            parent_span_is_remote: trace.parent.is_some(),
            span_kind: SpanKind::Server,
            attributes,
            status,
            ..self.span(trace, trace.span.parent, name, (trace.began, trace.ended))
        }
    }

    fn stage(&self, trace: &FinishedTrace, number: usize, stage: &Stage) -> SpanData {
        let times = (stage.began, stage.ended.unwrap_or(trace.ended));
        let entries = stage.entries.and_then(|entries| i64::try_from(entries).ok());
        SpanData {
            parent_span_id: SpanId::from_bytes(trace.span.parent),
            attributes: entries
                .map(|entries| KeyValue::new("fasti.batch.entries", entries))
                .into_iter()
                .collect(),
            ..self.span(trace, trace.span_of(number), stage.name.into(), times)
        }
    }

    fn span(
        &self,
        trace: &FinishedTrace,
        id: trace_parent::SpanId,
        name: Cow<'static, str>,
        (began, ended): (Instant, Instant),
    ) -> SpanData {
        let span_context = SpanContext::new(
            TraceId::from_bytes(trace.span.trace.bytes()),
            SpanId::from_bytes(id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        SpanData {
            span_context,
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name,
            start_time: trace.date_of(began),
            end_time: trace.date_of(ended),
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

/// The program as the standard variables describe it, and where they do not, as it does itself.
fn resource(maker: &Maker<'_>) -> Resource {
    let own = maker.iter().map(|(name, value)| KeyValue::new(*name, (*value).to_owned()));
    let standard = Resource::builder().build();
    let is_said = |(name, value): &(&Key, &opentelemetry::Value)| {
        name.as_str() != "service.name" || !value.as_str().starts_with("unknown_service")
    };
    let said = standard.iter().filter(is_said);
    let said: Vec<_> = said.map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    Resource::builder_empty().with_attributes(own).with_attributes(said).build()
}

/// The client with which one thing is sent at a time, and why the last request had no answer.
#[derive(Clone, Debug)]
struct OneClient {
    client: Client,
    failure: Arc<Mutex<Option<reqwest::Error>>>,
}

impl OneClient {
    fn failure(&self) -> MutexGuard<'_, Option<reqwest::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
        let mut answer = self.client.execute(request.try_into()?).await?;
        let status = answer.status();
        let mut body = Vec::new();
        while body.len() < ANSWER_BYTES_MAX
            && let Some(piece) = answer.chunk().await?
        {
            body.extend_from_slice(&piece);
        }
        let mut whole = Response::new(body.into());
        *whole.status_mut() = status;
        Ok(whole)
    }
}

#[async_trait]
impl HttpClient for OneClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.ask(request).await.map_err(|error| {
            let words = error.to_string();
            *self.failure() = Some(error);
            words.into()
        })
    }
}
