//! Object stores for tests: real HTTP on a loopback port, objects in memory, faults on demand.
//!
//! | module | what it is |
//! |---|---|
//! | [`objects`] | the content of a bucket, and how strictly it keeps conditions |
//! | [`fault`] | what goes wrong, for which requests, how often |
//! | [`tally`] | what was asked for, counted |
//! | [`s3`] | [`S3Server`]: the S3 protocol, signatures checked |
//! | [`gcs`] | [`GcsServer`]: the XML protocol of Google Cloud Storage |
//! | [`proxy`] | [`FaultProxy`]: a bad line to any store |
//! | `front` | what stands before every server: it counts, and lets faults happen |
//! | `socket` | a socket that can be reset rather than closed |
//!
//! A server lives as long as its value, runs on the runtime that started it, and is strongly
//! consistent. Nothing here is meant to hold what anybody wants to keep.
//!
//! # Clients
//! `object_store` speaks to an [`S3Server`] with `with_endpoint(server.url())`,
//! `with_bucket_name`, `with_access_key_id`, `with_secret_access_key`, any region, and
//! `with_allow_http(true)`.
//!
//! It speaks to a [`GcsServer`] with `with_base_url(&server.url())`, `with_bucket_name` and
//! `with_bearer_token`; where the server wants no token, `with_service_account_key` with what
//! [`GcsServer::service_account`] returns does as well. `with_skip_signature` alone does not: the
//! client still looks for credentials before each write. It reads objects of content coding gzip
//! only if it sends `Accept-Encoding: gzip` (`ClientOptions::with_default_headers`), since it needs
//! to be told the length.
//!
//! The program `fasti-buckets` runs the same servers from the command line.

pub mod fault;
mod front;
pub mod gcs;
pub mod objects;
pub mod proxy;
pub mod s3;
mod socket;
pub mod tally;

pub use fault::{Fault, Faults, Rule, Strikes};
pub use gcs::{GcsOptions, GcsServer};
pub use objects::{Conditions, Object, Objects};
pub use proxy::{FaultProxy, Weather};
pub use s3::{S3Options, S3Server};
pub use tally::{Count, Operation, Tally};
