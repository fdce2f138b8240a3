//! Requests, and answers that must keep coming.
//!
//! How long a transfer can take depends on how much is sent, not on how much there is: the answer
//! must begin in time, and its body must come at a minimum average rate. So a server that drips is
//! given up as soon for a large object as for a small one, and a slow line is not.

use std::time::Duration;

use bytes::Bytes;
use fasti_seams::clock::{Clock as _, SystemClock};
use fasti_seams::least_rate::{LeastRate, TransferTimer};
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response, StatusCode};

use crate::fetch::error::FetchError;

/// How long a client waits for a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until an answer begins, connecting included.
    pub(crate) answer: Duration,
    /// For the body of the answer.
    pub(crate) body: LeastRate,
}

impl Patience {
    /// With a server of files.
    pub(crate) const FILES: Self = Self {
        answer: Duration::from_secs(10),
        body: LeastRate { bytes_per_second: 1 << 10, grace: Duration::from_secs(10) },
    };
}

/// An answer whose body is being read.
pub(crate) struct Transfer<'a> {
    answer: Response,
    place: &'a str,
    timer: TransferTimer,
    started: std::time::Instant,
    received: u64,
}

/// Sends a request, and waits for the head of the answer. `place` is the URL, for messages.
pub(crate) async fn send(
    request: RequestBuilder,
    patience: Patience,
    place: &str,
) -> Result<Transfer<'_>, FetchError> {
    let started = SystemClock.now();
    let answer = tokio::time::timeout(patience.answer, request.send()).await;
    let Ok(answer) = answer else {
        return Err(FetchError::TooSlow {
            place: place.to_owned(),
            received: 0,
            after: patience.answer,
        });
    };
    let answer =
        answer.map_err(|source| FetchError::Request { place: place.to_owned(), source })?;
    let timer = TransferTimer::new(patience.body, SystemClock.now());
    Ok(Transfer { answer, place, timer, started, received: 0 })
}

impl<'a> Transfer<'a> {
    pub(crate) fn place(&self) -> &'a str {
        self.place
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.answer.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The next bytes of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let due = self.timer.due();
        let chunk = tokio::time::timeout_at(due.into(), self.answer.chunk()).await;
        let now = SystemClock.now();
        // Empty chunks can come at any rate.
        let (Ok(chunk), true) = (chunk, now < due) else {
            let after = now.saturating_duration_since(self.started);
            let (place, received) = (self.place.to_owned(), self.received);
            return Err(FetchError::TooSlow { place, received, after });
        };
        let failed = |source| FetchError::Request { place: self.place.to_owned(), source };
        let chunk = chunk.map_err(failed)?;
        let length = chunk.as_ref().map_or(0, Bytes::len);
        self.timer.moved(length, now);
        self.received += length as u64;
        Ok(chunk)
    }

    /// The rest of the body, of at most `max` bytes.
    pub(crate) async fn rest(mut self, max: usize) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if bytes.len() + chunk.len() > max {
                return Err(FetchError::TooLong { place: self.place.to_owned(), max });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
