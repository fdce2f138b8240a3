//! Health: whether the process is alive, whether the log accepts entries, and its metrics.

use bytes::Bytes;
use fasti_log::peers::Role;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::app::App;
use super::methods::{READ, expect};
use super::problem::{HttpResponse, Problem};

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

/// Returns all metrics as text.
pub(super) fn metrics(method: &Method, registry: &Registry) -> Result<HttpResponse, Problem> {
    expect(method, READ)?;
    let mut text = String::new();
    encode(&mut text, registry).map_err(|error| Problem::NotReady(error.to_string()))?;
    Ok(answer(text, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
}

impl App {
    /// Answers whether the log accepts entries, or is frozen and readable, with its status.
    pub(super) fn ready(&self, method: &Method) -> Result<HttpResponse, Problem> {
        expect(method, READ)?;
        let is_ready = self.log.is_ready();
        let (status, stalled) = (self.log.status(), self.log.stalled_for());
        let reason =
            stalled.map(|time| format!("no entry was answered for {} ms", time.as_millis()));
        let body = serde_json::json!({
            "status": match (is_ready, status.role) {
                (true, Role::Frozen) => "frozen",
                (true, _) => "ready",
                (false, _) => "not ready",
            },
            "origin": self.log.signer().origin().as_str(),
            "role": status.role.name(),
            "leader": status.leader,
            "epoch": status.epoch.0,
            "treeSize": status.published.get(),
            "lag": self.log.lag(),
            "waiting": self.log.waiting(),
            "reason": reason,
        });
        let mut answer = answer(body.to_string(), "application/json");
        if !is_ready {
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        Ok(answer)
    }

    /// The page at the writer's address, for people.
    pub(super) fn front_page(&self, method: &Method) -> Result<HttpResponse, Problem> {
        expect(method, READ)?;
        let published = self.log.published();
        let text = format!(
            "fasti: a transparency log\n\n\
             origin        {}\n\
             verifier key  {}\n\
             tree size     {}\n\
             root hash     {}\n\n\
             read    GET  /checkpoint  /tile/<L>/<N>  /tile/entries/<N>\n\
             write   POST /api/v2/log/entries, or gRPC\n\
             health  GET  /healthz  /readyz\n\
             more    GET  /openapi.json\n{}",
            self.log.signer().origin(),
            self.log.signer().verifier_key(),
            published.head.size,
            published.head.root.to_base64(),
            if self.log.is_frozen() {
                "\nThis log is frozen: it accepts no more entries.\n"
            } else {
                ""
            },
        );
        Ok(answer(text, "text/plain; charset=utf-8"))
    }
}
