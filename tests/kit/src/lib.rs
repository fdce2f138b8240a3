//! What tests share. A module is a tool, and each but the first five is a feature.
//!
//! | module | what it is |
//! |---|---|
//! | [`conformance_data`] | data of other projects, where it is there |
//! | [`elements`] | DER, to be damaged |
//! | [`oracle`] | Merkle trees and their proofs, by brute force |
//! | [`seeded`] | random numbers that depend on a seed alone |
//! | [`skipped`] | what a test cannot do on this machine, said aloud |
//! | `made_log` | a log in memory, laid out as the specification says |
//! | `made_index` | the same with a lookup index |
//! | `fetched` | the same as a client reads it |
//! | `stored` | a store in memory with something in between |
//! | `faulty` | the same, where the n-th write fails |
//! | `published` | a log read back from its files, and compared with the oracle |
//! | `certificates` | signers of every kind, authorities, certificates |
//! | `made_tsa`, `made_ct_log` | a timestamp authority, and a log of certificates |
//! | `made_pgp` | an OpenPGP key and its signatures |
//! | `made_apk`, `made_jar`, `made_rpm` | signed packages |
//! | `requests`, `proposals` | requests to log what a signer has signed: of Rekor v2, and of v1 |
//! | `process`, `writer` | a writer in a process of its own, with or without a home |
//! | `cli` | a command that runs to its end |
//! | `http` | a connection to a writer |
//! | `trace_collector` | a collector of traces |
//!
//! Invariant: a crate can use this in its own unit tests. So nothing here is built on what it helps
//! to test: on no crate of the project but the formats of trees and of the index. The exceptions
//! are `fetched`, for the tests of crates that are built on the client, and `stored` and `faulty`,
//! for those of crates that are built on stores.

#[cfg(feature = "certificates")]
pub mod certificates;
#[cfg(feature = "programs")]
pub mod cli;
pub mod conformance_data;
pub mod elements;
#[cfg(feature = "store")]
pub mod faulty;
#[cfg(feature = "fetch")]
pub mod fetched;
#[cfg(feature = "programs")]
pub mod http;
#[cfg(feature = "packages")]
pub mod made_apk;
#[cfg(feature = "certificates")]
pub mod made_ct_log;
#[cfg(feature = "index")]
pub mod made_index;
#[cfg(feature = "packages")]
pub mod made_jar;
#[cfg(feature = "log")]
pub mod made_log;
#[cfg(feature = "certificates")]
pub mod made_pgp;
#[cfg(feature = "packages")]
pub mod made_rpm;
#[cfg(feature = "certificates")]
pub mod made_tsa;
pub mod oracle;
#[cfg(feature = "programs")]
pub mod process;
#[cfg(feature = "certificates")]
pub mod proposals;
#[cfg(feature = "log")]
pub mod published;
#[cfg(feature = "certificates")]
pub mod requests;
pub mod seeded;
pub mod skipped;
#[cfg(feature = "store")]
pub mod stored;
#[cfg(feature = "traces")]
pub mod trace_collector;
#[cfg(feature = "programs")]
pub mod writer;
