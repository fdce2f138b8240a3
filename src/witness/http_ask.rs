//! A witness, or a mirror, at a URL.

use async_trait::async_trait;
use fasti_seams::causes::with_causes;
use fasti_seams::egress::direct;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, Url};

use super::ask::{ANSWER_BYTES_MAX, Ask, AskError, AskMirror, Asked, ENTRIES_ANSWER_BYTES_MAX};

/// A witness or a mirror at a URL. Connections are kept alive; redirects are not followed.
#[derive(Clone, Debug)]
pub struct HttpAsk {
    client: Client,
    add_checkpoint: Url,
    add_entries: Url,
}

impl HttpAsk {
    /// The witness or mirror below this prefix for submission.
    pub fn new(prefix: &str) -> Result<Self, AskError> {
        let broken = |error: &dyn std::error::Error| AskError(with_causes(error));
        let below = |name: &str| {
            let place = format!("{}/{name}", prefix.trim_end_matches('/'));
            place.parse::<Url>().map_err(|error| broken(&error))
        };
        let (add_checkpoint, add_entries) = (below("add-checkpoint")?, below("add-entries")?);
        if !["http", "https"].contains(&add_checkpoint.scheme()) {
            return Err(AskError(format!("{prefix} is not an http or https URL")));
        }
        let client = direct().build().map_err(|error| broken(&error))?;
        Ok(Self { client, add_checkpoint, add_entries })
    }
}

#[async_trait]
impl Ask for HttpAsk {
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Asked, AskError> {
        send(self.client.post(self.add_checkpoint.clone()).body(body), ANSWER_BYTES_MAX).await
    }
}

#[async_trait]
impl AskMirror for HttpAsk {
    async fn add_entries(&self, packed: Vec<u8>) -> Result<Asked, AskError> {
        let request = self.client.post(self.add_entries.clone()).body(packed);
        let request = request.header(CONTENT_TYPE, "application/octet-stream");
        send(request.header(CONTENT_ENCODING, "gzip"), ENTRIES_ANSWER_BYTES_MAX).await
    }
}

/// Sends a request, and reads an answer of at most `max` bytes.
async fn send(request: RequestBuilder, max: usize) -> Result<Asked, AskError> {
    let broken = |error: reqwest::Error| AskError(with_causes(&error.without_url()));
    let mut answer = request.send().await.map_err(broken)?;
    let (status, content_type) = (answer.status().as_u16(), content_type(&answer));
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(broken)? {
        body.extend_from_slice(&piece);
        if body.len() > max {
            return Err(AskError(format!("its answer is longer than {max} bytes")));
        }
    }
    Ok(Asked { status, content_type, body })
}

fn content_type(answer: &Response) -> String {
    let stated = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bare = stated.unwrap_or_default().split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}
