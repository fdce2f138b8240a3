//! Reads: `checkpoint`, tiles, entry bundles and `log.json` as any static file server would give
//! them, for local use. C2SP tlog-tiles says which types and lifetimes.
//!
//! Entry bundles are compressed when the client asks for it; everything has an ETag and can be
//! asked for in part.

use std::io::Write;
use std::ops::Range;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE,
    ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use http::{HeaderMap, Method, Response, StatusCode, request};
use http_body_util::Full;
use sha2::{Digest, Sha256};
use tiles_spec::ResourcePath;

use super::problem::{Answer, Problem};
use super::{READ, expect};
use crate::offload::offload;
use crate::store::{ObjectPath, Store};

/// Compressing costs more than it saves on a local network beyond the fast levels.
const GZIP_LEVEL: u32 = 4;
const ZSTD_LEVEL: i32 = 3;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const MUTABLE: &str = "no-cache";

/// A representation's coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// What kind of object is read.
struct Kind {
    content_type: &'static str,
    cache_control: &'static str,
    compressible: bool,
}

/// Answers a read.
pub async fn read(objects: &dyn Store, head: &request::Parts) -> Result<Answer, Problem> {
    let path = head.uri.path();
    let (object_path, kind) = resolve(path)?;
    expect(&head.method, READ)?;
    let headers = &head.headers;
    let object = objects.get(&object_path).await?;
    let bytes = object.ok_or_else(|| Problem::NotFound(path.to_owned()))?.bytes;
    // Only GET has ranges (RFC 9110 section 14.2).
    let range = headers.get(RANGE).filter(|_| head.method == Method::GET);
    let coding =
        if kind.compressible && range.is_none() { negotiate(headers) } else { Coding::Identity };
    let etag = etag(&bytes, coding);
    let mut answer = if is_known(headers, &etag) {
        status(StatusCode::NOT_MODIFIED)
    } else if coding != Coding::Identity {
        compressed(bytes, coding).await
    } else {
        let current = headers.get(IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes());
        plain(bytes, range.filter(|_| current))?
    };
    let out = answer.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        out.insert(name, HeaderValue::from_static(value));
    };
    set(CACHE_CONTROL, kind.cache_control);
    set(ACCEPT_RANGES, "bytes");
    set(CONTENT_TYPE, kind.content_type);
    if kind.compressible {
        set(VARY, "Accept-Encoding");
    }
    if let Ok(value) = HeaderValue::from_str(&etag) {
        out.insert(ETAG, value);
    }
    Ok(answer)
}

/// What a path names, under either prefix.
fn resolve(path: &str) -> Result<(ObjectPath, Kind), Problem> {
    let relative = path.strip_prefix("/api/v2/").or_else(|| path.strip_prefix('/'));
    let relative = relative.unwrap_or_default();
    if relative == "log.json" {
        let kind =
            Kind { content_type: "application/json", cache_control: MUTABLE, compressible: false };
        return Ok((ObjectPath::log_json(), kind));
    }
    if relative != "checkpoint" && !relative.starts_with("tile/") {
        return Err(Problem::NotFound(path.to_owned()));
    }
    let tile = Kind {
        content_type: "application/octet-stream",
        cache_control: IMMUTABLE,
        compressible: false,
    };
    match relative.parse() {
        Ok(ResourcePath::Checkpoint) => {
            let content_type = "text/plain; charset=utf-8";
            let kind = Kind { content_type, cache_control: MUTABLE, compressible: false };
            Ok((ObjectPath::checkpoint(), kind))
        }
        Ok(ResourcePath::Tile(coord)) => Ok((coord.into(), tile)),
        Ok(ResourcePath::Bundle(coord)) => Ok((coord.into(), Kind { compressible: true, ..tile })),
        Err(error) => Err(Problem::BadPath { path: path.to_owned(), reason: error.to_string() }),
    }
}

/// The best coding that the client names with a weight above zero; zstd before gzip.
fn negotiate(headers: &HeaderMap) -> Coding {
    let accepts = |coding: &str| {
        let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|item| {
            let mut parts = item.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
            let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse::<f32>().ok());
            named && weight.unwrap_or(1.0) > 0.0
        })
    };
    match (accepts("zstd"), accepts("gzip")) {
        (true, _) => Coding::Zstd,
        (false, true) => Coding::Gzip,
        (false, false) => Coding::Identity,
    }
}

fn etag(bytes: &[u8], coding: Coding) -> String {
    let digest = hex::encode(&Sha256::digest(bytes)[..16]);
    match coding {
        Coding::Identity => format!("\"{digest}\""),
        Coding::Gzip => format!("\"{digest}-gzip\""),
        Coding::Zstd => format!("\"{digest}-zstd\""),
    }
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = lists.flat_map(|list| list.split(',')).map(str::trim);
    known.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

fn plain(bytes: Bytes, range: Option<&HeaderValue>) -> Result<Answer, Problem> {
    let length = bytes.len();
    let range = range.and_then(|range| parse_range(range.to_str().ok()?, length));
    let Some(range) = range else { return Ok(Response::new(Full::new(bytes))) };
    let range = range.map_err(|()| Problem::Range { length })?;
    let value = format!("bytes {}-{}/{length}", range.start, range.end - 1);
    let mut answer = Response::new(Full::new(bytes.slice(range)));
    *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    if let Ok(value) = HeaderValue::from_str(&value) {
        answer.headers_mut().insert(CONTENT_RANGE, value);
    }
    Ok(answer)
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

/// One range of bytes (RFC 9110 section 14.2). `None` for anything that may be ignored: other
/// units, several ranges, no range; an error for a range beyond the end.
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

async fn compressed(bytes: Bytes, coding: Coding) -> Answer {
    let encoded = offload(move || compress(&bytes, coding)).await;
    let mut answer = Response::new(Full::new(Bytes::from(encoded)));
    let name = if coding == Coding::Zstd { "zstd" } else { "gzip" };
    answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    answer
}

fn compress(bytes: &[u8], coding: Coding) -> Vec<u8> {
    const IN_MEMORY: &str = "compressing to memory does not fail";
    match coding {
        Coding::Identity => bytes.to_vec(),
        Coding::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL).expect(IN_MEMORY),
        Coding::Gzip => {
            let level = flate2::Compression::new(GZIP_LEVEL);
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).expect(IN_MEMORY);
            encoder.finish().expect(IN_MEMORY)
        }
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
            negotiate(&headers)
        };
        assert_eq!(negotiated("gzip, identity"), Coding::Gzip);
        assert_eq!(negotiated("gzip, zstd;q=0.5"), Coding::Zstd);
        assert_eq!(negotiated("gzip;q=0, zstd;q=0.0"), Coding::Identity);
        assert_eq!(negotiated("br"), Coding::Identity);
    }
}
