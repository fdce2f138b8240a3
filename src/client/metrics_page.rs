//! The metrics page of a writer, for operators.

use reqwest::{StatusCode, Url};

use super::fetch::{FetchError, Patience, Redirects, client, send};

/// Longest page: thousands of series.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// Why a page of metrics could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsPageError {
    /// No answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An answer that is no page of metrics.
    #[error("{place} is not a page of metrics: it answered {status}")]
    NoPage {
        /// The URL.
        place: String,
        /// Its answer.
        status: StatusCode,
    },
}

/// Reads the page at `url`, as text.
pub async fn fetch(url: &Url) -> Result<String, MetricsPageError> {
    let place = url.to_string();
    let asked = client(url, Redirects::WithinOrigin)?.get(url.clone());
    let answer = send(asked, Patience::FILES, &place).await?;
    let status = answer.status();
    let text = answer.rest(PAGE_BYTES_MAX).await?;
    match String::from_utf8(text) {
        Ok(text) if status == StatusCode::OK => Ok(text),
        _ => Err(MetricsPageError::NoPage { place, status }),
    }
}
