//! Requests that can safely be sent again: temporary failures (no answer in time, pushback) are
//! retried after a pause.

use std::time::Duration;

use fasti_seams::clock::{Clock as _, SystemClock};
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

use super::fetch::{FetchError, Patience, retry_after, send};

/// Pauses between the attempts, if the log does not say how long to wait.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];
/// The longest pause that the log can ask for.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// An answer, whatever its status.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Sends a request until it is answered, with a body of at most `max` bytes. `None` if the log is
/// busy, or its answers get lost.
pub(super) async fn ask(
    request: impl Fn() -> RequestBuilder,
    patience: Patience,
    max: usize,
    place: &str,
) -> Result<Option<Answer>, FetchError> {
    for pause in PAUSES {
        match attempt(request(), patience, max, place).await? {
            Attempt::Done(answer) => return Ok(Some(answer)),
            Attempt::Again(wait) => {
                SystemClock.sleep(wait.unwrap_or(pause).min(PAUSE_MAX)).await;
            }
        }
    }
    match attempt(request(), patience, max, place).await? {
        Attempt::Done(answer) => Ok(Some(answer)),
        Attempt::Again(_) => Ok(None),
    }
}

enum Attempt {
    Done(Answer),
    /// Try again, after this pause if the log gave one.
    Again(Option<Duration>),
}

async fn attempt(
    request: RequestBuilder,
    patience: Patience,
    max: usize,
    place: &str,
) -> Result<Attempt, FetchError> {
    let answer = match send(request, patience, place).await {
        Ok(answer) => answer,
        Err(error) if is_late(&error) => return Ok(Attempt::Again(None)),
        Err(error) => return Err(error),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    if status == StatusCode::TOO_MANY_REQUESTS || matches!(status.as_u16(), 502..=504) {
        return Ok(Attempt::Again(retry_after(&headers)));
    }
    let body = answer.rest(max).await?;
    Ok(Attempt::Done(Answer { status, headers, body }))
}

/// Whether no answer came in time.
fn is_late(error: &FetchError) -> bool {
    match error {
        FetchError::TooSlow { .. } => true,
        FetchError::Request { source, .. } => source.is_timeout(),
        _ => false,
    }
}

/// The message in a Rekor error, or the beginning of what came instead.
pub(super) fn message(bytes: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(bytes).ok();
    let words = json.as_ref().and_then(|json| json["message"].as_str());
    let words = words.map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), str::to_owned);
    words.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_refusal_are_kept_short() {
        assert_eq!(message(br#"{"code":3,"message":"no\nsuch","details":[]}"#), "nosuch");
        assert_eq!(message(b"<html>"), "<html>");
        assert_eq!(message(&[b'x'; 10_000]).len(), 500);
    }
}
