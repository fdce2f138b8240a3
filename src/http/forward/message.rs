//! The bodies of questions and answers, byte by byte.
//!
//! ```text
//! question  empty: what is your status?
//!           "fasti/q2" | u32 entries | for each: u16 length, bytes
//! answer    "fasti/r2" | u8 role | u64 epoch | u16 length, leader's address
//!                      | u64 published size | u32 length, published checkpoint
//!                      | u8 taken: 0 (it does not lead, nothing follows),
//!                                  2 (it leads in another term, nothing follows) or 1
//!                      | u32 checkpoints | for each: u32 length, bytes
//!                      | u32 answers | for each:
//!                          u8 0 | u32 checkpoint | u64 index | u8 duplicate | u8 n | n hashes
//!                          u8 1 | u8 reason | u16 length, text
//! ```
//! Integers are big-endian. The entries in a question were verified by the writer that sends it,
//! which is why the secret matters.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tiles_spec::{Hash, LeafIndex, TreeSize};

use fasti_log::SubmitError;
use fasti_log::peers::{
    FORWARD_BYTES_MAX, FORWARD_ENTRIES_MAX, NotTaken, PeerAnswer, PeerIncluded, PeerStatus, Role,
};
use fasti_log::record::Epoch;

/// Longest question, in bytes.
pub const QUESTION_BYTES_MAX: usize = 12 + FORWARD_BYTES_MAX + 2 * FORWARD_ENTRIES_MAX;
/// Maximum bytes of all questions being read or answered: sixteen of the longest.
pub const MEMORY_BYTES_MAX: usize = 16 * QUESTION_BYTES_MAX;
/// Longest answer, in bytes: each entry with a proof of 63 hashes, and some checkpoints.
pub const ANSWER_BYTES_MAX: usize = (8 << 20) + FORWARD_ENTRIES_MAX * 64 * 33;

const QUESTION: [u8; 8] = *b"fasti/q2";
const ANSWER: [u8; 8] = *b"fasti/r2";

/// The answer to a question.
#[derive(Debug)]
pub struct Reply {
    /// The writer's status.
    pub status: PeerStatus,
    /// The answers for the entries, or why it did not accept them.
    pub answers: Result<Vec<PeerAnswer>, NotTaken>,
}

/// The bytes are not a message between writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message between writers: {0}")]
pub struct MessageError(&'static str);

const CUT: MessageError = MessageError("it is cut short");

/// Encodes a question with at most [`FORWARD_ENTRIES_MAX`] entries.
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

/// Decodes a question.
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

/// Encodes an answer.
pub fn encode_reply(reply: &Reply) -> Bytes {
    let PeerStatus { role, epoch, leader, published, checkpoint } = &reply.status;
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
    let answers = match &reply.answers {
        Ok(answers) => answers,
        Err(reason) => {
            out.put_u8(match reason {
                NotTaken::NotLeading => 0,
                NotTaken::OtherTerm => 2,
            });
            return out.freeze();
        }
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
            // Most answers share the last checkpoint.
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
                SubmitError::Dedup(text) => (3, text.clone()),
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

/// Decodes an answer.
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
    let status = PeerStatus { role, epoch, leader, published, checkpoint };
    let not_taken = match fields.u8()? {
        0 => Some(NotTaken::NotLeading),
        1 => None,
        2 => Some(NotTaken::OtherTerm),
        _ => return Err(MessageError("its reason for accepting nothing is unknown")),
    };
    if let Some(reason) = not_taken {
        fields.end()?;
        return Ok(Reply { status, answers: Err(reason) });
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
    Ok(Reply { status, answers: Ok(answers) })
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

/// The rest of a message.
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
        text.map_err(|_| MessageError("a text in it is not UTF-8"))
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
                    3 => SubmitError::Dedup(text),
                    _ => SubmitError::ShuttingDown,
                }))
            }
            _ => Err(MessageError("an answer in it is of an unknown kind")),
        }
    }

    fn end(&self) -> Result<(), MessageError> {
        self.0.is_empty().then_some(()).ok_or(MessageError("it has trailing bytes"))
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
        let status = PeerStatus {
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
            SubmitError::Dedup("why".to_owned()),
            SubmitError::ShuttingDown,
        ];
        let mut answers = vec![included(0, "one"), included(3, "two"), included(4, "one")];
        answers.extend(reasons.map(PeerAnswer::Refused));
        Reply { status, answers: Ok(answers) }
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
        for reason in [NotTaken::NotLeading, NotTaken::OtherTerm] {
            let none = encode_reply(&Reply { answers: Err(reason), ..reply() });
            assert_eq!(decode_reply(none).expect("reads back").answers.unwrap_err(), reason);
        }
    }

    #[test]
    fn no_flipped_bit_makes_an_answer_that_cannot_be_handled() {
        let body = encode_reply(&reply());
        for at in 0..body.len() * 8 {
            let mut damaged = body.to_vec();
            damaged[at / 8] ^= 1 << (at % 8);
            // Either an error or a different message, whose content is verified elsewhere.
            drop(decode_reply(damaged.into()));
        }
    }
}
