//! A witness at a URL.

use async_trait::async_trait;
use fasti_seams::causes::with_causes;
use fasti_seams::egress::direct;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, Url};

use super::ask::{ANSWER_BYTES_MAX, Ask, AskError, Asked};

/// A witness at a URL. Connections are kept alive; redirects are not followed.
#[derive(Clone, Debug)]
pub struct HttpAsk {
    client: Client,
    place: Url,
}

impl HttpAsk {
    /// The witness below this prefix for submission.
    pub fn new(prefix: &str) -> Result<Self, AskError> {
        let broken = |error: &dyn std::error::Error| AskError(with_causes(error));
        let place = format!("{}/add-checkpoint", prefix.trim_end_matches('/'));
        let place: Url = place.parse().map_err(|error| broken(&error))?;
        if !["http", "https"].contains(&place.scheme()) {
            return Err(AskError(format!("{prefix} is not an http or https URL")));
        }
        let client = direct().build().map_err(|error| broken(&error))?;
        Ok(Self { client, place })
    }
}

#[async_trait]
impl Ask for HttpAsk {
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Asked, AskError> {
        let broken = |error: reqwest::Error| AskError(with_causes(&error.without_url()));
        let answer = self.client.post(self.place.clone()).body(body).send().await;
        let mut answer = answer.map_err(broken)?;
        let (status, content_type) = (answer.status().as_u16(), content_type(&answer));
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(broken)? {
            body.extend_from_slice(&piece);
            if body.len() > ANSWER_BYTES_MAX {
                let words = format!("its answer is longer than {ANSWER_BYTES_MAX} bytes");
                return Err(AskError(words));
            }
        }
        Ok(Asked { status, content_type, body })
    }
}

fn content_type(answer: &Response) -> String {
    let stated = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bare = stated.unwrap_or_default().split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}
