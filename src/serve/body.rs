//! Reads request bodies within bounds of length, time, rate and shared memory (I12).
//!
//! A body takes its share of the memory as it arrives. Reading stops when the body is late or slow
//! (408), or when another client needs its memory (503). The rest of a refused body is read for a
//! while, because a client that is still sending may lose the answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, request};
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::timeout;

use super::body_error::BodyError;
use super::connection::Connection;
use super::limits::Limits;
use super::place::place_of;
use super::reading::Reading;
use super::request_body::RequestBody;
use super::shares::{Share, Shares};

/// How much of a refused body is read before the answer, so that the connection can be reused.
const DISCARD_BYTES_MAX: usize = 256 << 10;
/// How long that can take.
const DISCARD_TIME_MAX: Duration = Duration::from_millis(200);
/// How many bytes of a refused body are read after the answer, if its length is unknown or above
/// [`DRAIN_LENGTH_MAX`].
const DRAIN_BYTES_MAX: u64 = 64 << 20;
/// The longest announced length of a refused body that is read to its end. Clients that do not
/// listen while they send get the answer then.
const DRAIN_LENGTH_MAX: u64 = 1 << 30;

/// Maximum number of characters of a client's own text in an error.
const TEXT_CHARS_MAX: usize = 100;

/// A request's body, with its share of the memory for bodies.
#[derive(Debug)]
pub struct ReadBody {
    bytes: Bytes,
    share: Option<Share>,
}

impl ReadBody {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Removes the first `count` bytes.
    #[must_use]
    pub fn without_first(mut self, count: usize) -> Self {
        self.bytes.advance(count);
        self
    }

    /// Returns the bytes and gives back their share; the caller accounts for them from now on.
    pub fn into_bytes(self) -> Bytes {
        drop(self.share);
        self.bytes
    }
}

/// Reads a body of at most `max` bytes, as long as `memory` has room for it. An announced length
/// above `max` is refused before anything is read; after that only the bytes received count.
pub async fn read_body<B: RequestBody>(
    head: &request::Parts,
    body: &mut B,
    max: usize,
    limits: &Limits,
    memory: &Arc<Shares>,
) -> Result<ReadBody, BodyError> {
    refuse_encoded(&head.headers)?;
    let announced = announced(&head.headers);
    if announced.is_some_and(|length| length > max as u64) {
        return Err(BodyError::TooLarge { max });
    }
    let connection = head.extensions.get::<Arc<Connection>>();
    let _reading = connection.map(Connection::reads);
    let reading = Reading::within(limits);
    let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut collected = Collected {
        max,
        announced,
        first: Bytes::new(),
        more: BytesMut::new(),
        share: None,
        reading: reading.clone(),
    };
    let collect = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| BodyError::Broken(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            if let Some(connection) = connection {
                connection.came(data.len());
            }
            collected.take(data, head, memory)?;
        }
        Ok(())
    };
    reading.read(collect).await?;
    reading.pauses();
    Ok(collected.whole())
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
}

fn refuse_encoded(headers: &HeaderMap) -> Result<(), BodyError> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    match codings.find(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        Some(coding) => {
            let text = String::from_utf8_lossy(coding);
            Err(BodyError::Encoded(text.chars().take(TEXT_CHARS_MAX + 1).collect()))
        }
        None => Ok(()),
    }
}

/// The part of a body received so far.
struct Collected {
    max: usize,
    announced: usize,
    first: Bytes,
    more: BytesMut,
    share: Option<Share>,
    reading: Arc<Reading>,
}

impl Collected {
    fn take(
        &mut self,
        data: Bytes,
        head: &request::Parts,
        memory: &Arc<Shares>,
    ) -> Result<(), BodyError> {
        let Self { max, announced, first, more, share, reading } = self;
        if first.len() + more.len() + data.len() > *max {
            return Err(BodyError::TooLarge { max: *max });
        }
        reading.moved(data.len());
        match share {
            Some(share) => share.take(data.len())?,
            None => *share = Some(memory.take(place_of(head), data.len(), reading.clone())?),
        }
        // Most bodies arrive in one piece, which is passed on without a copy.
        if first.is_empty() && more.is_empty() {
            *first = data;
        } else {
            more.reserve(announced.saturating_sub(more.len()));
            more.extend_from_slice(&std::mem::take(first));
            more.extend_from_slice(&data);
        }
        Ok(())
    }

    fn whole(self) -> ReadBody {
        let bytes = if self.more.is_empty() { self.first } else { self.more.freeze() };
        ReadBody { bytes, share: self.share }
    }
}

/// Reads the rest of a refused body, if it is short and arrives at once. Returns whether that was
/// all.
pub async fn discard<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> bool {
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > DISCARD_BYTES_MAX as u64) {
        return false;
    }
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
    timeout(DISCARD_TIME_MAX, read).await.unwrap_or(false)
}

/// Reads and discards the rest of a body whose request was refused and answered, within bounds of
/// length, time and rate.
pub async fn drain<B>(mut body: B, connection: &Arc<Connection>, limits: Limits)
where
    B: Body<Data = Bytes> + Unpin,
{
    let length = body.size_hint().exact().filter(|length| *length <= DRAIN_LENGTH_MAX);
    let max = length.unwrap_or(DRAIN_BYTES_MAX);
    let _reading = connection.reads();
    let reading = Reading::within(&limits);
    let read = async {
        let mut bytes = 0;
        while bytes < max
            && let Some(Ok(frame)) = body.frame().await
        {
            let length = frame.data_ref().map_or(0, Bytes::len);
            reading.moved(length);
            connection.came(length);
            bytes += length as u64;
        }
        // If the length is known, only the end of the body is left.
        if length.is_some() {
            drop(body.frame().await);
        }
        Ok(())
    };
    drop(reading.read(read).await);
}
