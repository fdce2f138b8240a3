//! Limits of the server, and the bounded reading of request bodies (I12).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use hyper::body::Body;

use super::problem::Problem;

/// What one client may take of the server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of a Rekor request's body.
    pub rekor_body_bytes_max: usize,
    /// Time for a request's head to arrive, and for a kept-alive connection to be idle.
    pub head_timeout: Duration,
    /// Time for a request's body to arrive.
    pub body_timeout: Duration,
    /// Most connections at once.
    pub connections_max: usize,
    /// Most submissions that are being verified or wait for it.
    pub verifying_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rekor_body_bytes_max: 4 << 20,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            connections_max: 8192,
            verifying_max: 4096,
        }
    }
}

/// Reads a body of at most `max` bytes within `timeout`. A length that is announced is believed
/// before anything is read, and never after.
pub async fn read_body<B>(
    request: Request<B>,
    max: usize,
    timeout: Duration,
) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    refuse_encoded(request.headers())?;
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > max as u64) {
        return Err(Problem::BodyTooLarge { max });
    }
    let read = collect(request.into_body(), max);
    tokio::time::timeout(timeout, read).await.unwrap_or(Err(Problem::BodyTooSlow(timeout)))
}

fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Problem::ContentEncoding(String::from_utf8_lossy(coding.as_bytes()).into_owned()))
        }
        _ => Ok(()),
    }
}

async fn collect<B>(mut body: B, max: usize) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::BodyBroken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + more.len() + data.len() > max {
            return Err(Problem::BodyTooLarge { max });
        }
        // Most bodies come in one piece, which is passed on without a copy.
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            more.extend_from_slice(&std::mem::take(&mut first));
            more.extend_from_slice(&data);
        }
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}
