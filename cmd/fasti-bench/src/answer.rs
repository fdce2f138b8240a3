//! Scans an HTTP/1.1 answer: the status, the few header fields a load generator acts on, and the
//! body (RFC 9112 with Content-Length or chunked framing).
//!
//! Invariants: whether an answer is complete does not depend on the pieces it arrived in; nothing
//! is copied unless the body is chunked; head and body are bounded. Answers that end with the
//! connection are refused, because a truncated body would look complete.

use std::borrow::Cow;

use thiserror::Error;

/// One complete answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The three-digit status.
    pub status: u16,
    /// `Retry-After` in seconds; a date or anything else unreadable counts as absent.
    pub retry_after: Option<u64>,
    /// `x-log-index`, which Rekor v2 sends with a 409.
    pub log_index: Option<u64>,
    /// Whether the connection can carry another request.
    pub keep_alive: bool,
    /// Whether `Content-Encoding` is gzip.
    pub gzip: bool,
    /// The body, without chunk framing.
    pub body: Cow<'a, [u8]>,
    /// How many bytes of the input the answer took.
    pub length: usize,
}

/// Why bytes are not an answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum Malformed {
    /// The first line is not `HTTP/1.x NNN ...`.
    #[error("no HTTP/1 status line")]
    StatusLine,
    /// The head is longer than its bound.
    #[error("head too long")]
    HeadTooLong,
    /// Neither `Content-Length` nor chunked.
    #[error("no body length")]
    NoLength,
    /// An unreadable `Content-Length`.
    #[error("bad content-length")]
    BadLength,
    /// Broken chunk framing.
    #[error("bad chunk")]
    BadChunk,
    /// The body exceeds the caller's bound.
    #[error("body too long")]
    BodyTooLong,
    /// Bytes after the answer, although nothing else was requested.
    #[error("bytes nobody asked for")]
    Unasked,
}

/// Scans the answer at the start of `input`; `None` when more bytes are needed.
pub fn scan(input: &[u8], body_max: usize) -> Result<Option<Answer<'_>>, Malformed> {
    let Some((head, head_length)) = scan_head(input)? else { return Ok(None) };
    let rest = &input[head_length..];
    let framed = match head.framing {
        Framing::Length(length) if length > body_max => return Err(Malformed::BodyTooLong),
        Framing::Length(length) => rest.get(..length).map(|body| (Cow::Borrowed(body), length)),
        Framing::Chunked => unchunk(rest, body_max)?.map(|(body, n)| (Cow::Owned(body), n)),
        Framing::Unknown => return Err(Malformed::NoLength),
    };
    Ok(framed.map(|(body, body_length)| Answer {
        status: head.status,
        retry_after: head.retry_after,
        log_index: head.log_index,
        keep_alive: head.keep_alive,
        gzip: head.gzip,
        body,
        length: head_length + body_length,
    }))
}

/// The index in an opaque answer: the first line, decimal digits only.
pub fn opaque_index(body: &[u8]) -> Option<u64> {
    decimal(body.split(|&b| b == b'\n').next()?)
}

