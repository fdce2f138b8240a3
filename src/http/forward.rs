//! Forward: what writers of one log say to each other, byte by byte, and the leader's side of it.
//!
//! ```text
//! POST /_writer/forward
//! fasti-mac: <hex>          HMAC-SHA256 of the body (secret.rs)
//!
//! question  "fasti/q1" | u32 entries | for each: u16 length, bytes
//! answer    "fasti/r1" | u8 role | u64 epoch | u16 length, leader's address
//!                      | u64 published size | u32 length, published checkpoint
//!                      | u8 taken: 0 (it does not lead, nothing follows) or 1
//!                      | u32 checkpoints | for each: u32 length, bytes
//!                      | u32 answers | for each:
//!                          u8 0 | u32 checkpoint | u64 index | u8 duplicate | u8 n | n hashes
//!                          u8 1 | u8 reason | u16 length, text
//! ```
//! Integers are big-endian. A question without entries asks how the other stands. Entries of a
//! question were verified by the writer that sends them, which is why the secret matters.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, request};
use http_body_util::Full;
use hyper::body::Body;
use tiles_spec::{Hash, LeafIndex, TreeSize};

use super::problem::{Answer, Problem};
use super::secret::Message;
use super::{App, SUBMIT, expect};
use crate::log::SubmitError;
use crate::log::peers::{
    FORWARD_BYTES_MAX, FORWARD_ENTRIES_MAX, NotLeading, PeerAnswer, PeerIncluded, Role, Standing,
};
use crate::log::record::Epoch;

/// Where writers are asked.
pub const FORWARD_PATH: &str = "/_writer/forward";
/// The header with the MAC.
pub const FASTI_MAC: HeaderName = HeaderName::from_static("fasti-mac");
/// Longest question, in bytes.
pub const QUESTION_BYTES_MAX: usize = 12 + FORWARD_BYTES_MAX + 2 * FORWARD_ENTRIES_MAX;
/// Longest answer, in bytes: each entry with a proof of 63 hashes, and some checkpoints.
pub const ANSWER_BYTES_MAX: usize = (8 << 20) + FORWARD_ENTRIES_MAX * 64 * 33;

const QUESTION: [u8; 8] = *b"fasti/q1";
const ANSWER: [u8; 8] = *b"fasti/r1";

/// What is said in answer to a question.
#[derive(Debug)]
pub struct Reply {
    /// How the writer stands.
    pub standing: Standing,
    /// What it says of the entries; an error if it does not lead.
    pub answers: Result<Vec<PeerAnswer>, NotLeading>,
}

/// The bytes are no message between writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message between writers: {0}")]
pub struct MessageError(&'static str);

const CUT: MessageError = MessageError("it is cut short");

impl App {
    /// Answers a peer, who has to know the writers' secret.
    pub(super) async fn answer_peer<B>(
        &self,
        head: &request::Parts,
        body: &mut B,
    ) -> Result<Answer, Problem>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        expect(&head.method, SUBMIT)?;
        let nothing_here = || Problem::NotFound(FORWARD_PATH.to_owned());
        let secret = self.config.peer_secret.as_ref().ok_or_else(nothing_here)?;
        let body = self.read_body(head, body, QUESTION_BYTES_MAX, &self.pools.peers).await?;
        let mac = head.headers.get(FASTI_MAC).and_then(|mac| hex::decode(mac).ok());
        let mac: [u8; 32] = mac.and_then(|mac| mac.try_into().ok()).ok_or(Problem::UnknownPeer)?;
        if !secret.verify(Message::Question, body.bytes(), &mac) {
            return Err(Problem::UnknownPeer);
        }
        let entries = decode_question(body.into_bytes())
            .map_err(|error| Problem::BodyBroken(error.to_string()))?;
        let answers = if entries.is_empty() {
            Ok(Vec::new())
        } else {
            self.log.take_forwarded(entries).await
        };
        let reply = encode_reply(&Reply { standing: self.log.standing_for_peer(), answers });
        let mac = hex::encode(secret.mac(Message::AnswerTo(&mac), &reply));
        let mut answer = Response::new(Full::new(reply));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(FASTI_MAC, HeaderValue::from_str(&mac).expect("hexadecimal digits"));
        Ok(answer)
    }
}

