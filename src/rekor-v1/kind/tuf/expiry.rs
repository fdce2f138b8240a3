//! When metadata expires: a time as RFC 3339 has it.

use std::fmt;

use fasti_entry::quote;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::{KindError, invalid};

/// A moment after which metadata does not count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    time: OffsetDateTime,
    is_utc: bool,
}

impl Expiry {
    /// Reads it.
    pub fn read(text: &str) -> Result<Self, KindError> {
        let time = OffsetDateTime::parse(text, &Rfc3339);
        let time =
            time.map_err(|_| invalid(format!("not a time as in RFC 3339: {}", quote(text))))?;
        Ok(Self { time, is_utc: text.ends_with('Z') })
    }

    /// Whether it is not after a time, in seconds since 1970.
    pub fn is_past(&self, now: u64) -> bool {
        let now = i128::from(now) * 1_000_000_000;
        self.time.unix_timestamp_nanos() <= now
    }
}

/// As Go prints it.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, offset) = (self.time, self.time.offset());
        let (hours, minutes, _) = offset.as_hms();
        let sign = if offset.is_negative() { '-' } else { '+' };
        let zone = format!("{sign}{:02}{:02}", hours.abs(), minutes.abs());
        let fraction = match time.nanosecond() {
            0 => String::new(),
            nanoseconds => format!(".{nanoseconds:09}").trim_end_matches('0').to_owned(),
        };
        let (hour, minute, second) = time.to_hms();
        let name = if self.is_utc { "UTC" } else { &zone };
        write!(f, "{} {hour:02}:{minute:02}:{second:02}{fraction} {zone} {name}", time.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_go_prints_them() {
        for (text, printed) in [
            ("2023-04-18T18:13:43Z", "2023-04-18 18:13:43 +0000 UTC"),
            ("2021-12-18T13:28:12.99008-06:00", "2021-12-18 13:28:12.99008 -0600 -0600"),
            ("2021-12-18T13:28:12.5+05:30", "2021-12-18 13:28:12.5 +0530 +0530"),
        ] {
            assert_eq!(Expiry::read(text).expect("a time").to_string(), printed);
        }
        for bad in ["", "2023-04-18", "2023-04-18T18:13:43", "2023-13-18T18:13:43Z", "soon"] {
            assert!(Expiry::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_moment_itself_is_past() {
        let expiry = Expiry::read("1970-01-01T00:00:10Z").unwrap();
        assert!(!expiry.is_past(9) && expiry.is_past(10) && expiry.is_past(u64::MAX));
        let later = Expiry::read("1970-01-01T00:00:10.1Z").unwrap();
        assert!(!later.is_past(10) && later.is_past(11));
        assert!(Expiry::read("1969-12-31T00:00:00Z").unwrap().is_past(0));
    }
}
