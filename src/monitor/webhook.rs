//! Reports to a URL: a POST with JSON, signed with a secret that both sides know.
//!
//! The header `Fasti-Timestamp` has the time in seconds since 1970, and `Fasti-Signature` has `v1=`
//! and the HMAC-SHA-256, in hexadecimal, of that time, a dot and the body. A receiver compares the
//! signature and refuses old times; what comes twice has the same IDs.
//!
//! Invariants: nothing is sent anywhere but to the URL: no redirect is followed and no proxy used.
//! A request has at most [`EVENTS_MAX`] reports. The attempts and their times are bounded.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::hmac;
use fasti_seams::back_off::BackOff;
use fasti_seams::causes::with_causes;
use fasti_seams::clock::Clock;
use fasti_seams::egress;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use super::event::Event;

/// The most reports in a request.
pub const EVENTS_MAX: usize = 100;
/// The fewest bytes of a secret.
pub const SECRET_BYTES_MIN: usize = 16;
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The first pause between attempts; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a request is sent.
const ATTEMPTS: u32 = 5;

/// A URL that takes reports.
pub struct Webhook {
    client: Client,
    url: Url,
    key: hmac::Key,
    clock: Arc<dyn Clock>,
}

/// Why there is no webhook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Not a URL to which reports can be sent.
    #[error("{0:?} is not an http or https URL")]
    Url(String),
    /// The secret is too short.
    #[error("a secret has at least {SECRET_BYTES_MIN} bytes")]
    Secret,
    /// The client cannot be made.
    #[error("cannot send requests")]
    Client(#[from] reqwest::Error),
}

impl Webhook {
    /// A webhook at this URL.
    pub fn new(url: &str, secret: &[u8], clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let parsed: Url = url.parse().map_err(|_| WebhookError::Url(url.to_owned()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(WebhookError::Url(url.to_owned()));
        }
        if secret.len() < SECRET_BYTES_MIN {
            return Err(WebhookError::Secret);
        }
        let client = egress::direct()
            .user_agent(concat!("fasti/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .build()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Ok(Self { client, url: parsed, key, clock })
    }

    /// Sends reports. If this fails, some of them may have arrived.
    pub async fn send(&self, events: &[Event]) -> Result<(), String> {
        for events in events.chunks(EVENTS_MAX) {
            let events: Vec<Value> = events.iter().map(Event::json).collect();
            let body = json!({ "format": "fasti/monitor/v1", "events": events }).to_string();
            self.persist(&body).await?;
        }
        Ok(())
    }

    async fn persist(&self, body: &str) -> Result<(), String> {
        let mut back_off = BackOff::new(PAUSE, TIMEOUT);
        for attempt in 1..=ATTEMPTS {
            let refusal = match self.attempt(body).await {
                Ok(status) if status.is_success() => return Ok(()),
                Ok(status) if is_final(status) => {
                    return Err(format!("{} answered {status}", self.place()));
                }
                Ok(status) => format!("{} answered {status}", self.place()),
                Err(error) => format!("no answer from {}: {}", self.place(), with_causes(&error)),
            };
            if attempt == ATTEMPTS {
                return Err(format!("{refusal} ({ATTEMPTS} times)"));
            }
            back_off.wait(&*self.clock).await;
        }
        Ok(())
    }

    async fn attempt(&self, body: &str) -> Result<StatusCode, reqwest::Error> {
        let now = self.clock.date().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let answer = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("fasti-timestamp", now)
            .header("fasti-signature", signature(&self.key, now, body))
            .body(body.to_owned())
            .send()
            .await
            // The URL can have a secret in it.
            .map_err(reqwest::Error::without_url)?;
        Ok(answer.status())
    }

    /// The URL without what may be secret in it.
    fn place(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// Whether it makes no sense to try again.
fn is_final(status: StatusCode) -> bool {
    let may_pass = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    !status.is_server_error() && !may_pass.contains(&status)
}

fn signature(key: &hmac::Key, now: u64, body: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{now}.").as_bytes());
    context.update(body.as_bytes());
    format!("v1={}", hex::encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `openssl dgst -sha256 -hmac`.
    #[test]
    fn what_is_signed() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
        let made = signature(&key, 1_800_000_000, "{}");
        assert_eq!(made, concat!("v1=", include_str!("../../tests/data/monitor/signature")).trim());
    }
}
