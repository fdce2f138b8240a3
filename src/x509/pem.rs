//! PEM (RFC 7468): blocks of base64 with a label, among other text.
//!
//! As lenient as OpenSSL and Go where it does no harm: text may stand around the blocks, lines may
//! have any length, spaces and carriage returns around a line do not count. As strict as they are
//! where bytes matter: the base64 is padded and has no stray bits, and nothing else stands between
//! the first line of a block and the last.
//!
//! Callers decide which labels they take, and whether a block must be whole ([`Block::der`]).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const TAIL: &[u8] = b"-----";

/// A part of a text that may hold PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A line outside of all blocks, without the spaces around it.
    Text(&'a [u8]),
    /// A block.
    Block(Block<'a>),
}

/// A block, from its first line to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    first: &'a [u8],
    body: &'a [u8],
    /// Missing if the text ends before.
    last: Option<&'a [u8]>,
}

/// Why a block cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// The first line is not that of a block.
    #[error("its first line has no label between its dashes")]
    Label,
    /// The last line is missing or has another label.
    #[error("it has no end")]
    End,
    /// The content is not base64.
    #[error("it is not base64")]
    Base64,
}

/// The parts of `text`, in order, with the numbers of their first lines, from 1.
pub fn parts(text: &[u8]) -> impl Iterator<Item = (usize, Part<'_>)> {
    let mut lines = Lines { rest: text, number: 0 };
    std::iter::from_fn(move || {
        let (_, line) = lines.next()?;
        if !line.starts_with(BEGIN) {
            return Some((lines.number, Part::Text(line)));
        }
        let (number, body) = (lines.number, lines.rest);
        let mut length = body.len();
        let mut last = None;
        while let Some((start, line)) = lines.next() {
            if line.starts_with(TAIL) {
                (length, last) = (body.len() - start, Some(line));
                break;
            }
        }
        Some((number, Part::Block(Block { first: line, body: &body[..length], last })))
    })
}

/// The blocks in `text`, in order.
pub fn blocks(text: &[u8]) -> impl Iterator<Item = Block<'_>> {
    parts(text).filter_map(|(_, part)| match part {
        Part::Text(_) => None,
        Part::Block(block) => Some(block),
    })
}

impl<'a> Block<'a> {
    /// Its label, such as `CERTIFICATE`; `None` if its first line is malformed.
    pub fn label(&self) -> Option<&'a str> {
        label(self.first, BEGIN)
    }

    /// Its content, if it is whole.
    pub fn der(&self) -> Result<Vec<u8>, PemError> {
        let begins = self.label().ok_or(PemError::Label)?;
        let ends = self.last.and_then(|last| label(last, END));
        if ends != Some(begins) {
            return Err(PemError::End);
        }
        self.content().ok_or(PemError::Base64)
    }

    /// Its content, whatever label stands in its last line; `None` if there is no such line, or if
    /// the content is not base64.
    pub fn content_to_any_end(&self) -> Option<Vec<u8>> {
        self.last.filter(|last| last.starts_with(END)).and_then(|_| self.content())
    }

    fn content(&self) -> Option<Vec<u8>> {
        // It may be a private key.
        let mut base64 = Zeroizing::new(Vec::with_capacity(self.body.len()));
        for line in self.body.split(|byte| *byte == b'\n') {
            base64.extend_from_slice(line.trim_ascii());
        }
        STANDARD.decode(&*base64).ok()
    }
}

/// The lines of a text, without the spaces around them.
struct Lines<'a> {
    rest: &'a [u8],
    /// Of the line that was last returned, from 1.
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line, and how many bytes of the text began with it.
    fn next(&mut self) -> Option<(usize, &'a [u8])> {
        if self.rest.is_empty() {
            return None;
        }
        let start = self.rest.len();
        let (line, rest) = match self.rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &self.rest[start..]),
        };
        self.rest = rest;
        self.number += 1;
        Some((start, line.trim_ascii()))
    }
}

fn label<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(start)?.strip_suffix(TAIL)?;
    std::str::from_utf8(label).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(body: &str) -> String {
        format!("-----BEGIN A KEY-----\n{body}\n-----END A KEY-----\n")
    }

    fn first(text: &str) -> Result<Vec<u8>, PemError> {
        blocks(text.as_bytes()).next().expect("a block").der()
    }

    #[test]
    fn what_openssl_and_go_read() {
        for text in [
            block("AQID"),
            block("AQID").replace('\n', "\r\n"),
            block("A\nQ\n\nI\nD"),
            block(" AQID\t"),
            format!("subject=CN = a\n\n{}more\n", block("AQID")),
            block("AQID").trim_end().to_owned(),
            block("AQID").replace('\n', " \n  "),
        ] {
            assert_eq!(first(&text), Ok(vec![1, 2, 3]), "{text}");
            assert_eq!(blocks(text.as_bytes()).next().unwrap().label(), Some("A KEY"));
        }
        let long = "A".repeat(400);
        assert_eq!(first(&block(&long)), Ok(vec![0; 300]));
        assert_eq!(first(&block("")), Ok(vec![]));
    }

    #[test]
    fn what_matters_is_not_guessed() {
        for (text, fault) in [
            (block("AQI"), PemError::Base64),
            (block("AQJ="), PemError::Base64),
            (block("AQ ID"), PemError::Base64),
            (block("-_AA"), PemError::Base64),
            (block("Proc-Type: 4,ENCRYPTED\n\nAQID"), PemError::Base64),
            (block("AQID").replace("END A", "END B"), PemError::End),
            (block("AQID").replace("-----END", "-----ENDE"), PemError::End),
            ("-----BEGIN A KEY-----\nAQID\n".to_owned(), PemError::End),
            (format!("-----BEGIN A KEY-----\nAQID\n{}", block("AQID")), PemError::End),
            ("-----BEGIN A KEY--\nAQID\n-----END A KEY-----".to_owned(), PemError::Label),
        ] {
            assert_eq!(first(&text), Err(fault), "{text}");
        }
        // A line must begin with the dashes.
        assert_eq!(blocks(b"x-----BEGIN A KEY-----\nAQID\n-----END A KEY-----").count(), 0);
    }

    #[test]
    fn parts_have_their_lines() {
        let text = format!("first\n\n {}\u{ff}last", block("AQID").replace('\n', "\r\n"));
        let parts: Vec<_> = parts(text.as_bytes()).collect();
        assert_eq!(parts[..2], [(1, Part::Text(b"first")), (2, Part::Text(b""))]);
        let (3, Part::Block(block)) = parts[2] else { panic!("a block") };
        assert_eq!(block.der(), Ok(vec![1, 2, 3]));
        assert_eq!(parts[3..], [(6, Part::Text("\u{ff}last".as_bytes()))]);
    }

    #[test]
    fn any_label_can_end_what_an_index_reads() {
        let read = |text: &str| blocks(text.as_bytes()).next().unwrap().content_to_any_end();
        assert_eq!(read(&block("AQID").replace("END A", "END B")), Some(vec![1, 2, 3]));
        assert_eq!(read(&block("AQID").replace("-----END", "-----ENDE")), None);
    }
}
