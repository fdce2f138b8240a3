//! The metrics of everything that has some.

pub use fasti_admit::metrics::{AdmissionLabels, AdmissionMetrics};
pub use fasti_heads::metrics::HeadsMetrics;
pub use fasti_http::metrics::FollowedMetrics;
pub use fasti_log::metrics::LogMetrics;
pub use fasti_lookup::metrics::LookupMetrics;
pub use fasti_serve::metrics::HttpMetrics;
pub use fasti_store::metrics::{StoreMetrics, register_requests, register_space, register_syncs};
#[cfg(feature = "witness-server")]
pub use fasti_witness::metrics::WitnessMetrics;
pub use fasti_witness::quorum_metrics::{FailureLabels, QuorumMetrics, WitnessLabels};
