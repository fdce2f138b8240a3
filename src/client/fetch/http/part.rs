//! The answers to a request for a part of an object (RFC 9110, section 14).
//!
//! A server can answer with the part (206), with the whole object (200), with a different part, or
//! with several parts. Only the first two are useful, and the second only if the part is not too
//! far from the beginning: what comes before it is read and dropped, and nothing after it is read.
//!
//! Invariant: the bytes returned are as many as were requested, and the server either said that
//! they are that part, or sent the object from its beginning.

use std::ops::Range;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderName};

use super::transfer::Transfer;
use crate::fetch::error::FetchError;
use crate::fetch::limits::PART_BYTES_MAX;
use crate::fetch::part_fault::PartFault;

/// The most characters of a server's header that are quoted in a message.
const QUOTE_CHARS_MAX: usize = 64;

/// Reads the part from an answer with status 200, 206 or 416. `bytes` is not empty.
pub(super) async fn read(answer: Transfer<'_>, bytes: &Range<u64>) -> Result<Vec<u8>, FetchError> {
    let body = Body { answer, bytes };
    match body.answer.status() {
        StatusCode::RANGE_NOT_SATISFIABLE => Err(body.fault(PartFault::BeyondEnd)),
        StatusCode::PARTIAL_CONTENT => {
            check(body.answer.headers(), bytes).map_err(|fault| body.fault(fault))?;
            body.read_part().await
        }
        _ => body.read_whole().await,
    }
}

/// Whether the headers say that the body is this part.
fn check(headers: &HeaderMap, bytes: &Range<u64>) -> Result<(), PartFault> {
    let text = |name: HeaderName| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let content_type = text(CONTENT_TYPE).unwrap_or_default().to_lowercase();
    if content_type.trim_start().starts_with("multipart/byteranges") {
        return Err(PartFault::Multipart);
    }
    let said = text(CONTENT_RANGE).ok_or(PartFault::Unnamed)?;
    let other = || PartFault::Other(said.chars().take(QUOTE_CHARS_MAX).collect());
    let Said { first, last, whole } = parse(&said).ok_or_else(other)?;
    if first != bytes.start || last != bytes.end - 1 {
        // Servers cut a part that extends beyond the end of the object.
        let is_cut = first == bytes.start && last < bytes.end && whole == last.checked_add(1);
        return Err(if is_cut { PartFault::BeyondEnd } else { other() });
    }
    if whole.is_some_and(|whole| whole < bytes.end) {
        return Err(other());
    }
    let announced = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    match announced {
        Some(length) if length != bytes.end - bytes.start => Err(PartFault::Length { length }),
        _ => Ok(()),
    }
}

/// The `Content-Range` sent by a server.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    first: u64,
    last: u64,
    /// The length of the object, if the server knows it.
    whole: Option<u64>,
}

fn parse(text: &str) -> Option<Said> {
    let (unit, rest) = text.trim().split_once(' ')?;
    let (range, whole) = rest.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok())?
    };
    let whole = if whole == "*" { None } else { Some(number(whole)?) };
    let said = Said { first: number(first)?, last: number(last)?, whole };
    (unit.eq_ignore_ascii_case("bytes") && said.first <= said.last).then_some(said)
}

/// An answer being read.
struct Body<'a> {
    answer: Transfer<'a>,
    bytes: &'a Range<u64>,
}

impl Body<'_> {
    fn fault(&self, fault: PartFault) -> FetchError {
        FetchError::Part { place: self.answer.place().to_owned(), bytes: self.bytes.clone(), fault }
    }

    /// Reads a body that is the part and nothing else.
    async fn read_part(mut self) -> Result<Vec<u8>, FetchError> {
        let wanted = self.bytes.end - self.bytes.start;
        let mut part = Vec::new();
        while let Some(chunk) = self.answer.chunk().await? {
            part.extend_from_slice(&chunk);
            if part.len() as u64 > wanted {
                return Err(self.fault(PartFault::TooLong));
            }
        }
        match part.len() as u64 {
            length if length < wanted => Err(self.fault(PartFault::BrokenOff { length })),
            _ => Ok(part),
        }
    }

    /// Reads the part from a body that is the object from its beginning.
    async fn read_whole(mut self) -> Result<Vec<u8>, FetchError> {
        if self.bytes.end > PART_BYTES_MAX {
            return Err(self.fault(PartFault::OnlyWhole));
        }
        let (mut before, mut part) = (self.bytes.start, Vec::new());
        let wanted = usize::try_from(self.bytes.end - self.bytes.start).unwrap_or(usize::MAX);
        while let Some(chunk) = self.answer.chunk().await? {
            let skipped = chunk.len().min(usize::try_from(before).unwrap_or(usize::MAX));
            before -= skipped as u64;
            let rest = &chunk[skipped..];
            part.extend_from_slice(&rest[..rest.len().min(wanted - part.len())]);
            if part.len() == wanted {
                return Ok(part);
            }
        }
        Err(self.fault(PartFault::BeyondEnd))
    }
}

#[cfg(test)]
mod tests;
