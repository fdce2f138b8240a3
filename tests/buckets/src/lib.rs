//! Object stores for tests: real HTTP on a loopback port, objects in memory, faults on demand.
//!
//! | module | what it is |
//! |---|---|
//! | [`objects`] | the content of a bucket, and how strictly it keeps conditions |
//! | [`fault`] | what goes wrong, for which requests, how often |
//! | [`tally`] | what was asked for, counted |
//! | [`s3`] | [`S3Server`]: the S3 protocol, signatures checked |
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

pub mod fault;
mod front;
pub mod objects;
pub mod s3;
mod socket;
pub mod tally;

pub use fault::{Fault, Faults, Rule};
pub use objects::{Conditions, Object, Objects};
pub use s3::{S3Options, S3Server};
pub use tally::{Operation, Tally};
