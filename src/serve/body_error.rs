//! Why the body of a request was not read.

use std::time::Duration;

use super::shares::Full;

/// Why a body was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is too long.
    #[error("the body is longer than {max} bytes")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// It did not arrive in time.
    #[error("the body did not arrive within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// It arrives too slowly.
    #[error("the body arrived at less than {least} bytes per second")]
    StandsStill {
        /// The limit.
        least: u32,
    },
    /// It broke off.
    #[error("the body broke off: {0}")]
    Broken(String),
    /// It is encoded.
    #[error("Content-Encoding {0:?} is not supported on requests; send the body unencoded")]
    Encoded(String),
    /// There is no memory for it.
    #[error("the server is busy; try again")]
    NoRoom,
}

impl From<Full> for BodyError {
    fn from(_: Full) -> Self {
        Self::NoRoom
    }
}

impl BodyError {
    /// Whether it was late or slow.
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::TooSlow(_) | Self::StandsStill { .. })
    }

    /// Whether its rest is not worth waiting for.
    pub fn is_lost(&self) -> bool {
        self.is_slow() || matches!(self, Self::Broken(_))
    }
}
