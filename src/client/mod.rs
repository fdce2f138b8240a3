//! The client: reads a log, and believes nothing of it that is not proved.
//!
//! | module | what it is |
//! |---|---|
//! | [`fetch`] | where a log's files are: a URL, a bucket or a directory |
//! | [`description`] | what a log says of itself: whether it was frozen |
//! | [`trust`] | which logs, witnesses and authorities the caller believes |
//! | [`trusted_root`], [`signing_config`] | the same and where to sign, as Sigstore writes it down |
//! | [`reader`], [`proven`] | a log as one verified checkpoint shows it: entries, proofs |
//! | [`search`] | which entries have a digest, a key, an identity: the index beside the log |
//! | [`monitor`] | growth from one run to the next; evidence when there is none |
//! | [`keys`], [`private_key`] | keys and certificates from files; signing an artifact |
//! | [`submit`] | hands a signature to the writer |
//! | [`standing`] | how a writer stands: who leads, how far the log is |
//! | [`artifact`], [`authority`], [`window`], [`verify`] | is this artifact signed and logged? Offline |
//!
//! Nothing here knows the writer: a program that verifies does not link one.

pub mod artifact;
pub mod authority;
pub mod description;
pub mod fetch;
pub mod keys;
pub mod monitor;
pub mod private_key;
pub mod proven;
pub mod reader;
pub mod search;
pub mod signing_config;
pub mod standing;
pub mod submit;
pub mod trust;
pub mod trusted_root;
pub mod verify;
pub mod window;

#[cfg(test)]
pub(crate) mod testing;
