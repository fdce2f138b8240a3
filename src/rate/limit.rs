//! Which limit was reached, and for how long.

use std::time::Duration;

/// Which limit was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Limit {
    /// Submissions of all clients together.
    #[default]
    Global,
    /// Submissions of one client.
    Client,
    /// Bytes of all clients together.
    GlobalBytes,
    /// Bytes of one client.
    ClientBytes,
}

impl Limit {
    /// What there is too much of, in words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Global => "submissions to this log",
            Self::Client => "submissions from your address",
            Self::GlobalBytes => "bytes of submissions to this log",
            Self::ClientBytes => "bytes of submissions from your address",
        }
    }

    /// The name used in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Client => "client",
            Self::GlobalBytes => "global_bytes",
            Self::ClientBytes => "client_bytes",
        }
    }
}

/// Too many submissions, or too many bytes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many {}; try again in {} s", .limit.what(), seconds(*.wait))]
pub struct TooMany {
    /// Which limit it is.
    pub limit: Limit,
    /// How long until the next submission is accepted.
    pub wait: Duration,
}

/// Returns after how many whole seconds, at least one, it is worth trying again.
pub fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}
