//! The other writers over HTTP: the follower's side of [`super::forward`].
//!
//! Connections are kept alive and shared by all questions. No proxy of the environment is used:
//! writers reach each other in their own network.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Client, Response, redirect};

use super::forward::{
    ANSWER_BYTES_MAX, FASTI_MAC, FORWARD_PATH, Reply, decode_reply, encode_question,
};
use super::secret::{Message, PeerSecret};
use crate::log::peers::{PeerAnswer, PeerError, Peers, Standing};

/// Time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Time to say how one stands.
const STATUS_TIMEOUT: Duration = Duration::from_secs(1);
/// Time for entries to be published. A leader that is gone is noticed long before by its silence.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(30);

/// Reaches the writers whose addresses are URLs.
#[derive(Debug)]
pub struct HttpPeers {
    client: Client,
    secret: PeerSecret,
}

impl HttpPeers {
    /// Peers that know `secret`. Where they speak TLS, their certificates have to be vouched for by
    /// one of `authorities`, a bundle in PEM, or else by those that the system trusts.
    pub fn new(secret: PeerSecret, authorities: Option<&[u8]>) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder();
        if let Some(authorities) = authorities {
            client = client.tls_certs_only(Certificate::from_pem_bundle(authorities)?);
        }
        let client = client
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { client, secret })
    }

    async fn ask(
        &self,
        address: &str,
        entries: &[Bytes],
        timeout: Duration,
    ) -> Result<Reply, PeerError> {
        let improper = |reason: String| PeerError::Improper { address: address.to_owned(), reason };
        let unreachable = |source: reqwest::Error| PeerError::Unreachable {
            address: address.to_owned(),
            source: source.into(),
        };
        let question = encode_question(entries);
        let mac = self.secret.mac(Message::Question, &question);
        let url = format!("{}{FORWARD_PATH}", address.trim_end_matches('/'));
        let asked = self.client.post(url).timeout(timeout).header(FASTI_MAC, hex::encode(mac));
        let answer = asked.body(question).send().await.map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(improper(format!("it answers {}", answer.status())));
        }
        let told = answer.headers().get(FASTI_MAC).and_then(|mac| hex::decode(mac).ok());
        let told = told.unwrap_or_default();
        let body = body(answer).await.map_err(unreachable)?;
        let body = body.ok_or_else(|| improper("the answer is too long".to_owned()))?;
        if !self.secret.verify(Message::AnswerTo(&mac), &body, &told) {
            return Err(improper("it does not know the writers' secret".to_owned()));
        }
        decode_reply(body).map_err(|error| improper(error.to_string()))
    }
}

/// The body of an answer; `None` if it is longer than any.
async fn body(mut answer: Response) -> Result<Option<Bytes>, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body.freeze()))
}

#[async_trait]
impl Peers for HttpPeers {
    async fn status(&self, address: &str) -> Result<Standing, PeerError> {
        Ok(self.ask(address, &[], STATUS_TIMEOUT).await?.standing)
    }

    async fn forward(
        &self,
        address: &str,
        entries: &[Bytes],
    ) -> Result<Vec<PeerAnswer>, PeerError> {
        let reply = self.ask(address, entries, FORWARD_TIMEOUT).await?;
        reply.answers.map_err(|_| PeerError::NotLeading { address: address.to_owned() })
    }
}
