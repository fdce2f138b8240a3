//! PEM (RFC 7468) as Go reads it, and with it Rekor: text may stand before a block, headers may
//! follow its first line, lines may have any length, and spaces in them do not count. A block that
//! is malformed is passed over as text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base64_text;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// Characters of base64 in a line.
const LINE: usize = 64;

/// A block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// What it says it is.
    pub label: &'a [u8],
    /// Its content.
    pub bytes: Vec<u8>,
    /// What follows its last line.
    pub rest: &'a [u8],
}

/// The first block in a text.
pub(crate) fn first(text: &[u8]) -> Option<Block<'_>> {
    let mut rest = text;
    // Each round goes past a last line.
    loop {
        let end = find(rest, END)?;
        let begin = find_last(&rest[..end], BEGIN);
        let at_line = begin.filter(|begin| *begin == 0 || rest[begin - 1] == b'\n');
        let after = &rest[end + END.len()..];
        if let Some(begin) = at_line {
            // The line break before the last line ends the one before.
            let inside = &rest[begin + BEGIN.len()..=end];
            if let Some(block) = block(inside, after) {
                return Some(block);
            }
        }
        rest = after;
    }
}

/// A block, from its label to the line break before its last line; and what follows `-----END ` in
/// that.
fn block<'a>(inside: &'a [u8], after: &'a [u8]) -> Option<Block<'a>> {
    let (line, mut body) = line(inside);
    let label = line.strip_suffix(DASHES)?;
    // Header lines, each with a colon.
    loop {
        let (header, next) = self::line(body);
        if !header.contains(&b':') {
            break;
        }
        body = next;
    }
    let (last, rest) = self::line(after);
    if last.strip_suffix(DASHES)? != label {
        return None;
    }
    let base64: Vec<u8> = body.iter().copied().filter(|byte| !b" \t".contains(byte)).collect();
    Some(Block { label, bytes: base64_text::decode(&base64).ok()?, rest })
}

/// A block as Rekor writes it.
pub(crate) fn encode(label: &str, bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(LINE) {
        let line = std::str::from_utf8(line).expect("ASCII");
        writeln!(pem, "{line}").expect("memory takes all");
    }
    pem + "-----END " + label + "-----\n"
}

/// The first line, without white space at its end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &text[text.len()..]),
    };
    (line.trim_ascii_end(), rest)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn find_last(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).rposition(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Vec<u8>, String)> {
        let block = first(text.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        Some((text(block.label), block.bytes, text(block.rest)))
    }

    #[test]
    fn blocks_in_text_with_headers_and_odd_lines() {
        let (begin, end) = ("-----BEGIN X Y-----", "-----END X Y-----");
        let found = |rest: &str| Some(("X Y".to_owned(), b"hello".to_vec(), rest.to_owned()));
        for (text, block) in [
            (format!("{begin}\naGVsbG8=\n{end}\n"), found("")),
            (format!("{begin}\naGVsbG8=\n{end}"), found("")),
            (format!("{begin}\r\naGV\r\nsbG8=\r\n{end}\r\nmore"), found("more")),
            (format!("text\n{begin}\n a G\tVsbG8= \n{end} \nmore"), found("more")),
            (format!("{begin}\nA: b\nC:\n\naGVsbG8=\n{end}\n"), found("")),
            (format!("{begin}\nA: b\naGVsbG8=\n{end}\n"), found("")),
            // The last of several first lines counts, and a malformed block is text.
            (format!("{begin}\nAAAA\n{begin}\naGVsbG8=\n{end}\n"), found("")),
            (format!("{begin}\n!\n{end}\n{begin}\naGVsbG8=\n{end}\n"), found("")),
            (format!(" {begin}\naGVsbG8=\n{end}\n"), None),
            (format!("{begin}\naGVsbG8=\n{end}x\n"), None),
            (format!("{begin}\naGVsbG8\n{end}\n"), None),
            (format!("{begin}\naGVsbG8={end}\n"), None),
            (format!("{begin}\naGVsbG8=\n-----END X-----\n"), None),
            ("-----BEGIN X\naGVsbG8=\n-----END X\n".to_owned(), None),
            (format!("{begin}\n"), None),
            (end.to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(read(&text), block, "{text}");
        }
        let empty = format!("{begin}\n{end}\n");
        assert_eq!(read(&empty), Some(("X Y".to_owned(), Vec::new(), String::new())));
    }

    #[test]
    fn encoding_is_read_back() {
        for length in [0, 1, 47, 48, 49, 200] {
            let bytes = vec![7; length];
            let text = encode("X", &bytes);
            assert!(text.lines().all(|line| line.len() <= LINE));
            assert_eq!(read(&text), Some(("X".to_owned(), bytes, String::new())));
        }
    }
}
