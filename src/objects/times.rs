//! Integrated times: when the entries of a bundle entered the log (`time/<N>[.p/<W>]`).
//!
//! A file has eight bytes for each entry of the bundle with the same number and width: a big-endian
//! number of seconds since 1970, or 0 for an entry from before the log kept times. The clock is the
//! leader's. It decides nothing (I11), and the tree does not commit to it; what vouches for a time
//! is a signed entry timestamp, and the revisions of the lookup index commit to the files.
//!
//! Invariants: times never decrease, over all files of a log; zeros come first. A partial file's
//! bytes are a prefix of those of every wider file at the same place.

use std::num::NonZeroU64;

use tiles_spec::{TILE_WIDTH_MAX, TileWidth};

/// The size of one time in a file.
pub const TIME_BYTES: usize = 8;

/// When an entry entered the log: seconds since 1970, from 1 to 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntegratedTime(NonZeroU64);

impl IntegratedTime {
    /// `None` if it is not in range.
    pub const fn new(seconds: u64) -> Option<Self> {
        match NonZeroU64::new(seconds) {
            Some(seconds) if seconds.get() <= i64::MAX.cast_unsigned() => Some(Self(seconds)),
            _ => None,
        }
    }

    /// Seconds since 1970.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

/// The times of the entries of one bundle, in order: 1 to 256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times(Vec<Option<IntegratedTime>>);

/// Why bytes are not a file of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimesError {
    /// Not eight bytes for each entry.
    #[error("{actual} bytes of times for {width} entries, not {}", width.as_usize() * TIME_BYTES)]
    Length {
        /// The number of entries.
        width: TileWidth,
        /// The number of bytes found.
        actual: usize,
    },
    /// A time is beyond the largest one.
    #[error("the time of entry {0} is out of range")]
    OutOfRange(usize),
    /// An entry is older than the one before it.
    #[error("entry {0} is earlier than the one before it")]
    Decreases(usize),
}

impl Times {
    /// Reads the times of exactly `width` entries.
    pub fn decode(bytes: &[u8], width: TileWidth) -> Result<Self, TimesError> {
        if bytes.len() != width.as_usize() * TIME_BYTES {
            return Err(TimesError::Length { width, actual: bytes.len() });
        }
        let (fields, _) = bytes.as_chunks::<TIME_BYTES>();
        let mut times: Vec<Option<IntegratedTime>> = Vec::with_capacity(fields.len());
        for (at, field) in fields.iter().enumerate() {
            let seconds = u64::from_be_bytes(*field);
            let time = IntegratedTime::new(seconds);
            if time.is_none() && seconds != 0 {
                return Err(TimesError::OutOfRange(at));
            }
            if times.last().is_some_and(|before| time < *before) {
                return Err(TimesError::Decreases(at));
            }
            times.push(time);
        }
        Ok(Self(times))
    }

    /// The bytes of the file.
    pub fn encode(times: &[Option<IntegratedTime>]) -> Vec<u8> {
        let seconds = times.iter().map(|time| time.map_or(0, IntegratedTime::get));
        seconds.flat_map(u64::to_be_bytes).collect()
    }

    /// The times, in the order of the entries; `None` for entries from before the log kept times.
    pub fn get(&self) -> &[Option<IntegratedTime>] {
        &self.0
    }
}

const _: () = assert!(TILE_WIDTH_MAX == 256, "the documentation says so");

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: u64) -> Option<IntegratedTime> {
        IntegratedTime::new(seconds)
    }

    fn width(entries: usize) -> TileWidth {
        TileWidth::new(u16::try_from(entries).expect("few")).expect("at least one")
    }

    #[test]
    fn files_are_read_back() {
        let times =
            vec![None, None, time(1_780_000_000), time(1_780_000_000), time(i64::MAX as u64)];
        let bytes = Times::encode(&times);
        assert_eq!(bytes.len(), 40);
        assert_eq!(bytes[16..24], 1_780_000_000_u64.to_be_bytes());
        assert_eq!(Times::decode(&bytes, width(5)), Ok(Times(times)));
    }

    #[test]
    fn bytes_that_are_no_times_are_refused() {
        let of = |seconds: &[u64]| -> Vec<u8> {
            seconds.iter().flat_map(|seconds| seconds.to_be_bytes()).collect()
        };
        let refused = |bytes: &[u8], entries| Times::decode(bytes, width(entries)).unwrap_err();
        assert_eq!(refused(&of(&[1, 2]), 3), TimesError::Length { width: width(3), actual: 16 });
        assert_eq!(
            refused(&of(&[1, 2])[1..], 2),
            TimesError::Length { width: width(2), actual: 15 }
        );
        assert_eq!(refused(&of(&[1, 1 << 63]), 2), TimesError::OutOfRange(1));
        assert_eq!(refused(&of(&[0, 3, 3, 2]), 4), TimesError::Decreases(3));
        assert_eq!(refused(&of(&[3, 0]), 2), TimesError::Decreases(1));
    }
}
