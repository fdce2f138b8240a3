//! Timestamp authorities: who says when a signature was made (RFC 3161).
//!
//! [`fasti_x509::TimestampAuthority`] judges their certificates. Here is for how long the caller
//! trusts them, both ends included.

use fasti_read::window::Window;
use fasti_x509::{ChainError, Timestamp};
use time::OffsetDateTime;

use super::refusal::Refusal;
use super::trusted_time::{TimeSource, TrustedTime};

/// An authority whose timestamps the caller trusts.
#[derive(Clone, Debug)]
pub struct TimestampAuthority {
    certificates: fasti_x509::TimestampAuthority,
    in_use: Window,
}

impl TimestampAuthority {
    /// An authority with these certificates, in any order, trusted for a span of time. At least one
    /// of them can issue others.
    pub fn new(certificates: &[Vec<u8>], in_use: Window) -> Result<Self, ChainError> {
        let certificates = fasti_x509::TimestampAuthority::new(certificates)?;
        Ok(Self { certificates, in_use })
    }

    /// The authority's name.
    pub fn name(&self) -> String {
        self.certificates.name()
    }

    /// Whether a timestamp claims to be its.
    pub(super) fn claims(&self, timestamp: &Timestamp<'_>) -> bool {
        self.certificates.claims(timestamp)
    }

    /// The time in a timestamp that it made for this signature.
    pub(super) fn verify(
        &self,
        timestamp: &Timestamp<'_>,
        signature: &[u8],
    ) -> Result<TrustedTime, Refusal> {
        self.certificates.verify(timestamp, signature).map_err(Refusal::Timestamp)?;
        let source = TimeSource::TimestampAuthority(self.name());
        let time = TrustedTime { seconds: timestamp.seconds, source };
        let is_in_use = OffsetDateTime::from_unix_timestamp(time.seconds).is_ok_and(|moment| {
            self.in_use.overlaps(&Window { from: Some(moment), until: Some(moment) })
        });
        if is_in_use { Ok(time) } else { Err(Refusal::TimeNotInUse { time, in_use: self.in_use }) }
    }
}