/// The index in a TransparencyLogEntry or in Rekor v1's LogEntry: the first `"logIndex"`, a number
/// or a string of digits.
pub fn rekor_index(body: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"logIndex\"";
    let at = body.windows(NAME.len()).position(|window| window == NAME)?;
    let value = body[at + NAME.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    decimal(&value[..digits])
}

enum Framing {
    Length(usize),
    Chunked,
    Unknown,
}

struct Head {
    status: u16,
    framing: Framing,
    retry_after: Option<u64>,
    log_index: Option<u64>,
    keep_alive: bool,
    gzip: bool,
}

/// Returns the head and its length including the empty line, or `None` if it has not ended yet.
fn scan_head(input: &[u8]) -> Result<Option<(Head, usize)>, Malformed> {
    let Some((first, mut at)) = line(input, 0)? else { return Ok(None) };
    let (keep_alive, status) = status_line(first).ok_or(Malformed::StatusLine)?;
    let framing = if status == 204 { Framing::Length(0) } else { Framing::Unknown };
    let (retry_after, log_index, gzip) = (None, None, false);
    let mut head = Head { status, framing, retry_after, log_index, keep_alive, gzip };
    loop {
        let Some((field, next)) = line(input, at)? else { return Ok(None) };
        at = next;
        if field.is_empty() {
            return Ok(Some((head, at)));
        }
        head.take_field(field)?;
    }
}

impl Head {
    fn take_field(&mut self, field: &[u8]) -> Result<(), Malformed> {
        // Most fields can be told apart by the length of their names.
        let Some(colon) = field.iter().position(|&b| b == b':') else { return Ok(()) };
        let (name, value) = (&field[..colon], field[colon + 1..].trim_ascii());
        match colon {
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = decimal(value).and_then(|n| usize::try_from(n).ok());
                self.framing = Framing::Length(length.ok_or(Malformed::BadLength)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.framing = Framing::Chunked;
            }
            16 if name.eq_ignore_ascii_case(b"content-encoding") => {
                self.gzip = value.eq_ignore_ascii_case(b"gzip");
            }
            11 if name.eq_ignore_ascii_case(b"retry-after") => self.retry_after = decimal(value),
            11 if name.eq_ignore_ascii_case(b"x-log-index") => self.log_index = decimal(value),
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.keep_alive = !value.eq_ignore_ascii_case(b"close");
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether the version keeps connections by default, and the status.
fn status_line(line: &[u8]) -> Option<(bool, u16)> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let (minor, rest) = rest.split_first()?;
    let (space, rest) = rest.split_first()?;
    let digits = rest.get(..3).filter(|_| *space == b' ')?;
    if rest.get(3).is_some_and(|&b| b != b' ') {
        return None;
    }
    let status = u16::try_from(decimal(digits)?).ok().filter(|s| *s >= 200)?;
    Some((*minor != b'0', status))
}

/// Returns the line that starts at `start`, without its ending, and where the next one starts.
fn line(input: &[u8], start: usize) -> Result<Option<(&[u8], usize)>, Malformed> {
    let Some(end) = input[start..].iter().position(|&b| b == b'\n') else {
        return if input.len() > HEAD_BYTES_MAX { Err(Malformed::HeadTooLong) } else { Ok(None) };
    };
    let line = &input[start..start + end];
    let next = start + end + 1;
    if next > HEAD_BYTES_MAX {
        return Err(Malformed::HeadTooLong);
    }
    Ok(Some((line.strip_suffix(b"\r").unwrap_or(line), next)))
}

/// Returns a chunked body and the length of its framed form, or `None` if it has not ended yet.
fn unchunk(framed: &[u8], body_max: usize) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some((size, start)) = chunk_line(framed, at) else { return Ok(None) };
        let size = size.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
        let size = hexadecimal(size).ok_or(Malformed::BadChunk)?;
        if size > body_max - body.len() {
            return Err(Malformed::BodyTooLong);
        }
        at = start;
        if size == 0 {
            break;
        }
        let Some(chunk) = framed.get(at..at + size + 2) else { return Ok(None) };
        let data = chunk.strip_suffix(b"\r\n").ok_or(Malformed::BadChunk)?;
        body.extend_from_slice(data);
        at += size + 2;
    }
    // Trailer fields, if any, end with an empty line too.
    while let Some((trailer, next)) = chunk_line(framed, at) {
        at = next;
        if trailer.is_empty() {
            return Ok(Some((body, at)));
        }
    }
    Ok(None)
}

fn chunk_line(input: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let end = input[start..].iter().position(|&b| b == b'\n')?;
    let line = &input[start..start + end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), start + end + 1))
}

/// Digits only, and a value that fits.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0usize, |value, b| {
        let digit = char::from(*b).to_digit(16)?;
        Some(value << 4 | digit as usize)
    })
}

/// Far above what any log sends.
const HEAD_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests;
