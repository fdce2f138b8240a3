//! Health: whether the process is alive, whether the log accepts entries, and its metrics.

use bytes::Bytes;
use fasti_log::Log;
use fasti_log::peers::Role;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use super::app::App;
use super::followed::FollowedLog;
use super::methods::{READ, expect};
use super::problem::{HttpResponse, Problem};
use super::process_metrics::ProcessMetrics;
use super::served::Served;

fn answer(body: impl Into<Bytes>, content_type: &'static str) -> HttpResponse {
    let mut answer = Response::new(Full::new(body.into()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Answers that the process is alive. The body is what Rekor's probes expect.
pub(super) fn alive(method: &Method) -> Result<HttpResponse, Problem> {
    expect(method, READ)?;
    Ok(answer(r#"{"status":"SERVING"}"#, "application/json"))
}

/// Answers like Rekor v1's servers, for their probes.
pub(super) fn ping(method: &Method) -> Result<HttpResponse, Problem> {
    expect(method, READ)?;
    Ok(answer(".", "text/plain"))
}

/// Returns all metrics as text: those in `registry`, and those of the process.
pub(super) fn metrics(method: &Method, registry: &Registry) -> Result<HttpResponse, Problem> {
    expect(method, READ)?;
    let mut process = Registry::default();
    process.register_collector(Box::new(ProcessMetrics));
    let mut text = String::new();
    encode_registry(&mut text, registry)
        .and_then(|()| encode_registry(&mut text, &process))
        .and_then(|()| encode_eof(&mut text))
        .map_err(|error| Problem::NotReady(error.to_string()))?;
    Ok(answer(text, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
}

/// The status of a writer.
fn written(log: &Log) -> Value {
    let (status, stalled) = (log.status(), log.stalled_for());
    let reason = stalled.map(|time| format!("no entry was answered for {} ms", time.as_millis()));
    json!({
        "role": status.role.name(),
        "leader": status.leader,
        "epoch": status.epoch.0,
        "treeSize": status.published.get(),
        "lag": log.lag(),
        "waiting": log.waiting(),
        "reason": reason,
    })
}

/// The status of a server that reads what others write, in the same form.
fn followed(log: &FollowedLog) -> Value {
    json!({
        "role": "reading",
        "leader": "",
        "epoch": 0,
        "treeSize": log.head().size.get(),
        "lag": 0,
        "waiting": 0,
        "reason": log.is_fresh().err(),
    })
}

impl App {
    /// Answers whether the log accepts entries, or is frozen and readable, with its status. Of a
    /// log that others write, answers whether what is shown of it is fresh.
    pub(super) fn ready(&self, method: &Method) -> Result<HttpResponse, Problem> {
        expect(method, READ)?;
        let is_ready = self.served.is_ready();
        let (body, is_frozen) = match &self.served {
            Served::Written(log) => (written(log), log.status().role == Role::Frozen),
            Served::Followed(log) => (followed(log), log.is_frozen()),
        };
        let status = match (is_ready, is_frozen) {
            (true, true) => "frozen",
            (true, false) => "ready",
            (false, _) => "not ready",
        };
        let mut body = body;
        body["status"] = status.into();
        body["origin"] = self.served.origin().into();
        let mut answer = answer(body.to_string(), "application/json");
        if !is_ready {
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        Ok(answer)
    }

    /// The page at the writer's address, for people.
    pub(super) fn front_page(&self, method: &Method) -> Result<HttpResponse, Problem> {
        expect(method, READ)?;
        let (head, _) = self.served.published();
        let write = match self.served {
            Served::Written(_) => "POST /api/v2/log/entries, or gRPC",
            Served::Followed(_) => "elsewhere: this server only reads",
        };
        let text = format!(
            "fasti: a transparency log\n\n\
             origin        {}\n\
             verifier key  {}\n\
             tree size     {}\n\
             root hash     {}\n\n\
             read    GET  /checkpoint  /tile/<L>/<N>  /tile/entries/<N>\n\
             write   {write}\n\
             health  GET  /healthz  /readyz\n\
             more    GET  /openapi.json\n{}",
            self.served.origin(),
            self.served.verifier_key(),
            head.size,
            head.root.to_base64(),
            if self.served.is_frozen() {
                "\nThis log is frozen: it accepts no more entries.\n"
            } else {
                ""
            },
        );
        Ok(answer(text, "text/plain; charset=utf-8"))
    }
}
