//! The head of a question between writers: its subject, under a MAC.
//!
//! ```text
//! fasti-question: fasti/q2 <log> <epoch> <nonce> <length> <digest> <to>
//! fasti-mac: <HMAC of that line>
//! ```
//! The log ([`PeerSecret::log`]), nonce, digest (the body's SHA-256) and MAC are in hexadecimal,
//! the epoch and length in decimal. `to` is the address of the writer being asked, up to the end of
//! the line. That writer decides by these two lines alone whether to read a body, and how much of
//! it.

use fasti_log::record::Epoch;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use crate::secret::{MAC_BYTES, Message, PeerSecret};

/// The subject of a question.
pub const FASTI_QUESTION: HeaderName = HeaderName::from_static("fasti-question");
/// The MAC of a question or of an answer.
pub const FASTI_MAC: HeaderName = HeaderName::from_static("fasti-mac");

/// The protocol between writers.
const PROTOCOL: &str = "fasti/q2";
/// Maximum length of another protocol's name in messages.
const PROTOCOL_CHARS_MAX: usize = 32;

/// The head of a question; see the module documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionHead {
    /// The term in which the asker believes the asked writer leads.
    pub term: Epoch,
    /// Makes each question unique, and so its answer.
    pub nonce: [u8; 16],
    /// How many bytes its body has.
    pub length: usize,
    /// The SHA-256 of its body.
    pub digest: [u8; 32],
    /// The address of the writer that is asked.
    pub to: String,
}

/// Why a question is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerRefusal {
    /// Not from a writer: no head, a malformed one, or one under another secret.
    #[error("only the log's own writers are answered here")]
    Unknown,
    /// From a writer of another release.
    #[error(
        "this writer speaks {PROTOCOL} with its peers, not {0}: all writers of a log must run \
         releases with the same protocol"
    )]
    Protocol(String),
    /// From another log's writer.
    #[error("the question is about another log, with another origin or key")]
    OtherLog,
    /// For another writer of the log.
    #[error("the question is for the writer at {to}, and this one is at {here}")]
    OtherWriter {
        /// The writer it is for.
        to: String,
        /// The writer that got it.
        here: String,
    },
}

impl QuestionHead {
    /// Creates the head of a question with this body.
    pub fn new(to: &str, term: Epoch, nonce: [u8; 16], body: &[u8]) -> Self {
        let digest = Sha256::digest(body).into();
        Self { term, nonce, length: body.len(), digest, to: to.to_owned() }
    }

    /// Whether this is the whole body.
    pub fn describes(&self, body: &[u8]) -> bool {
        body.len() == self.length && self.digest == <[u8; 32]>::from(Sha256::digest(body))
    }

    /// Returns the header field and the MAC, or `None` if the address does not fit into a header.
    pub fn sign(&self, secret: &PeerSecret) -> Option<(HeaderValue, [u8; MAC_BYTES])> {
        let Self { term, nonce, length, digest, to } = self;
        let (log, nonce, digest) =
            (hex::encode(secret.log()), hex::encode(nonce), hex::encode(digest));
        let line = format!("{PROTOCOL} {log} {} {nonce} {length} {digest} {to}", term.0);
        let mac = secret.mac(Message::Question, line.as_bytes());
        Some((HeaderValue::from_bytes(line.as_bytes()).ok()?, mac))
    }

    /// Reads the head of a question to the writer at `here`, with its MAC.
    pub fn open(
        headers: &HeaderMap,
        secret: &PeerSecret,
        here: &str,
    ) -> Result<(Self, [u8; MAC_BYTES]), PeerRefusal> {
        let mac = headers.get(FASTI_MAC).and_then(|mac| digits(mac.as_bytes()));
        let Some(line) = headers.get(FASTI_QUESTION).map(HeaderValue::as_bytes) else {
            // Earlier protocols had a MAC but no head.
            let earlier = || PeerRefusal::Protocol("an earlier protocol".to_owned());
            return Err(mac.map_or(PeerRefusal::Unknown, |_: [u8; MAC_BYTES]| earlier()));
        };
        let text = str::from_utf8(line).map_err(|_| PeerRefusal::Unknown)?;
        let (protocol, rest) = text.split_once(' ').ok_or(PeerRefusal::Unknown)?;
        if protocol != PROTOCOL {
            let protocol = protocol.chars().take(PROTOCOL_CHARS_MAX).collect();
            return Err(PeerRefusal::Protocol(protocol));
        }
        let (log, head) = Self::parse(rest).ok_or(PeerRefusal::Unknown)?;
        if log != *secret.log() {
            return Err(PeerRefusal::OtherLog);
        }
        let mac = mac.filter(|mac| secret.verify(Message::Question, line, mac));
        let mac = mac.ok_or(PeerRefusal::Unknown)?;
        if head.to != here {
            return Err(PeerRefusal::OtherWriter { to: head.to, here: here.to_owned() });
        }
        Ok((head, mac))
    }

