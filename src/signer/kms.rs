//! Keys in key management services, which sign for us and never release them.
//!
//! The service is asked for the public key once, when the key is opened, and then for each
//! signature. Every request is bounded in time, and failures that may pass are retried a few times.
//! A service that keeps failing ends the term, not the log: recovery tries again. Each service is a
//! feature of this crate.

#[cfg(feature = "aws-kms")]
mod aws;
#[cfg(feature = "gcp-kms")]
mod gcp;
#[cfg(any(feature = "aws-kms", feature = "gcp-kms"))]
mod service;

#[cfg(feature = "aws-kms")]
pub use aws::AwsKmsSigner;
#[cfg(feature = "gcp-kms")]
pub use gcp::GcpKmsSigner;
