//! The status of a writer: who leads, in which epoch, how large the log is.
//!
//! This is for operators. Nothing in it is proved, and readers of the log do not need it.

use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::fetch::{FetchError, Patience, Redirects, client, send};

const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What a writer says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriterStatus {
    /// `ready`, `frozen` or `not ready`.
    pub status: String,
    /// The origin of the log that it writes.
    pub origin: String,
    /// `leading`, `following`, `recovering`, `leaving` or `frozen`.
    pub role: String,
    /// The address of the leader, according to the commit records.
    pub leader: String,
    /// The leader's epoch.
    pub epoch: u64,
    /// The size of the newest published tree that it knows of.
    pub tree_size: u64,
    /// The number of entries by which the published tree lags behind the committed one.
    pub lag: u64,
    /// The number of submissions waiting for a batch.
    pub waiting: u64,
}

/// Why a writer's status could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriterStatusError {
    /// No answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// An answer that no writer gives.
    #[error("{place} is not a fasti writer: it answered {status}")]
    NoWriter {
        /// The URL.
        place: String,
        /// Its answer.
        status: StatusCode,
    },
}

/// Asks the writer at `base` for its status.
pub async fn fetch(base: &Url) -> Result<WriterStatus, WriterStatusError> {
    let place = format!("{}/readyz", base.as_str().trim_end_matches('/'));
    let asked = client(base, Redirects::WithinOrigin)?.get(&place);
    let answer = send(asked, Patience::FILES, &place).await?;
    let status = answer.status();
    let json = answer.rest(ANSWER_BYTES_MAX).await?;
    serde_json::from_slice(&json).map_err(|_| WriterStatusError::NoWriter { place, status })
}