    fn parse(text: &str) -> Option<([u8; 32], Self)> {
        let mut parts = text.splitn(6, ' ');
        let mut part = || parts.next();
        let log = digits(part()?.as_bytes())?;
        let term = Epoch(part()?.parse().ok()?);
        let nonce = digits(part()?.as_bytes())?;
        let length = part()?.parse().ok()?;
        let digest = digits(part()?.as_bytes())?;
        let to = part()?.to_owned();
        Some((log, Self { term, nonce, length, digest, to }))
    }
}

/// Decodes hexadecimal digits.
fn digits<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "http://10.0.0.7:3000";

    fn secret(log: &str) -> PeerSecret {
        PeerSecret::derive(b"what the writers share", log, "its key")
    }

    fn question(to: &str) -> QuestionHead {
        QuestionHead::new(to, Epoch(9), [7; 16], b"a body")
    }

    fn headers(line: &[u8], mac: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(FASTI_QUESTION, HeaderValue::from_bytes(line).unwrap());
        headers.insert(FASTI_MAC, mac.parse().unwrap());
        headers
    }

    fn signed(question: &QuestionHead, secret: &PeerSecret) -> HeaderMap {
        let (line, mac) = question.sign(secret).unwrap();
        headers(line.as_bytes(), &hex::encode(mac))
    }

    fn refusal(headers: &HeaderMap) -> PeerRefusal {
        QuestionHead::open(headers, &secret("log"), HERE).unwrap_err()
    }

    #[test]
    fn a_head_reads_back_and_tells_its_body() {
        let (log, asked) = (secret("log"), question(HERE));
        let (read, mac) = QuestionHead::open(&signed(&asked, &log), &log, HERE).unwrap();
        assert_eq!(read, asked);
        assert_eq!(mac, asked.sign(&log).unwrap().1);
        assert!(read.describes(b"a body"));
        assert!(!read.describes(b"a bodz") && !read.describes(b"a body ") && !read.describes(b""));
        assert!(question("http://a\nb").sign(&log).is_none());
        let spaced = question("http://a b");
        let spaced = QuestionHead::open(&signed(&spaced, &log), &log, "http://a b").unwrap();
        assert_eq!(spaced.0.to, "http://a b");
    }

    #[test]
    fn what_is_not_for_this_writer_is_refused_by_name() {
        let other = signed(&question(HERE), &secret("another log"));
        assert_eq!(refusal(&other), PeerRefusal::OtherLog);
        let elsewhere = signed(&question("http://10.0.0.8:3000"), &secret("log"));
        let told = refusal(&elsewhere).to_string();
        assert!(told.contains("10.0.0.8") && told.contains("10.0.0.7"), "{told}");
        let strangers = PeerSecret::derive(b"what others share", "log", "its key");
        assert_eq!(refusal(&signed(&question(HERE), &strangers)), PeerRefusal::Unknown);
        let newer = headers(b"fasti/q3 something", "00");
        assert_eq!(refusal(&newer), PeerRefusal::Protocol("fasti/q3".to_owned()));
        let mut earlier = HeaderMap::new();
        earlier.insert(FASTI_MAC, "ab".repeat(32).parse().unwrap());
        assert!(matches!(refusal(&earlier), PeerRefusal::Protocol(_)));
        assert_eq!(refusal(&HeaderMap::new()), PeerRefusal::Unknown);
    }

    #[test]
    fn no_other_line_passes_under_the_same_mac() {
        let (log, asked) = (secret("log"), question(HERE));
        let (line, mac) = asked.sign(&log).unwrap();
        let (line, mac) = (line.as_bytes(), hex::encode(mac));
        for at in 0..line.len() {
            let mut other = line.to_vec();
            other[at] ^= 1;
            if HeaderValue::from_bytes(&other).is_ok() {
                QuestionHead::open(&headers(&other, &mac), &log, HERE).unwrap_err();
            }
            let cut = headers(&line[..at], &mac);
            QuestionHead::open(&cut, &log, HERE).unwrap_err();
        }
        for bad in [&mac[1..], "", "x", &mac.replace('a', "b").replace('0', "1")] {
            assert_eq!(refusal(&headers(line, bad)), PeerRefusal::Unknown);
        }
    }
}
