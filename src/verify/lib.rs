//! Offline verification: is this artifact signed, by whom, and is that signature in the log?
//!
//! Verifies a Sigstore bundle ([`bundle()`], any version, with Rekor v2 entries) or a `.tlog-proof`
//! ([`tlog_proof()`], C2SP tlog-proof). Nothing is fetched.
//!
//! | module | what it is |
//! |---|---|
//! | [`bundle()`], [`tlog_proof()`], [`check_entry`] | the verification of each kind of proof |
//! | [`Demand`], [`Detached`], [`Artifact`] | what the caller brings |
//! | [`TrustedRoot`], [`Authority`] | whom the caller trusts: logs, witnesses, certificate authorities |
//! | [`Verdict`], [`Refusal`] | what was proved, and what was not checked; or why not |
//! | [`trusted_root`], [`signing_config`] | trust, and where to sign, in Sigstore's formats |
//!
//! Invariants:
//! - A [`Verdict`] exists only if the signature is valid for the artifact, and at least one trusted
//!   log signed a tree that contains exactly this signature with exactly this key at the stated
//!   index. The leaf is rebuilt from the signature, key and artifact, never taken from the proof. A
//!   verdict states in words what it does not cover.
//! - Pure, and built for any target: bytes in, a verdict out. No files, no sockets, no clock: times
//!   are those that certificates and trusted roots state.

mod artifact;
mod authority;
mod bundle;
mod demand;
mod logged;
mod refusal;
mod signer;
pub mod signing_config;
mod span;
mod statement;
mod tlog_proof;
mod trust;
pub mod trusted_root;
mod verdict;

pub use artifact::Artifact;
pub use authority::{Authority, AuthorityError};
pub use bundle::bundle;
pub use demand::{Demand, Detached};
pub use logged::check_entry;
pub use refusal::Refusal;
pub use span::Span;
pub use tlog_proof::tlog_proof;
pub use trust::TrustedRoot;
pub use verdict::{CertificateSeen, Logged, SignerSeen, Subject, Verdict, Vouched};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
