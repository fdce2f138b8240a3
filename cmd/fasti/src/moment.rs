//! Moments as people give them on the command line.

use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// A moment: RFC 3339, a date (its first second, in UTC), or seconds since 1970. At the earliest
/// the second of 1970.
pub fn parse(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return if seconds > 0 { Ok(seconds) } else { Err(wrong(text)) };
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| date(text));
    let seconds = moment.and_then(|moment| u64::try_from(moment.unix_timestamp()).ok());
    seconds.filter(|seconds| *seconds > 0).ok_or_else(|| wrong(text))
}

fn date(text: &str) -> Option<OffsetDateTime> {
    let (year, rest) = text.split_at_checked(4)?;
    let [b'-', m1, m2, b'-', d1, d2] = rest.as_bytes() else { return None };
    let two = |a: &u8, b: &u8| std::str::from_utf8(&[*a, *b]).ok()?.parse::<u8>().ok();
    let month = two(m1, m2)?.try_into().ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, two(d1, d2)?).ok()?;
    Some(date.midnight().assume_utc())
}

fn wrong(text: &str) -> String {
    format!("{text:?} is not a time such as 2026-11-30T12:00:00Z, 2026-11-30 or 1780000000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (text, seconds) in [
            ("1", 1),
            ("1780000000", 1_780_000_000),
            ("1970-01-02", 86_400),
            ("2026-11-30T12:00:00Z", 1_796_040_000),
            ("2026-11-30T13:00:00.9+01:00", 1_796_040_000),
            ("2026-11-30", 1_795_996_800),
        ] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        for wrong in ["", "0", "-1", "1969-12-31", "2026-13-01", "2026-02-30", "now", "2026-11-3"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