/// A question with entries, of which there are at most [`FORWARD_ENTRIES_MAX`].
pub fn encode_question(entries: &[Bytes]) -> Bytes {
    let length = entries.iter().map(|entry| 2 + entry.len()).sum::<usize>();
    let mut out = BytesMut::with_capacity(12 + length);
    out.put_slice(&QUESTION);
    out.put_u32(count(entries.len()));
    for entry in entries {
        out.put_u16(u16::try_from(entry.len()).expect("an entry has at most 65,535 bytes"));
        out.put_slice(entry);
    }
    out.freeze()
}

/// Reads a question.
pub fn decode_question(body: Bytes) -> Result<Vec<Bytes>, MessageError> {
    let mut fields = Fields(body);
    fields.magic(QUESTION)?;
    let entries = fields.u32()?;
    if entries > FORWARD_ENTRIES_MAX {
        return Err(MessageError("it has too many entries"));
    }
    let entries = (0..entries).map(|_| {
        let length = usize::from(fields.u16()?);
        fields.bytes(length)
    });
    let entries = entries.collect::<Result<_, _>>()?;
    fields.end()?;
    Ok(entries)
}

/// The bytes of an answer.
pub fn encode_reply(reply: &Reply) -> Bytes {
    let Standing { role, epoch, leader, published, checkpoint } = &reply.standing;
    let mut out = BytesMut::with_capacity(4096);
    out.put_slice(&ANSWER);
    out.put_u8(match role {
        Role::Leading => 0,
        Role::Following => 1,
        Role::Recovering => 2,
        Role::Leaving => 3,
        Role::Frozen => 4,
    });
    out.put_u64(epoch.0);
    put_text(&mut out, leader);
    out.put_u64(published.get());
    put_long(&mut out, checkpoint);
    let Ok(answers) = &reply.answers else {
        out.put_u8(0);
        return out.freeze();
    };
    out.put_u8(1);
    let mut checkpoints: Vec<&Bytes> = Vec::new();
    let mut told = BytesMut::with_capacity(answers.len() * 1024);
    for answer in answers {
        put_answer(&mut told, answer, &mut checkpoints);
    }
    out.put_u32(count(checkpoints.len()));
    for checkpoint in checkpoints {
        put_long(&mut out, checkpoint);
    }
    out.put_u32(count(answers.len()));
    out.unsplit(told);
    out.freeze()
}

fn put_answer<'a>(out: &mut BytesMut, answer: &'a PeerAnswer, checkpoints: &mut Vec<&'a Bytes>) {
    match answer {
        PeerAnswer::Included(PeerIncluded { index, duplicate, checkpoint, proof }) => {
            // Most share the one that came last.
            let place = checkpoints.iter().rposition(|there| *there == checkpoint);
            let place = place.unwrap_or_else(|| {
                checkpoints.push(checkpoint);
                checkpoints.len() - 1
            });
            out.put_u8(0);
            out.put_u32(count(place));
            out.put_u64(index.get());
            out.put_u8(u8::from(*duplicate));
            out.put_u8(u8::try_from(proof.len()).expect("a proof has at most 63 hashes"));
            for hash in proof {
                out.put_slice(hash.as_bytes());
            }
        }
        PeerAnswer::Refused(reason) => {
            let (code, text) = match reason {
                SubmitError::TooLarge(length) => (0, length.to_string()),
                SubmitError::Pushback => (1, String::new()),
                SubmitError::LogIsFull => (2, String::new()),
                SubmitError::Lookup(text) => (3, text.clone()),
                SubmitError::ShuttingDown
                | SubmitError::Halted(_)
                | SubmitError::Unanswered
                | SubmitError::Frozen => (4, String::new()),
            };
            out.put_u8(1);
            out.put_u8(code);
            put_text(out, &text);
        }
    }
}

