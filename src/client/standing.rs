//! How a writer stands: who leads, in which term, how far the log is.
//!
//! For operators. Nothing of it is proved, and nobody who reads the log needs it.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::fetch::{FetchError, body, client};

const TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What a writer says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriterStanding {
    /// `ready`, `frozen` or `not ready`.
    pub status: String,
    /// The log that it writes.
    pub origin: String,
    /// `leading`, `following`, `recovering`, `leaving` or `frozen`.
    pub role: String,
    /// The address of the writer that leads, as the commit records have it.
    pub leader: String,
    /// The term that it leads in.
    pub epoch: u64,
    /// The size of the newest published tree that it knows of.
    pub tree_size: u64,
    /// By how many entries the published tree is behind the committed one.
    pub lag: u64,
    /// How many submissions wait for a batch.
    pub waiting: u64,
}

/// A writer did not say how it stands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandingError {
    /// No answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An answer that a writer does not give.
    #[error("{place} is no writer of fasti's: it answers {status}")]
    NoWriter {
        /// The URL.
        place: String,
        /// Its answer.
        status: StatusCode,
    },
}

/// Asks the writer at `base`.
pub async fn ask(base: &Url) -> Result<WriterStanding, StandingError> {
    let place = format!("{}/readyz", base.as_str().trim_end_matches('/'));
    let failed = |source| FetchError::Request { place: place.clone(), source };
    let answer = client(base, TIMEOUT).map_err(failed)?.get(&place).send().await.map_err(failed)?;
    let status = answer.status();
    let json = body(answer, ANSWER_BYTES_MAX, &place).await?;
    serde_json::from_slice(&json).map_err(|_| StandingError::NoWriter { place, status })
}
