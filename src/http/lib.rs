//! The HTTP server of a log's writer, and of a log that others write.
//!
//! | request | module |
//! |---|---|
//! | `POST /api/v2/log/entries`, `POST /add` | [`submit`] |
//! | `GET /checkpoint`, `/tile/...`, `/lookup/...`, `/log.json`, the same under `/api/v2/` | [`read`] |
//! | `/api/v1/...`: search and entries, as in Rekor v1 | [`rekor_v1`] |
//! | `GET /healthz`, `/readyz`, `/` | [`health`] |
//! | `GET /openapi.json` | [`openapi`] |
//! | gRPC: `CreateEntry`, health, reflection | [`grpc`] |
//! | `GET /metrics`, on a listener of its own | [`health`] |
//! | `POST /_writer/forward`, from another writer of the log | [`forward`], called by [`peers`] |
//!
//! [`cors`] decides which of these web pages may use.
//!
//! [`serve`] answers on a listener, within [`limits`]; [`fasti_serve`] accepts the connections, and
//! has clients share them and the memory for bodies and answers.
//! [`admission`] asks [`fasti_admit`] who may write. [`problem`] turns every error into its status.
//!
//! [`app`] is what all of them share, and [`route`] finds the module for a request. No two modules
//! import each other, directly or through others.
//!
//! [`traced`] begins the traces of requests, and notes how they were answered.
//!
//! [`served`] is the log: the writer's own, or one that is [`followed`] by its published files,
//! without keys. Then submissions are refused, and everything else is answered as by a writer.

// What several share may serve only what was left out.
#![cfg_attr(not(all(feature = "grpc", feature = "peers")), allow(dead_code))]

mod accept;
mod admission;
mod app;
mod attestations;
mod config;
mod cors;
mod followed;
mod forward;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(not(feature = "grpc"))]
#[path = "grpc/left_out.rs"]
mod grpc;
mod grpc_call;
mod health;
mod kept;
mod limits;
mod methods;
pub mod metrics;
mod openapi;
mod packed;
mod paths;
#[cfg(feature = "peers")]
mod peers;
#[cfg(not(feature = "peers"))]
#[path = "peers/left_out.rs"]
mod peers;
mod problem;
mod process_metrics;
mod read;
mod rekor_v1;
mod represent;
mod route;
mod secret;
mod serve;
mod served;
mod submit;
#[cfg(feature = "testing")]
pub mod testing;
mod trace_metrics;
mod traced;

pub use app::App;
pub use config::{Duplicates, EntryKinds, HttpConfig, RekorV1Config};
pub use cors::site::{Site, SiteError};
pub use fasti_serve::{Limits as ServerLimits, RequestBody, SharesMetrics, Tls, TlsError};
pub use followed::{FollowConfig, FollowError, FollowedLog};
pub use limits::Limits;
pub use peers::HttpPeers;
pub use problem::{HttpResponse, Problem};
pub use rekor_v1::inactive::{InactiveShards, ShardSource};
pub use rekor_v1::shard_error::ShardError;
pub use secret::PeerSecret;
pub use serve::{serve, serve_metrics};
pub use trace_metrics::register_traces;