/// Reads an answer.
pub fn decode_reply(body: Bytes) -> Result<Reply, MessageError> {
    let mut fields = Fields(body);
    fields.magic(ANSWER)?;
    let role = match fields.u8()? {
        0 => Role::Leading,
        1 => Role::Following,
        2 => Role::Recovering,
        3 => Role::Leaving,
        4 => Role::Frozen,
        _ => return Err(MessageError("its role is unknown")),
    };
    let epoch = Epoch(fields.u64()?);
    let leader = fields.text()?;
    let published = TreeSize::new(fields.u64()?).ok_or(MessageError("its size is too large"))?;
    let checkpoint = fields.long()?;
    let standing = Standing { role, epoch, leader, published, checkpoint };
    if fields.u8()? == 0 {
        fields.end()?;
        return Ok(Reply { standing, answers: Err(NotLeading) });
    }
    let mut checkpoints = Vec::new();
    for _ in 0..fields.u32()? {
        checkpoints.push(fields.long()?);
    }
    let answers = fields.u32()?;
    if answers > FORWARD_ENTRIES_MAX {
        return Err(MessageError("it has too many answers"));
    }
    let answers = (0..answers).map(|_| fields.answer(&checkpoints)).collect::<Result<_, _>>()?;
    fields.end()?;
    Ok(Reply { standing, answers: Ok(answers) })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("far below 2^32")
}

fn put_text(out: &mut BytesMut, text: &str) {
    let bytes = &text.as_bytes()[..text.floor_char_boundary(usize::from(u16::MAX))];
    out.put_u16(u16::try_from(bytes.len()).expect("was cut"));
    out.put_slice(bytes);
}

fn put_long(out: &mut BytesMut, bytes: &[u8]) {
    out.put_u32(count(bytes.len()));
    out.put_slice(bytes);
}

/// What is left of a message.
struct Fields(Bytes);

impl Fields {
    fn bytes(&mut self, length: usize) -> Result<Bytes, MessageError> {
        (self.0.len() >= length).then(|| self.0.split_to(length)).ok_or(CUT)
    }

    fn magic(&mut self, magic: [u8; 8]) -> Result<(), MessageError> {
        let is = self.bytes(8)? == magic[..];
        is.then_some(()).ok_or(MessageError("it is of another kind or version"))
    }

    fn u8(&mut self) -> Result<u8, MessageError> {
        self.0.try_get_u8().map_err(|_| CUT)
    }

    fn u16(&mut self) -> Result<u16, MessageError> {
        self.0.try_get_u16().map_err(|_| CUT)
    }

    fn u32(&mut self) -> Result<usize, MessageError> {
        self.0.try_get_u32().map(|n| n as usize).map_err(|_| CUT)
    }

    fn u64(&mut self) -> Result<u64, MessageError> {
        self.0.try_get_u64().map_err(|_| CUT)
    }

    fn text(&mut self) -> Result<String, MessageError> {
        let length = usize::from(self.u16()?);
        let text = String::from_utf8(self.bytes(length)?.into());
        text.map_err(|_| MessageError("a text in it is none"))
    }

    fn long(&mut self) -> Result<Bytes, MessageError> {
        let length = self.u32()?;
        self.bytes(length)
    }

