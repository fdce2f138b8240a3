//! Origins: the names of logs.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::note::name::KeyName;

/// Maximum length of an origin in bytes: signatures that cover it store its length in one byte.
const ORIGIN_BYTES_MAX: usize = 255;

/// Identity of a log, by convention its URL without the scheme: 1 to 255 bytes, no Unicode spaces,
/// no `+`, no control characters. Every origin is a valid key name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// Not a valid origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an origin must be 1 to 255 bytes without spaces, control characters and '+'")]
pub struct OriginError;

impl Origin {
    /// The origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin as a key name. A log's own key should have this name.
    pub fn key_name(&self) -> KeyName {
        self.0.parse().expect("every origin is a key name")
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.len() > ORIGIN_BYTES_MAX || text.parse::<KeyName>().is_err() {
            return Err(OriginError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
