//! Represents an object as a client wants it: whole or in part, compressed or not, or not at all
//! because the client has it already (RFC 9110 sections 8, 12, 13, 14).

use std::ops::Range;

use bytes::Bytes;
use fasti_seams::gzip::{Effort, gzip};
use fasti_store::ObjectPath;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderValue, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};
use http::{HeaderMap, Method, Response, StatusCode, request};
use http_body_util::Full;
use sha2::{Digest, Sha256};

use super::problem::{HttpResponse, Problem};

/// Higher levels cost more than they save on a local network.
const ZSTD_LEVEL: i32 = 1;

/// A representation's coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Uncompressed.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// An object's bytes in a coding. Each coding of an object has its own ETag.
#[derive(Debug)]
pub struct Representation {
    /// The bytes, in `coding` once [`encode`](Self::encode) has been called.
    pub bytes: Bytes,
    coding: Coding,
    etag: String,
}

impl Representation {
    /// Creates the representation in `coding` of `bytes`, which are not compressed yet.
    pub fn new(bytes: Bytes, coding: Coding) -> Self {
        let digest = hex::encode(&Sha256::digest(&bytes)[..16]);
        let etag = match coding.name() {
            None => format!("\"{digest}\""),
            Some(name) => format!("\"{digest}-{name}\""),
        };
        Self { bytes, coding, etag }
    }

    /// Creates the representation of an immutable object that is already in `coding`. Its ETag is
    /// derived from its path and coding.
    pub fn packed(bytes: Bytes, coding: Coding, path: &ObjectPath) -> Self {
        Self { bytes, coding, etag: packed_etag(path, coding) }
    }

    /// Compresses the bytes, unless the coding is the identity.
    pub fn encode(self) -> Self {
        let bytes = match self.coding {
            Coding::Identity => self.bytes,
            coding => coding.pack(&self.bytes).into(),
        };
        Self { bytes, ..self }
    }

    /// Whether the client has it already.
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        is_known(&self.etag, headers)
    }

    /// The answer to a request for it.
    pub fn answer(self, head: &request::Parts) -> Result<HttpResponse, Problem> {
        let length = self.bytes.len();
        let wanted = Wanted::of(head, &self.etag, length)?;
        let bytes = match wanted {
            Wanted::Nothing => Bytes::new(),
            Wanted::Whole => self.bytes,
            Wanted::Part(ref range) => self.bytes.slice(range.clone()),
        };
        let mut answer = wanted.answer(bytes, &self.etag, length);
        if let (Wanted::Whole, Some(name)) = (wanted, self.coding.name()) {
            answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        Ok(answer)
    }
}

/// What a client wants of an object with a given ETag and length.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: the client has it already.
    Nothing,
    /// All of it.
    Whole,
    /// These bytes of it, at least one.
    Part(Range<usize>),
}

impl Wanted {
    /// What a request asks for.
    pub fn of(head: &request::Parts, etag: &str, length: usize) -> Result<Self, Problem> {
        if is_known(etag, &head.headers) {
            return Ok(Self::Nothing);
        }
        let wanted = head.headers.get(IF_RANGE);
        let is_current = wanted.is_none_or(|value| value.as_bytes() == etag.as_bytes());
        let range = range(head).filter(|_| is_current).and_then(|value| value.to_str().ok());
        match range.and_then(|range| parse_range(range, length)) {
            None => Ok(Self::Whole),
            Some(Ok(range)) => Ok(Self::Part(range)),
            Some(Err(())) => Err(Problem::Range { length }),
        }
    }

    /// The answer with these bytes, which must be those that are wanted.
    pub fn answer(&self, bytes: Bytes, etag: &str, length: usize) -> HttpResponse {
        let mut answer = Response::new(Full::new(bytes));
        let value = |text: &str| HeaderValue::try_from(text).expect("the values are ASCII");
        match self {
            Self::Nothing => *answer.status_mut() = StatusCode::NOT_MODIFIED,
            Self::Whole => {}
            Self::Part(Range { start, end }) => {
                *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
                let said = value(&format!("bytes {start}-{}/{length}", end - 1));
                answer.headers_mut().insert(CONTENT_RANGE, said);
            }
        }
        answer.headers_mut().insert(ETAG, value(etag));
        answer
    }
}

