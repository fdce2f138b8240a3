//! The client: reads a log, and trusts nothing in it without proof.
//!
//! | module | what it is |
//! |---|---|
//! | [`fetch`] | fetches a log's files from a URL, a bucket or a directory |
//! | [`trust`] | which logs, witnesses and authorities the caller trusts |
//! | [`trusted_root`], [`signing_config`] | trust and where to sign, in Sigstore's formats |
//! | `host` | fetches what the pure readings of `fasti_read` want |
//! | [`reader`], [`proven`] | a log at one verified checkpoint: entries, proofs |
//! | [`search`] | which entries have a digest, a key, an identity: uses the log's index |
//! | [`monitor`] | growth from one run to the next, and evidence if the log did not grow |
//! | [`keys`], [`private_key`] | keys and certificates from files; signing an artifact |
//! | [`submit`] | submits a signature to the writer |
//! | [`standing`] | the status of a writer: who leads, how large the log is |
//! | [`artifact`], [`authority`], [`window`], [`verify`] | offline verification of an artifact |
//!
//! Nothing here depends on the writer, so a program that verifies does not link it.

pub mod artifact;
pub mod authority;
#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(feature = "fetch")]
mod host;
pub mod keys;
#[cfg(feature = "fetch")]
pub mod monitor;
pub mod private_key;
pub mod proven;
#[cfg(feature = "fetch")]
pub mod reader;
#[cfg(feature = "fetch")]
pub mod search;
pub mod signing_config;
#[cfg(feature = "http")]
pub mod standing;
#[cfg(feature = "http")]
pub mod submit;
pub mod trusted_root;
pub mod verify;

pub use fasti_read::{description, window};

pub mod trust {
    //! Whom the caller trusts: the keys of logs, witnesses and indexers, and certificate
    //! authorities.

    pub use fasti_read::trust::{CheckpointRefusal, Cosigned, OpenedCheckpoint, TrustedLog};

    /// Everyone the caller trusts.
    pub type Trust = fasti_read::Trust<crate::authority::Authority>;
}

#[cfg(test)]
mod testing;
