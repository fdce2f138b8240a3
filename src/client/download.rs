//! A file at a URL that the caller names, read once and passed on in pieces.
//!
//! Nothing about it is known in advance, so it is bounded in size, in time, and by the least rate
//! at which it has to come. Redirects are followed as for logs.

use std::io;
use std::time::Duration;

use fasti_seams::least_rate::LeastRate;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use reqwest::{StatusCode, Url};

use super::fetch::{FetchError, Patience, Redirects, client, send};

/// How long a server can take until it answers, and how slow it can be.
const PATIENCE: Patience = Patience {
    answer: Duration::from_secs(30),
    body: LeastRate { bytes_per_second: 16 << 10, grace: Duration::from_secs(30) },
};
/// How long all of it can take.
const TIME_MAX: Duration = Duration::from_hours(1);

/// Reads what is at a URL, of at most `max` bytes, and passes it to `take`. Returns its length.
pub async fn download(
    url: &Url,
    redirects: Redirects,
    max: u64,
    take: impl FnMut(&[u8]) -> io::Result<()> + Send,
) -> Result<u64, FetchError> {
    let reading = read(url, redirects, max, take);
    tokio::time::timeout(TIME_MAX, reading).await.unwrap_or_else(|_| {
        Err(FetchError::TooSlow { place: url.to_string(), received: 0, after: TIME_MAX })
    })
}

async fn read(
    url: &Url,
    redirects: Redirects,
    max: u64,
    mut take: impl FnMut(&[u8]) -> io::Result<()> + Send,
) -> Result<u64, FetchError> {
    let place = url.to_string();
    let asked = client(url, redirects)?.get(url.clone()).header(ACCEPT_ENCODING, "identity");
    let mut answer = send(asked, PATIENCE, &place).await?;
    if answer.status() != StatusCode::OK {
        let status = answer.status();
        return Err(FetchError::Status { place, status });
    }
    if let Some(coding) = answer.headers().get(CONTENT_ENCODING)
        && coding != "identity"
    {
        let coding = String::from_utf8_lossy(coding.as_bytes()).chars().take(64).collect();
        return Err(FetchError::Coding { place, coding });
    }
    let mut length = 0;
    while let Some(chunk) = answer.chunk().await? {
        length += chunk.len() as u64;
        if length > max {
            let max = usize::try_from(max).unwrap_or(usize::MAX);
            return Err(FetchError::TooLong { place, max });
        }
        take(&chunk).map_err(|source| FetchError::Io { place: place.clone(), source })?;
    }
    Ok(length)
}
