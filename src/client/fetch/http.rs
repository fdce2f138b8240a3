//! A log behind a URL.
//!
//! Reads are plain GETs. Bundles may come packed with gzip, asked for or not (C2SP tlog-tiles);
//! anything else must come as it is. Connections, requests and bodies are bounded; what may pass
//! is tried again, twice.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use tiles_spec::ResourcePath;

use super::{Fetch, FetchError, bytes_max, gunzip};
use crate::clock::{Clock as _, SystemClock};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REDIRECTS_MAX: usize = 3;
/// A whole read; the largest object has 16 MiB.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// Pauses between the attempts of a read.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Reads a log over HTTP.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    client: Client,
    base: String,
}

impl HttpFetch {
    /// The log below `base`.
    pub fn new(base: &Url) -> Result<Self, FetchError> {
        let place = base.to_string();
        let client = client(READ_TIMEOUT);
        let client = client.map_err(|source| FetchError::Request { place, source })?;
        Ok(Self { client, base: base.as_str().trim_end_matches('/').to_owned() })
    }

    async fn attempt(
        &self,
        place: &str,
        path: &ResourcePath,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let is_bundle = matches!(path, ResourcePath::Bundle(_));
        let codings = if is_bundle { "gzip, identity" } else { "identity" };
        let failed = |source| FetchError::Request { place: place.to_owned(), source };
        let answer = self.client.get(place).header(ACCEPT_ENCODING, codings);
        let answer = answer.send().await.map_err(failed)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            // So answer object stores that may not tell what they do not have.
            StatusCode::FORBIDDEN if *path != ResourcePath::Checkpoint => return Ok(None),
            status => return Err(FetchError::Status { place: place.to_owned(), status }),
        }
        let coding = answer.headers().get(CONTENT_ENCODING);
        let coding = coding.map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase());
        let max = bytes_max(path);
        let bytes = body(answer, max, place).await?;
        match coding.as_deref() {
            None | Some("" | "identity") => Ok(Some(bytes)),
            Some("gzip" | "x-gzip") if is_bundle => gunzip(&bytes, max, place).map(Some),
            Some(coding) => Err(FetchError::Coding {
                place: place.to_owned(),
                coding: coding.chars().take(64).collect(),
            }),
        }
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        let place = self.place(path);
        for pause in PAUSES {
            match self.attempt(&place, path).await {
                Err(error) if may_pass(&error) => SystemClock.sleep(pause).await,
                answered => return answered,
            }
        }
        self.attempt(&place, path).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        format!("{}/{path}", self.base)
    }
}

/// Whether the same read may succeed in a moment.
fn may_pass(error: &FetchError) -> bool {
    match error {
        FetchError::Request { source, .. } => !source.is_builder() && !source.is_redirect(),
        FetchError::Status { status, .. } => {
            status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
        }
        _ => false,
    }
}

/// A client whose requests, from the first byte sent to the last one read, take at most `timeout`.
pub(in crate::client) fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("fasti/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .redirect(redirect::Policy::limited(REDIRECTS_MAX))
        .build()
}

/// A body of at most `max` bytes.
pub(in crate::client) async fn body(
    mut answer: Response,
    max: usize,
    place: &str,
) -> Result<Vec<u8>, FetchError> {
    let mut bytes = Vec::new();
    loop {
        let chunk = answer.chunk().await;
        let chunk =
            chunk.map_err(|source| FetchError::Request { place: place.to_owned(), source })?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        if bytes.len() + chunk.len() > max {
            return Err(FetchError::TooLong { place: place.to_owned(), max });
        }
        bytes.extend_from_slice(&chunk);
    }
}

/// `Retry-After` in seconds, if it is there and not a date.
pub(in crate::client) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
