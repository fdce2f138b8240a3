//! The client: reads a log, and trusts nothing in it without proof.
//!
//! | module | what it is |
//! |---|---|
//! | [`fetch`] | fetches a log's files from a URL, a bucket or a directory |
//! | [`trust`], [`window`], [`description`] | whom the caller trusts; what a log says about itself |
//! | [`evidence`] | two signed checkpoints that contradict each other |
//! | `host` | fetches what the pure readings of `fasti_read` want |
//! | [`reader`], [`proven`] | a log at one verified checkpoint: entries, proofs |
//! | [`times`] | when entries entered the log |
//! | [`heads`] | the heads that a log had over time |
//! | [`attestations`] | what was signed, if the log keeps it beside its entries |
//! | [`search`] | which entries have a digest, a key, an identity: uses the log's index |
//! | [`monitor`] | growth from one run to the next, and evidence if the log did not grow |
//! | [`replace`] | small files that are replaced whole |
//! | [`keys`], [`private_key`] | keys and certificates from files; signing an artifact |
//! | [`signature_file`] | signatures in files, in every form in which tools write them |
//! | [`submit`] | submits a signature to the writer |
//! | [`rekor_v1`] | Rekor v1's API: proposes entries and reads them |
//! | `attempts` | requests that are sent again |
//! | [`download`] | a file at a URL that the caller names |
//! | [`metrics_page`] | the metrics of a writer, for operators |
//! | [`writer_status`] | the status of a writer: who leads, how large the log is |
//! | [`artifact`] | artifacts in files |
//!
//! Artifacts, bundles and proofs are verified offline by `fasti_verify`.
//!
//! Nothing here depends on the writer, so a program that verifies does not link it.

pub mod artifact;
#[cfg(feature = "http")]
mod attempts;
#[cfg(feature = "fetch")]
pub mod attestations;
#[cfg(feature = "http")]
pub mod download;
#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(feature = "fetch")]
pub mod heads;
#[cfg(feature = "fetch")]
mod host;
pub mod keys;
#[cfg(feature = "http")]
pub mod metrics_page;
#[cfg(feature = "fetch")]
pub mod monitor;
pub mod private_key;
pub mod proven;
#[cfg(feature = "fetch")]
pub mod reader;
#[cfg(feature = "http")]
pub mod rekor_v1;
#[cfg(feature = "fetch")]
pub mod replace;
#[cfg(feature = "fetch")]
pub mod search;
pub mod signature_file;
#[cfg(feature = "http")]
pub mod submit;
#[cfg(feature = "fetch")]
pub mod times;
#[cfg(feature = "http")]
pub mod writer_status;

pub use fasti_read::{description, evidence, trust, window};

#[cfg(test)]
mod testing;
