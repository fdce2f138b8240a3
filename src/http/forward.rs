//! Forwarding: a writer hands its accepted entries to the leader, or asks for its status.
//!
//! `POST /_writer/forward`, with a head and a body: [`question`] is the head, [`message`] the
//! bodies. This module is the answering side; [`super::peers`] asks.
//!
//! A question is authenticated by its head, which has a MAC over all of its content. Without a
//! valid MAC none of the body is read and nothing is kept, so that only the log's own writers can
//! use resources here. With one, as much of the body is read as the head says. A question for the
//! status has no body and takes no share of anything: a leader whose memory is used up must not
//! appear to be gone. Entries take their share of memory reserved for peers.

pub mod message;
pub mod question;

use bytes::{Bytes, BytesMut};
use fasti_serve::RequestBody;
use futures::future::{Either, select};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, request};
use http_body_util::{BodyExt as _, Full};
use tokio::sync::SemaphorePermit;

pub use message::Reply;
#[cfg(feature = "peers")]
pub use message::{ANSWER_BYTES_MAX, decode_reply, encode_question};
#[cfg(feature = "peers")]
pub use question::FASTI_QUESTION;
pub use question::{FASTI_MAC, QuestionHead};

use super::app::App;
use super::methods::{SUBMIT, expect};
use super::paths;
use super::problem::{HttpResponse, Problem};
use super::secret::{MAC_BYTES, Message, PeerSecret};
use message::{QUESTION_BYTES_MAX, decode_question, encode_reply};

impl App {
    /// Answers a peer, which must have the writers' secret.
    pub(super) async fn answer_peer<B: RequestBody>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<HttpResponse, Problem> {
        expect(&head.method, SUBMIT)?;
        let log = self.served.writer()?;
        let nothing_here = || Problem::NotFound(paths::FORWARD.to_owned());
        let secret = self.config.peer_secret.as_ref().ok_or_else(nothing_here)?;
        let here = &self.config.writer_address;
        let (question, mac) = QuestionHead::open(&head.headers, secret, here)?;
        if question.length == 0 {
            let status = log.status_for_peer(question.term);
            return Ok(signed(secret, &mac, &Reply { status, answers: Ok(Vec::new()) }));
        }
        let (body, _share) = self.read_question(&question, body).await?;
        let entries =
            decode_question(body).map_err(|error| Problem::BodyBroken(error.to_string()))?;
        let answers = log.take_forwarded(question.term, entries).await;
        let status = log.status_for_peer(question.term);
        Ok(signed(secret, &mac, &Reply { status, answers }))
    }

    /// Reads the body that the head describes. Returns it with its share of the memory.
    async fn read_question<B: RequestBody>(
        &self,
        question: &QuestionHead,
        body: &mut B,
    ) -> Result<(Bytes, SemaphorePermit<'_>), Problem> {
        if question.length > QUESTION_BYTES_MAX {
            return Err(Problem::BodyTooLarge { max: QUESTION_BYTES_MAX });
        }
        let permits = u32::try_from(question.length).expect("is far below 2^32");
        let read = async {
            let share = self.peer_memory.acquire_many(permits).await.map_err(|_| Problem::Busy)?;
            Ok::<_, Problem>((read_described(question, body).await?, share))
        };
        let timeout = self.config.limits.server.body_timeout;
        match select(std::pin::pin!(read), self.served.clock().sleep(timeout)).await {
            Either::Left((read, _)) => read,
            Either::Right(_) => Err(Problem::BodyTooSlow(timeout)),
        }
    }
}

async fn read_described<B: RequestBody>(
    question: &QuestionHead,
    body: &mut B,
) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::BodyBroken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > question.length {
            return Err(Problem::BodyBroken("it is longer than its head says".to_owned()));
        }
        bytes.reserve(question.length - bytes.len());
        bytes.extend_from_slice(&data);
    }
    if !question.describes(&bytes) {
        return Err(Problem::BodyBroken("it does not match the digest in its head".to_owned()));
    }
    Ok(bytes.freeze())
}

/// The answer to the question with this MAC, with a MAC of its own.
fn signed(secret: &PeerSecret, question: &[u8; MAC_BYTES], reply: &Reply) -> HttpResponse {
    let reply = encode_reply(reply);
    let mac = hex::encode(secret.mac(Message::AnswerTo(question), &reply));
    let mut answer = Response::new(Full::new(reply));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(FASTI_MAC, HeaderValue::from_str(&mac).expect("hexadecimal digits"));
    answer
}
