//! The metrics of the HTTP server.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tiles_spec::TreeSize;

/// The labels of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The route, not the path.
    pub route: &'static str,
    /// The HTTP status of the answer.
    pub code: u16,
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
    /// Answers, by route and status.
    pub requests: Family<RequestLabels, Counter>,
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
}

/// The metrics of a log that others write.
#[derive(Debug, Clone, Default)]
pub struct FollowedMetrics {
    tree_size: Gauge,
    kept_bytes: Gauge,
    /// Refreshes that failed.
    pub refresh_failures: Counter,
    /// Files, or parts of them, that were read from where they are.
    pub files_read: Counter,
    /// Those that could not be read.
    pub files_failed: Counter,
}

impl FollowedMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("followed_tree_size", "Size of the tree that is shown", &self.tree_size),
            ("followed_kept_bytes", "Bytes of the log's files in memory", &self.kept_bytes),
        ] {
            registry.register(name, help, gauge.clone());
        }
        for (name, help, counter) in [
            (
                "followed_refresh_failures",
                "Times the newest checkpoint could not be read, or was refused",
                &self.refresh_failures,
            ),
            ("followed_files_read", "Files of the log read from where they are", &self.files_read),
            ("followed_files_failed", "Files that could not be read", &self.files_failed),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    pub(crate) fn show(&self, size: TreeSize) {
        self.tree_size.set(size.get().cast_signed());
    }

    pub(crate) fn kept(&self, bytes: usize) {
        self.kept_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

impl HttpMetrics {
    /// Adds the metrics to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "HTTP answers", self.requests.clone());
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
    }
}

impl HttpMetrics {
    /// The metrics of one shared resource.
    pub fn shares(&self, pool: &'static str) -> SharesMetrics {
        let labels = ShareLabels { pool };
        SharesMetrics {
            refused: self.shares_refused.get_or_create_owned(&labels),
            gave_way: self.gave_way.get_or_create_owned(&labels),
        }
    }
}