/// The ETag of an object that never changes, in a coding.
pub fn packed_etag(path: &ObjectPath, coding: Coding) -> String {
    let digest = hex::encode(&Sha256::digest(path.as_str())[..16]);
    format!("\"{digest}-{}\"", coding.name().unwrap_or_default())
}

/// Whether a client says that it has an object with exactly this ETag (not `*`).
pub fn names(etag: &str, headers: &HeaderMap) -> bool {
    is_known(etag, headers) && !is_known("*", headers)
}

fn is_known(etag: &str, headers: &HeaderMap) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = lists.flat_map(|list| list.split(',')).map(str::trim);
    known.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The requested range. Only GET has ranges (RFC 9110 section 14.2).
pub fn range(head: &request::Parts) -> Option<&HeaderValue> {
    head.headers.get(RANGE).filter(|_| head.method == Method::GET)
}

/// Parses a single range of bytes (RFC 9110 section 14.2). Returns `None` for anything that can be
/// ignored (other units, several ranges, no range), and an error for a range beyond the end.
fn parse_range(value: &str, length: usize) -> Option<Result<Range<usize>, ()>> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok());
    let range = match (first, last) {
        ("", last) => length.saturating_sub(number(last)??)..length,
        (first, "") => number(first)??..length,
        (first, last) => {
            let (first, last): (usize, usize) = (number(first)??, number(last)??);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(if range.start < range.end { Ok(range) } else { Err(()) })
}

impl Coding {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }

    /// `bytes` in this coding.
    pub fn pack(self, bytes: &[u8]) -> Vec<u8> {
        const IN_MEMORY: &str = "compressing to memory does not fail";
        match self {
            Self::Identity => bytes.to_vec(),
            Self::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL).expect(IN_MEMORY),
            Self::Gzip => gzip(bytes, Effort::Quick),
        }
    }

    /// Whether the client accepts this coding.
    pub fn is_accepted(self, headers: &HeaderMap) -> bool {
        let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
        self.name().is_none_or(|coding| {
            values.flat_map(|value| value.split(',')).any(|item| {
                let mut parts = item.split(';').map(str::trim);
                let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
                let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse::<f32>().ok());
                named && weight.unwrap_or(1.0) > 0.0
            })
        })
    }

    /// The best coding that the client names with a weight above zero; zstd before gzip.
    pub fn negotiate(headers: &HeaderMap) -> Self {
        let best = [Self::Zstd, Self::Gzip].into_iter().find(|coding| coding.is_accepted(headers));
        best.unwrap_or(Self::Identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_single_and_in_bounds() {
        let cases = [
            ("bytes=0-0", Some(Ok(0..1))),
            ("bytes=2-5", Some(Ok(2..6))),
            ("bytes=2-", Some(Ok(2..10))),
            ("bytes=-3", Some(Ok(7..10))),
            ("bytes=-30", Some(Ok(0..10))),
            ("bytes=5-99", Some(Ok(5..10))),
            ("bytes=10-", Some(Err(()))),
            ("bytes=-0", Some(Err(()))),
            ("bytes=5-2", None),
            ("bytes=0-1,4-5", None),
        ];
        for (value, expected) in cases {
            assert_eq!(parse_range(value, 10), expected, "{value}");
        }
        assert_eq!(parse_range("lines=0-1", 10), None);
        assert_eq!(parse_range("bytes=+1-2", 10), None);
    }

    #[test]
    fn codings_are_negotiated_by_weight() {
        let negotiated = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(value).expect("ascii"));
            Coding::negotiate(&headers)
        };
        assert_eq!(negotiated("gzip, identity"), Coding::Gzip);
        assert_eq!(negotiated("gzip, zstd;q=0.5"), Coding::Zstd);
        assert_eq!(negotiated("gzip;q=0, zstd;q=0.0"), Coding::Identity);
        assert_eq!(negotiated("br"), Coding::Identity);
    }
}
