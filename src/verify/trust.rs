//! Whom a verifier trusts: the keys of logs and witnesses, and authorities for certificates and
//! timestamps.

use fasti_read::Trust;

use super::authority::Authority;
use super::certificate_log::CertificateLog;
use super::timestamp_authority::TimestampAuthority;
use super::v1_log::V1Log;

/// Everyone a verifier trusts.
#[derive(Clone, Debug, Default)]
pub struct TrustedRoot {
    /// The keys of logs and witnesses.
    pub trust: Trust,
    /// The keys of logs of Rekor v1. A log can be of both versions, with one key.
    pub rekor_v1: Vec<V1Log>,
    /// Authorities that can issue certificates for signing.
    pub authorities: Vec<Authority>,
    /// Authorities that can say when a signature was made.
    pub timestamp_authorities: Vec<TimestampAuthority>,
    /// Logs of the certificates that some of the authorities issue.
    pub certificate_logs: Vec<CertificateLog>,
    /// The parts of a trusted root that cannot be used, and why. Nothing rests on them.
    pub left_out: Vec<String>,
}

/// Trust in keys, for logs of either version, and in no authority.
impl From<Trust> for TrustedRoot {
    fn from(trust: Trust) -> Self {
        Self { rekor_v1: V1Log::of(&trust), trust, ..Self::default() }
    }
}
