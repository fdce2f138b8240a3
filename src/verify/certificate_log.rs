//! Certificate logs: did they promise to include a certificate? (RFC 6962, section 3.)
//!
//! Whoever watches those logs sees every certificate in them, also one that an authority issued to
//! the wrong person. A promise in the certificate is what can be verified offline.

use fasti_read::window::Window;
use fasti_x509::{ArtifactDigest, CertificateTimestamp, HashAlgorithm, PublicKey, X509Error};
use time::OffsetDateTime;

/// A certificate log that the caller trusts.
#[derive(Clone, Debug)]
pub struct CertificateLog {
    name: String,
    /// A DER `SubjectPublicKeyInfo`.
    key: Vec<u8>,
    in_use: Window,
}

/// Why a certificate does not count as logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateLogError {
    /// Its timestamps cannot be read.
    #[error(transparent)]
    Malformed(#[from] X509Error),
    /// It has no timestamps.
    #[error("it has no timestamps of certificate logs")]
    NoTimestamp,
    /// It has none of a trusted log.
    #[error("its timestamps are of logs that are not trusted")]
    UnknownLog,
    /// The log was not trusted when it made the timestamp.
    #[error("the timestamp of {log} is from {made}, but that log is trusted {in_use}")]
    NotInUse {
        /// The log.
        log: String,
        /// When the timestamp was made.
        made: Box<OffsetDateTime>,
        /// When its key is trusted.
        in_use: Box<Window>,
    },
    /// The log did not sign it.
    #[error("the timestamp of {log} was not made by that log for this certificate and issuer")]
    Signature {
        /// The log.
        log: String,
    },
}

impl CertificateLog {
    /// A log with this key, a DER `SubjectPublicKeyInfo`, trusted for a span of time.
    pub fn new(name: String, key: Vec<u8>, in_use: Window) -> Result<Self, X509Error> {
        PublicKey::from_spki_der(&key)?;
        Ok(Self { name, key, in_use })
    }

    /// SHA-256 of its key.
    pub fn id(&self) -> ArtifactDigest {
        ArtifactDigest::of(HashAlgorithm::Sha256, &self.key)
    }

    fn check(
        &self,
        timestamp: &CertificateTimestamp<'_>,
        certificate: &[u8],
        issuer_key: &[u8],
    ) -> Result<(), CertificateLogError> {
        let log = || self.name.clone();
        if !timestamp.is_signed(&self.key, certificate, issuer_key) {
            return Err(CertificateLogError::Signature { log: log() });
        }
        let nanoseconds = i128::from(timestamp.milliseconds) * 1_000_000;
        let made = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
            .map_err(|_| CertificateLogError::Signature { log: log() })?;
        if !self.in_use.overlaps(&Window { from: Some(made), until: Some(made) }) {
            let (made, in_use) = (Box::new(made), Box::new(self.in_use));
            return Err(CertificateLogError::NotInUse { log: log(), made, in_use });
        }
        Ok(())
    }
}

/// The names of the trusted logs that promised to include a certificate that was signed with this
/// key, a DER `SubjectPublicKeyInfo`; at least one. Timestamps of other logs do not count, nor do
/// bad ones beside a good one.
pub(super) fn logs_of(
    certificate: &[u8],
    issuer_key: &[u8],
    logs: &[CertificateLog],
) -> Result<Vec<String>, CertificateLogError> {
    let timestamps = CertificateTimestamp::of(certificate)?;
    if timestamps.is_empty() {
        return Err(CertificateLogError::NoTimestamp);
    }
    let (mut names, mut first) = (Vec::new(), None);
    for timestamp in &timestamps {
        for log in logs.iter().filter(|log| log.id().as_bytes() == timestamp.log_id) {
            match log.check(timestamp, certificate, issuer_key) {
                Ok(()) if names.contains(&log.name) => {}
                Ok(()) => names.push(log.name.clone()),
                Err(error) => first = first.or(Some(error)),
            }
        }
    }
    if names.is_empty() {
        return Err(first.unwrap_or(CertificateLogError::UnknownLog));
    }
    Ok(names)
}
