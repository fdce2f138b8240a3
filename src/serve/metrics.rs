//! The metrics of the HTTP server.

use std::time::Instant;

use fasti_seams::clock::{Clock as _, SystemClock};
use fasti_seams::duration_buckets::DURATION_BUCKETS;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The labels of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The route, not the path.
    pub route: &'static str,
    /// The HTTP status of the answer.
    pub code: u16,
}

/// The labels of the times of answers. There are few of them, since each has a whole histogram.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    route: &'static str,
    /// The first digit of the status, as in `2xx`.
    class: &'static str,
}

/// The times of answers. Cloned together with the other metrics.
#[derive(Debug, Clone)]
struct AnswerTimes(Family<AnswerLabels, Histogram, fn() -> Histogram>);

impl Default for AnswerTimes {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)))
    }
}

/// The labels of refusals for lack of a shared resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ShareLabels {
    /// The resource that ran out.
    pub pool: &'static str,
}

/// How often a share of one resource was refused, and how often a holder gave way.
#[derive(Debug, Clone, Default)]
pub struct SharesMetrics {
    /// Shares that were refused.
    pub refused: Counter,
    /// Holders that were ended for another client.
    pub gave_way: Counter,
}

/// The metrics of the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    answer_times: AnswerTimes,
    /// Open connections.
    pub connections: Gauge,
    /// Connections refused because too many were open.
    pub connections_refused: Counter,
    /// Connections closed because the client did not take its answers.
    pub answers_not_taken: Counter,
    /// Bodies that were late or slow.
    pub bodies_too_slow: Counter,
    shares_refused: Family<ShareLabels, Counter>,
    gave_way: Family<ShareLabels, Counter>,
    /// TLS handshakes that failed.
    pub tls_failures: Counter,
    /// Certificates loaded while the server ran.
    pub tls_reloads: Counter,
    /// Changed certificates or keys that could not be loaded.
    pub tls_reload_failures: Counter,
    /// When the certificate in use expires, in seconds since 1970; 0 without one.
    pub tls_expiry: Gauge,
}

impl HttpMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "HTTP answers", self.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from the head of a request until its answer was ready to be sent",
            self.answer_times.0.clone(),
        );
        registry.register("http_connections", "Open HTTP connections", self.connections.clone());
        registry.register(
            "http_connections_refused",
            "HTTP connections refused because too many were open",
            self.connections_refused.clone(),
        );
        registry.register(
            "http_answers_not_taken",
            "HTTP connections closed because the client did not take its answers",
            self.answers_not_taken.clone(),
        );
        registry.register(
            "http_bodies_too_slow",
            "HTTP requests refused because their bodies arrived too slowly",
            self.bodies_too_slow.clone(),
        );
        registry.register(
            "http_shares_refused",
            "Requests for a shared resource that were refused",
            self.shares_refused.clone(),
        );
        registry.register(
            "http_gave_way",
            "Holders of a shared resource ended because another client needed it",
            self.gave_way.clone(),
        );
        for (name, help, counter) in [
            ("tls_handshake_failures", "TLS handshakes that failed", &self.tls_failures),
            ("tls_reloads", "Certificates loaded while running", &self.tls_reloads),
            (
                "tls_reload_failures",
                "Changed certificates or keys that could not be loaded",
                &self.tls_reload_failures,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "tls_certificate_expiry_timestamp_seconds",
            "When the certificate in use expires, in seconds since 1970; 0 without one",
            self.tls_expiry.clone(),
        );
    }

    /// When a request begins.
    pub fn begin() -> Instant {
        SystemClock.now()
    }

    /// Counts the answer to a request that has begun at `began`.
    pub fn answered(&self, route: &'static str, code: u16, began: Instant) {
        self.requests.get_or_create(&RequestLabels { route, code }).inc();
        let class = match code {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        let took = SystemClock.now().saturating_duration_since(began);
        let times = self.answer_times.0.get_or_create(&AnswerLabels { route, class });
        times.observe(took.as_secs_f64());
    }

    /// The metrics of one shared resource.
    pub fn shares(&self, pool: &'static str) -> SharesMetrics {
        let labels = ShareLabels { pool };
        SharesMetrics {
            refused: self.shares_refused.get_or_create_owned(&labels),
            gave_way: self.gave_way.get_or_create_owned(&labels),
        }
    }
}
