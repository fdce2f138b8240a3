//! Offline verification: is this artifact signed, by whom, and is that signature in the log?
//!
//! Verifies a Sigstore bundle ([`bundle()`], any version, with entries of Rekor v1 or v2) or a
//! `.tlog-proof` ([`tlog_proof()`], C2SP tlog-proof). Nothing is fetched.
//!
//! | module | what it is |
//! |---|---|
//! | [`bundle()`], [`any_bundle()`], [`tlog_proof()`], [`check_entry`], [`check_entry_v1`] | the verification of each kind of proof |
//! | [`Demand`], [`Detached`], [`Artifact`] | what the caller brings |
//! | [`TrustedRoot`], [`V1Log`], [`Authority`] | whom the caller trusts: logs, witnesses, certificate authorities |
//! | [`TimestampAuthority`], [`CertificateLog`] | whom else: for times, and for certificates that others can see |
//! | [`TrustedTime`] | when a trusted party saw the signature (`trusted_times` finds all) |
//! | [`Verdict`], [`Refusal`] | what was proved, and what was not checked; or why not |
//! | [`trusted_root`], [`signing_config`] | trust, and where to sign, in Sigstore's formats |
//!
//! Invariants:
//! - A [`Verdict`] exists only if the signature is valid for the artifact, and at least one trusted
//!   log signed a tree that contains exactly this signature with exactly this key at the stated
//!   index. The leaf is rebuilt from the signature, key and artifact, never taken from the proof.
//!   The leaf of a Rekor v1 log cannot be rebuilt; it is taken from the bundle, and all that it
//!   states is compared with signature, key and artifact. In a bundle of version 0.1, such a log's
//!   signed promise to add the leaf to its tree is enough. A verdict states in words what it does
//!   not cover.
//! - What is proved and what the signer only claims are apart in a verdict: [`Verdict::proved`],
//!   [`Verdict::claimed`], [`CertificateSeen::proved`].
//! - An identity is proved by a certificate only if a trusted party saw the signature while the
//!   certificate was valid, unless the caller waives that.
//! - Pure, and built for any target: bytes in, a verdict out. No files, no sockets, no clock: times
//!   are those that certificates and trusted roots state.

mod any_bundle;
mod artifact;
mod authority;
mod bundle;
mod by_then;
mod certificate_log;
mod certificate_seen;
mod check_v1;
mod demand;
mod digest_set;
mod logged;
mod logged_v1;
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
mod v1_log;
mod verdict;

pub use any_bundle::any_bundle;
pub use artifact::{Artifact, NamedDigest, NamedDigestError, digest_name};
pub use authority::{Authority, AuthorityError, issuer_at_start};
pub use bundle::bundle;
pub use certificate_log::{CertificateLog, CertificateLogError};
pub use certificate_seen::{CertificateContent, CertificateLogged, CertificateSeen, Vouched};
pub use check_v1::check_entry_v1;
pub use demand::{Demand, Detached};
pub use logged::check_entry;
pub use logged_v1::{LoggedV1, Promise, V1Tree};
pub use refusal::Refusal;
pub use span::Span;
pub use statement::{StatementError, StatementSeen};
pub use timestamp_authority::TimestampAuthority;
pub use tlog_proof::tlog_proof;
pub use trust::TrustedRoot;
pub use trusted_time::{TimeSource, TrustedTime};
pub use v1_log::{V1Log, numbered_tree};
pub use verdict::{Logged, SignerSeen, Subject, Verdict};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
