//! Times in certificates: UTCTime and GeneralizedTime (RFC 5280, section 4.1.2.5). Go also accepts
//! a few more forms, and so does this module: UTCTime without seconds, and a UTC offset in place of
//! `Z`.

use super::element::{Elements, Fault};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SECONDS_A_DAY: i64 = 86_400;

/// Parses a time into seconds since 1970.
pub(super) fn read(elements: &mut Elements<'_>, fault: Fault) -> Result<i64, Fault> {
    let element = elements.any().ok_or(fault)?;
    let moment = match element.tag {
        UTC_TIME => utc_time(element.content),
        GENERALIZED_TIME => generalized_time(element.content),
        _ => None,
    };
    moment.ok_or(fault)
}

fn utc_time(text: &[u8]) -> Option<i64> {
    let mut text = Text(text);
    let year = match text.two_digits(0..=99)? {
        year @ 50.. => 1900 + year,
        year => 2000 + year,
    };
    text.rest_of_moment(year, true)
}

fn generalized_time(text: &[u8]) -> Option<i64> {
    let mut text = Text(text);
    let year = 100 * text.two_digits(0..=99)? + text.two_digits(0..=99)?;
    text.rest_of_moment(year, false)
}

struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn two_digits(&mut self, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(2)?;
        self.0 = rest;
        let digits = digits.iter().all(u8::is_ascii_digit).then_some(digits)?;
        let number = i64::from(10 * (digits[0] - b'0') + digits[1] - b'0');
        range.contains(&number).then_some(number)
    }

    /// Parses everything from the month to the zone.
    fn rest_of_moment(&mut self, year: i64, may_lack_seconds: bool) -> Option<i64> {
        let month = self.two_digits(1..=12)?;
        let day = self.two_digits(1..=days_in(month, year))?;
        let (hour, minute) = (self.two_digits(0..=23)?, self.two_digits(0..=59)?);
        let lacks_seconds = may_lack_seconds && !self.0.first().is_some_and(u8::is_ascii_digit);
        let second = if lacks_seconds { 0 } else { self.two_digits(0..=59)? };
        let zone = self.zone()?;
        let days = days_since_1970(year, month, day);
        Some(days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - zone)
    }

    /// Seconds ahead of UTC. A zero offset must be written as `Z`.
    fn zone(&mut self) -> Option<i64> {
        let (sign, rest) = self.0.split_first()?;
        self.0 = rest;
        let sign = match sign {
            b'Z' => return rest.is_empty().then_some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let seconds = self.two_digits(0..=24)? * 3600 + self.two_digits(0..=59)? * 60;
        (seconds != 0 && self.0.is_empty()).then_some(sign * seconds)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 in the Gregorian calendar, for years from 0 on.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let whole_years = year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let months: i64 = (1..month).map(|month| days_in(month, year)).sum();
    whole_years + months + day - 1 - 719_528
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(tag: u8, text: &str) -> Option<i64> {
        let der = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        read(&mut Elements::of(&der), "fault").ok()
    }

    #[test]
    fn moments_of_both_forms() {
        for (text, seconds) in [
            ("700101000000Z", Some(0)),
            ("691231235959Z", Some(-1)),
            ("500101000000Z", Some(-631_152_000)),
            ("491231235959Z", Some(2_524_607_999)),
            ("000229000000Z", Some(951_782_400)),
            ("520229000000Z", Some(-562_982_400)),
            ("2603040506Z", Some(1_772_600_760)),
            ("260304050607Z", Some(1_772_600_767)),
            ("260304050607+0130", Some(1_772_595_367)),
            ("2603040506-2459", Some(1_772_690_700)),
            ("260229000000Z", None),
            ("260304050607", None),
            ("260304050607+0000", None),
            ("260304050607-0000", None),
            ("260304050607+0060", None),
            ("260304050607+2500", None),
            ("260304050607.5Z", None),
            ("260304050660Z", None),
            ("260304246000Z", None),
            ("26030405067Z", None),
            ("260304050607z", None),
            ("260304050607ZZ", None),
            ("261304050607Z", None),
            ("260300050607Z", None),
            ("+60304050607Z", None),
            ("", None),
        ] {
            assert_eq!(moment(UTC_TIME, text), seconds, "{text}");
        }
        for (text, seconds) in [
            ("19700101000000Z", Some(0)),
            ("00000101000000Z", Some(-62_167_219_200)),
            ("99991231235959Z", Some(253_402_300_799)),
            ("19000228235959Z", Some(-2_203_891_201)),
            ("19000229000000Z", None),
            ("20000229000000-0001", Some(951_782_460)),
            ("202603040506Z", None),
            ("20260304050607", None),
            ("-0260304050607Z", None),
        ] {
            assert_eq!(moment(GENERALIZED_TIME, text), seconds, "{text}");
        }
        assert_eq!(moment(0x16, "260304050607Z"), None);
    }
}
