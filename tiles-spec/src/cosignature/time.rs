//! The time with which every cosignature begins.

use thiserror::Error;

/// Size in bytes of the time before the signature.
const TIME_BYTES: usize = size_of::<u64>();

/// A time above 2^63 - 1 seconds cannot be cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cosignature time {0} is above 2^63 - 1")]
pub struct TimeError(pub u64);

/// Rejects a time that no cosignature can hold.
pub(super) fn check(unix_seconds: u64) -> Result<(), TimeError> {
    i64::try_from(unix_seconds).map(drop).map_err(|_| TimeError(unix_seconds))
}

/// Splits off the time from a signature of `length` bytes.
pub(super) fn split(bytes: &[u8], length: usize) -> Option<(u64, &[u8])> {
    let (time, signature) = bytes.split_first_chunk::<TIME_BYTES>()?;
    let time = u64::from_be_bytes(*time);
    (signature.len() == length && check(time).is_ok()).then_some((time, signature))
}
