//! A time at which a trusted party saw the signature.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time at which a trusted party saw the signature: it was made then, or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedTime {
    /// In whole seconds since 1970.
    pub seconds: i64,
    /// Who says so.
    pub source: TimeSource,
}

/// Who says when a signature was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeSource {
    /// The timestamp authority with this name (RFC 3161).
    TimestampAuthority(String),
    /// The log of Rekor v1 with this name, which signed when it took the entry.
    Log(String),
}

impl TrustedTime {
    /// The time in RFC 3339.
    pub fn moment(&self) -> String {
        let moment = OffsetDateTime::from_unix_timestamp(self.seconds).ok();
        let text = moment.and_then(|moment| moment.format(&Rfc3339).ok());
        text.unwrap_or_else(|| format!("{} seconds after 1970 began", self.seconds))
    }
}

impl fmt::Display for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimestampAuthority(name) => write!(f, "the timestamp authority {name}"),
            Self::Log(name) => write!(f, "the log {name}"),
        }
    }
}
