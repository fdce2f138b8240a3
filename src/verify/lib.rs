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
//! | [`TimestampAuthority`], [`CertificateLog`] | whom else: for times, and for certificates that others can see |
//! | [`TrustedTime`] | when a trusted party saw the signature (`trusted_times` finds all) |
//! | [`Verdict`], [`Refusal`] | what was proved, and what was not checked; or why not |
//! | [`trusted_root`], [`signing_config`] | trust, and where to sign, in Sigstore's formats |
//!
//! Invariants:
//! - A [`Verdict`] exists only if the signature is valid for the artifact, and at least one trusted
//!   log signed a tree that contains exactly this signature with exactly this key at the stated
//!   index. The leaf is rebuilt from the signature, key and artifact, never taken from the proof. A
//!   verdict states in words what it does not cover.
//! - An identity is proved by a certificate only if a trusted party saw the signature while the
//!   certificate was valid, unless the caller waives that.
//! - Pure, and built for any target: bytes in, a verdict out. No files, no sockets, no clock: times
//!   are those that certificates and trusted roots state.

mod artifact;
mod authority;
mod bundle;
mod certificate_log;
mod demand;
mod logged;
mod refusal;
mod signer;
pub mod signing_config;
mod span;
mod statement;
mod timestamp_authority;
mod tlog_proof;
mod trust;
pub mod trusted_root;
mod trusted_time;
mod trusted_times;
mod verdict;

pub use artifact::Artifact;
pub use authority::{Authority, AuthorityError};
pub use bundle::bundle;
pub use certificate_log::{CertificateLog, CertificateLogError};
pub use demand::{Demand, Detached};
pub use logged::check_entry;
pub use refusal::Refusal;
pub use span::Span;
pub use timestamp_authority::TimestampAuthority;
pub use tlog_proof::tlog_proof;
pub use trust::TrustedRoot;
pub use trusted_time::{TimeSource, TrustedTime};
pub use verdict::{
    CertificateLogged, CertificateSeen, Logged, SignerSeen, Subject, Verdict, Vouched,
};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
