//! A time window: when a key, a certificate or a service was or will be in use.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time window, both ends included. An end that is `None` is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The beginning.
    pub from: Option<OffsetDateTime>,
    /// The end.
    pub until: Option<OffsetDateTime>,
}

/// Why a text is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// Not a time.
    #[error("{text:?} is not an RFC 3339 time, such as 2027-01-01T00:00:00Z: {reason}")]
    Time {
        /// The text.
        text: String,
        /// Why not.
        reason: String,
    },
    /// It ends before it begins.
    #[error("it ends at {until}, before it begins at {from}")]
    Backwards {
        /// The beginning.
        from: OffsetDateTime,
        /// The end.
        until: OffsetDateTime,
    },
}

impl Window {
    /// Parses the two ends, either of which can be missing.
    pub fn parse(from: Option<&str>, until: Option<&str>) -> Result<Self, WindowError> {
        let window = Self { from: time(from)?, until: time(until)? };
        match (window.from, window.until) {
            (Some(from), Some(until)) if until < from => {
                Err(WindowError::Backwards { from, until })
            }
            _ => Ok(window),
        }
    }

    /// Whether the two windows have a moment in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_in_time = |one: &Self, two: &Self| match (one.from, two.until) {
            (Some(from), Some(until)) => from <= until,
            _ => true,
        };
        begins_in_time(self, other) && begins_in_time(other, self)
    }

    /// Whether the window excludes some time at which something here could have been signed.
    pub fn is_bounded(&self) -> bool {
        self.until.is_some() || self.from.is_some_and(|from| from > OffsetDateTime::UNIX_EPOCH)
    }
}

fn time(text: Option<&str>) -> Result<Option<OffsetDateTime>, WindowError> {
    let Some(text) = text else { return Ok(None) };
    OffsetDateTime::parse(text, &Rfc3339).map(Some).map_err(|error| WindowError::Time {
        text: text.chars().take(64).collect(),
        reason: error.to_string(),
    })
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date =
            |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_else(|_| time.to_string());
        match (self.from.map(date), self.until.map(date)) {
            (None, None) => f.write_str("at any time"),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(until)) => write!(f, "until {until}"),
            (Some(from), Some(until)) if from == until => write!(f, "at {from}"),
            (Some(from), Some(until)) => write!(f, "from {from} until {until}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(from: u16, until: u16) -> Window {
        let day = |year: u16| (year > 0).then(|| format!("{year}-01-01T00:00:00Z"));
        Window::parse(day(from).as_deref(), day(until).as_deref()).unwrap()
    }

    #[test]
    fn windows_overlap_where_there_is_a_moment_in_both() {
        for (one, other, overlap) in [
            (year(2025, 2026), year(2026, 2027), true),
            (year(2025, 2026), year(2027, 2028), false),
            (year(2025, 2028), year(2026, 2027), true),
            (year(0, 2026), year(2025, 0), true),
            (year(0, 2026), year(2027, 0), false),
            (year(0, 0), year(2026, 2026), true),
        ] {
            assert_eq!(one.overlaps(&other), overlap, "{one}, {other}");
            assert_eq!(other.overlaps(&one), overlap, "{other}, {one}");
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        assert!(matches!(Window::parse(Some("now"), None), Err(WindowError::Time { .. })));
        let backwards = Window::parse(Some("2027-01-01T00:00:00Z"), Some("2026-01-01T00:00:00Z"));
        assert!(matches!(backwards, Err(WindowError::Backwards { .. })));
        assert!(!year(1970, 0).is_bounded() && year(2026, 0).is_bounded());
    }
}
