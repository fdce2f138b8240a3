//! Object stores for tests: real HTTP on a loopback port, objects in memory, faults on demand.
//!
//! | module | what it is |
//! |---|---|
//! | [`objects`] | the content of a bucket, and how strictly it checks conditions |
//! | [`fault`] | what goes wrong, for which requests, and how often |
//! | [`tally`] | counters of requests |
//! | [`s3`] | [`S3Server`]: the S3 protocol, signatures checked |
//! | [`gcs`] | [`GcsServer`]: the XML protocol of Google Cloud Storage |
//! | [`proxy`] | [`FaultProxy`]: a faulty line to any store |
//! | `front` | the common front end of all servers: it counts requests and injects faults |
//! | `socket` | a socket that can be reset rather than closed |
//!
//! A server lives as long as its value, runs on the runtime that started it, and is strongly
//! consistent. Do not store anything here that you want to keep.
//!
//! # Clients
//! `object_store` connects to an [`S3Server`] with `with_endpoint(server.url())`,
//! `with_bucket_name`, `with_access_key_id`, `with_secret_access_key`, any region, and
//! `with_allow_http(true)`.
//!
//! It connects to a [`GcsServer`] with `with_base_url(&server.url())`, `with_bucket_name` and
//! `with_bearer_token`. If the server requires no token, `with_service_account_key` with the result
//! of [`GcsServer::service_account`] works as well. `with_skip_signature` alone does not: the
//! client still looks for credentials before each write. The client reads objects with content
//! coding gzip only if it sends `Accept-Encoding: gzip` (`ClientOptions::with_default_headers`),
//! since it needs to know the length.
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
