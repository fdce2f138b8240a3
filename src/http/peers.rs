//! The other writers over HTTP: the asking side of [`super::forward`].
//!
//! Connections are kept alive and shared by all questions.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use fasti_client::keys::{KeysError, read_certificates};
use fasti_log::peers::{NotTaken, PeerAnswer, PeerError, PeerStatus, Peers};
use fasti_log::record::Epoch;
use fasti_seams::egress;
use fasti_seams::entropy::{Entropy as _, OsEntropy};
use fasti_seams::trace::Trace;
use reqwest::{Certificate, Client, Response};

use super::forward::{
    ANSWER_BYTES_MAX, FASTI_MAC, FASTI_QUESTION, QuestionHead, Reply, decode_reply, encode_question,
};
use super::paths;
use super::secret::{Message, PeerSecret};

/// The field that names the trace of one of the entries, so that what the leader does for it is a
/// part of that.
const TRACEPARENT: &str = "traceparent";
/// Time limit for making a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit for a status.
const STATUS_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit for publishing entries. A leader that is gone is noticed long before, by its silence.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a refusal is read, and how much is repeated in messages.
const REFUSAL_BYTES_MAX: usize = 4096;
const REFUSAL_CHARS_MAX: usize = 200;

/// Reaches writers at addresses that are URLs.
#[derive(Debug)]
pub struct HttpPeers {
    client: Client,
    secret: PeerSecret,
}

/// No client can be made for the other writers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeersError {
    /// The authorities are not certificates in PEM.
    #[error(transparent)]
    Authorities(#[from] KeysError),
    /// The HTTP client refuses its settings.
    #[error("no HTTP client can be made with these certificates")]
    Client(#[from] reqwest::Error),
}

impl HttpPeers {
    /// Creates a client for peers that have `secret`. With TLS, their certificates must chain to
    /// one of `authorities`, a PEM bundle, or if that is `None`, to one that the system trusts.
    pub fn new(secret: PeerSecret, authorities: Option<&[u8]>) -> Result<Self, PeersError> {
        let mut client = egress::direct();
        if let Some(authorities) = authorities {
            let authorities = read_certificates(authorities)?;
            let authorities = authorities.iter().map(|der| Certificate::from_der(der));
            client = client.tls_certs_only(authorities.collect::<Result<Vec<_>, _>>()?);
        }
        let client = client.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).build()?;
        Ok(Self { client, secret })
    }

    async fn ask(
        &self,
        address: &str,
        term: Epoch,
        question: Bytes,
        timeout: Duration,
    ) -> Result<Reply, PeerError> {
        let improper = |reason: String| PeerError::Improper { address: address.to_owned(), reason };
        let unreachable = |source: reqwest::Error| PeerError::Unreachable {
            address: address.to_owned(),
            source: source.into(),
        };
        let head = QuestionHead::new(address, term, OsEntropy.nonce(), &question);
        let signed = head.sign(&self.secret);
        let (head, mac) =
            signed.ok_or_else(|| improper("its address is not a header value".to_owned()))?;
        let url = format!("{}{}", address.trim_end_matches('/'), paths::FORWARD);
        let asked = self.client.post(url).timeout(timeout).header(FASTI_QUESTION, head);
        let mut asked = asked.header(FASTI_MAC, hex::encode(mac)).body(question);
        if let Some(trace) = Trace::current() {
            asked = asked.header(TRACEPARENT, trace.span().to_string());
        }
        let answer = asked.send().await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            let words = body(answer, REFUSAL_BYTES_MAX).await.ok().flatten();
            return Err(improper(format!("it answered {status}{}", said(words))));
        }
        let told = answer.headers().get(FASTI_MAC).and_then(|mac| hex::decode(mac).ok());
        let told = told.unwrap_or_default();
        let body = body(answer, ANSWER_BYTES_MAX).await.map_err(unreachable)?;
        let body = body.ok_or_else(|| improper("the answer is too long".to_owned()))?;
        if !self.secret.verify(Message::AnswerTo(&mac), &body, &told) {
            return Err(improper("it does not have the writers' secret".to_owned()));
        }
        decode_reply(body).map_err(|error| improper(error.to_string()))
    }
}

/// Returns the message of a refusal, whoever sent it, ready to append to another message.
fn said(words: Option<Bytes>) -> String {
    let json = words.and_then(|words| serde_json::from_slice::<serde_json::Value>(&words).ok());
    let message = json.as_ref().and_then(|json| json["message"].as_str()).unwrap_or_default();
    let message = message.chars().filter(|c| !c.is_control()).take(REFUSAL_CHARS_MAX);
    let message: String = message.collect();
    if message.is_empty() { message } else { format!(": {message}") }
}

/// Reads the body of an answer; `None` if it is longer than `max` bytes.
async fn body(mut answer: Response, max: usize) -> Result<Option<Bytes>, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > max {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body.freeze()))
}

#[async_trait]
impl Peers for HttpPeers {
    async fn status(&self, address: &str, term: Epoch) -> Result<PeerStatus, PeerError> {
        Ok(self.ask(address, term, Bytes::new(), STATUS_TIMEOUT).await?.status)
    }

    async fn forward(
        &self,
        address: &str,
        term: Epoch,
        entries: &[Bytes],
    ) -> Result<Vec<PeerAnswer>, PeerError> {
        let question = encode_question(entries);
        let Reply { status, answers } = self.ask(address, term, question, FORWARD_TIMEOUT).await?;
        let address = address.to_owned();
        answers.map_err(|reason| match reason {
            NotTaken::NotLeading => PeerError::NotLeading { address },
            NotTaken::OtherTerm => PeerError::OtherTerm { address, asked: term, is: status.epoch },
        })
    }
}
