//! Limits of the server, and the bounded reading of request bodies (I12).

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// Most bytes of a refused body that are read so that the client gets to read the refusal.
const DISCARD_BYTES_MAX: usize = 16 << 20;

/// What one client may take of the server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of a Rekor request's body.
    pub rekor_body_bytes_max: usize,
    /// Most bytes of all bodies that are being read or verified.
    pub body_memory_bytes_max: usize,
    /// Most bytes of all entry bundles that are on their way to clients.
    pub answer_memory_bytes_max: usize,
    /// Time for a request's head to arrive, and for a connection to be idle.
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
            body_memory_bytes_max: 64 << 20,
            answer_memory_bytes_max: 64 << 20,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            connections_max: 8192,
            verifying_max: 4096,
        }
    }
}

/// A request's body, with its share of the memory for bodies.
#[derive(Debug)]
pub struct ReadBody {
    bytes: Bytes,
    share: OwnedSemaphorePermit,
}

impl ReadBody {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same without its first bytes.
    pub fn without_first(mut self, count: usize) -> Self {
        self.bytes.advance(count);
        self
    }

    /// The bytes, which someone else accounts for from now on.
    pub fn into_bytes(self) -> Bytes {
        drop(self.share);
        self.bytes
    }
}

/// Reads a body of at most `max` bytes within `timeout`, as long as `memory` has room for it. A
/// length that is announced is believed before anything is read, and never after.
pub async fn read_body<B>(
    headers: &HeaderMap,
    body: &mut B,
    max: usize,
    timeout: Duration,
    memory: &Arc<Semaphore>,
) -> Result<ReadBody, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    refuse_encoded(headers)?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > max as u64) {
        return Err(Problem::BodyTooLarge { max });
    }
    let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let read = collect(body, announced, max, memory);
    tokio::time::timeout(timeout, read).await.unwrap_or(Err(Problem::BodyTooSlow(timeout)))
}

fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    match codings.find(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        Some(coding) => Err(Problem::ContentEncoding(String::from_utf8_lossy(coding).into_owned())),
        None => Ok(()),
    }
}

async fn collect<B>(
    body: &mut B,
    announced: usize,
    max: usize,
    memory: &Arc<Semaphore>,
) -> Result<ReadBody, Problem>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let share = |bytes: usize| {
        let permits = u32::try_from(bytes).map_err(|_| Problem::BodyTooLarge { max })?;
        memory.clone().try_acquire_many_owned(permits).map_err(|_| Problem::Busy)
    };
    let mut held = share(0)?;
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::BodyBroken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + more.len() + data.len() > max {
            return Err(Problem::BodyTooLarge { max });
        }
        held.merge(share(data.len())?);
        // Most bodies come in one piece, which is passed on without a copy.
        if first.is_empty() && more.is_empty() {
            first = data;
        } else {
            more.reserve(announced.saturating_sub(more.len()));
            more.extend_from_slice(&std::mem::take(&mut first));
            more.extend_from_slice(&data);
        }
    }
    let bytes = if more.is_empty() { first } else { more.freeze() };
    Ok(ReadBody { bytes, share: held })
}

/// Reads what is left of a body that was refused, and forgets it: an answer that meets a client
/// who is still sending may be lost. Whether that was all.
pub async fn discard<B: Body<Data = Bytes> + Unpin>(body: &mut B, timeout: Duration) -> bool {
    let read = async {
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.map_or(DISCARD_BYTES_MAX, |f| f.data_ref().map_or(0, Bytes::len));
            if bytes >= DISCARD_BYTES_MAX {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(timeout, read).await.unwrap_or(false)
}