    fn answer(&mut self, checkpoints: &[Bytes]) -> Result<PeerAnswer, MessageError> {
        match self.u8()? {
            0 => {
                let checkpoint = checkpoints.get(self.u32()?).cloned();
                let checkpoint = checkpoint.ok_or(MessageError("it lacks a checkpoint"))?;
                let index = LeafIndex::new(self.u64()?);
                let index = index.ok_or(MessageError("its index is too large"))?;
                let duplicate = self.u8()? != 0;
                let proof = (0..self.u8()?).map(|_| {
                    let hash = self.bytes(tiles_spec::HASH_BYTES)?;
                    Hash::try_from(&hash[..]).map_err(|_| CUT)
                });
                let proof = proof.collect::<Result<_, _>>()?;
                Ok(PeerAnswer::Included(PeerIncluded { index, duplicate, checkpoint, proof }))
            }
            1 => {
                let (code, text) = (self.u8()?, self.text()?);
                Ok(PeerAnswer::Refused(match code {
                    0 => SubmitError::TooLarge(text.parse().unwrap_or_default()),
                    1 => SubmitError::Pushback,
                    2 => SubmitError::LogIsFull,
                    3 => SubmitError::Lookup(text),
                    _ => SubmitError::ShuttingDown,
                }))
            }
            _ => Err(MessageError("an answer in it is of no known kind")),
        }
    }

    fn end(&self) -> Result<(), MessageError> {
        self.0.is_empty().then_some(()).ok_or(MessageError("there is something behind its end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Reply {
        let included = |n: u64, checkpoint: &'static str| {
            PeerAnswer::Included(PeerIncluded {
                index: LeafIndex::new(n).expect("in range"),
                duplicate: n.is_multiple_of(2),
                checkpoint: checkpoint.into(),
                proof: vec![Hash::from([7; 32]); usize::try_from(n).expect("small")],
            })
        };
        let standing = Standing {
            role: Role::Leaving,
            epoch: Epoch(9),
            leader: "http://10.0.0.1:3000".to_owned(),
            published: TreeSize::new(77).expect("in range"),
            checkpoint: "signed".into(),
        };
        let reasons = [
            SubmitError::TooLarge(70_000),
            SubmitError::Pushback,
            SubmitError::LogIsFull,
            SubmitError::Lookup("why".to_owned()),
            SubmitError::ShuttingDown,
        ];
        let mut answers = vec![included(0, "one"), included(3, "two"), included(4, "one")];
        answers.extend(reasons.map(PeerAnswer::Refused));
        Reply { standing, answers: Ok(answers) }
    }

    #[test]
    fn questions_read_back_and_nothing_shorter_or_longer_does() {
        for count in [0, 1, 3] {
            let entries: Vec<Bytes> =
                (0..count).map(|n| vec![n; usize::from(n) * 9].into()).collect();
            let body = encode_question(&entries);
            assert_eq!(decode_question(body.clone()), Ok(entries));
            for cut in 0..body.len() {
                assert!(decode_question(body.slice(..cut)).is_err(), "cut at {cut}");
            }
            assert!(decode_question([&body[..], b"x"].concat().into()).is_err());
        }
        let many = [&QUESTION[..], &[0, 0, 0x10, 1]].concat();
        assert_eq!(decode_question(many.into()), Err(MessageError("it has too many entries")));
    }

    #[test]
    fn answers_read_back_and_nothing_shorter_or_longer_does() {
        let told = reply();
        let body = encode_reply(&told);
        let read = decode_reply(body.clone()).expect("reads back");
        assert_eq!(format!("{read:?}"), format!("{told:?}"));
        for cut in 0..body.len() {
            assert!(decode_reply(body.slice(..cut)).is_err(), "cut at {cut}");
        }
        assert!(decode_reply([&body[..], b"x"].concat().into()).is_err());
        let none = encode_reply(&Reply { answers: Err(NotLeading), ..reply() });
        assert!(decode_reply(none).expect("reads back").answers.is_err());
    }

    #[test]
    fn no_flipped_bit_makes_an_answer_that_cannot_be_handled() {
        let body = encode_reply(&reply());
        for at in 0..body.len() * 8 {
            let mut damaged = body.to_vec();
            damaged[at / 8] ^= 1 << (at % 8);
            // A named error or other words: what they say is proved elsewhere.
            drop(decode_reply(damaged.into()));
        }
    }
}
