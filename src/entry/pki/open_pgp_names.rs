//! The email addresses in an OpenPGP public key (RFC 9580).
//!
//! An index lists entries by them, so nothing is verified and no key is read: user IDs are found by
//! walking from packet to packet. Whatever cannot be read ends the walk.
//!
//! Invariant: total and linear, for any bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// The type of packet that holds a user ID.
const USER_ID: u8 = 13;

/// The address in each user ID of the first armored block, in order.
pub fn emails(key: &[u8]) -> Vec<String> {
    let packets = unarmored(key).unwrap_or_default();
    let ids = Packets(&packets).filter(|(kind, _)| *kind == USER_ID);
    let texts = ids.filter_map(|(_, id)| std::str::from_utf8(id).ok());
    texts.filter_map(email).map(str::to_owned).collect()
}

/// The bytes in the first block. Lines before the first empty one are headers, and one that begins
/// with `=` is a checksum.
fn unarmored(text: &[u8]) -> Option<Vec<u8>> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.find(|line| *line == BEGIN)?;
    lines.find(|line| line.is_empty())?;
    let data = lines.take_while(|line| !line.starts_with(b"=") && !line.starts_with(b"-----"));
    STANDARD.decode(data.collect::<Vec<_>>().concat()).ok()
}

/// The packets at the beginning of these bytes: the type and the content of each. It ends before a
/// packet that is malformed, or of a length that is not stated at its beginning.
struct Packets<'a>(&'a [u8]);

impl<'a> Iterator for Packets<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.0.split_first()?;
        let (kind, length, rest) = match first {
            0xc0.. => {
                let (length, rest) = new_length(rest)?;
                (first & 0x3f, length, rest)
            }
            0x80.. => {
                let (length, rest) = old_length(first & 3, rest)?;
                (first >> 2 & 0xf, length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((kind, content))
    }
}

/// A length in the format that RFC 4880 introduced.
fn new_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        ..192 => Some((usize::from(*first), rest)),
        192..224 => {
            let (second, rest) = rest.split_first()?;
            Some((usize::from(first - 192) * 256 + usize::from(*second) + 192, rest))
        }
        224..255 => None,
        255 => number(rest, 4),
    }
}

/// A length in the format of RFC 1991.
fn old_length(length_type: u8, bytes: &[u8]) -> Option<(usize, &[u8])> {
    match length_type {
        0 => number(bytes, 1),
        1 => number(bytes, 2),
        2 => number(bytes, 4),
        _ => None,
    }
}

/// A number in this many bytes, big-endian.
fn number(bytes: &[u8], count: usize) -> Option<(usize, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(count)?;
    let number = digits.iter().fold(0_u64, |number, digit| number << 8 | u64::from(*digit));
    Some((usize::try_from(number).ok()?, rest))
}

/// The address in `Name (comment) <address>`, or in a user ID that is an address alone.
fn email(id: &str) -> Option<&str> {
    let start = id.find(['(', '<']).unwrap_or(id.len());
    let (name, rest) = id.split_at(start);
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
    let in_brackets = rest.split_once('<').map(|(_, rest)| rest.split('>').next().unwrap_or(rest));
    let bare = Some(name).filter(|name| name.contains('@'));
    let email = in_brackets.map(str::trim).filter(|email| !email.is_empty()).or(bare)?.trim();
    is_address(email).then_some(email)
}

fn is_address(text: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || c.is_control();
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !text.contains(is_odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armored(packets: &[u8]) -> String {
        let data = STANDARD.encode(packets);
        format!(
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{data}\n=AAAA\n\
             -----END PGP PUBLIC KEY BLOCK-----"
        )
    }

    fn id(text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).expect("a short text");
        [&[0xc0 | USER_ID, length], text.as_bytes()].concat()
    }

    fn found(packets: &[u8]) -> Vec<String> {
        emails(armored(packets).as_bytes())
    }

    #[test]
    fn addresses_in_user_ids() {
        for (text, address) in [
            ("One <one@example.com>", Some("one@example.com")),
            ("<One@Example.com>", Some("One@Example.com")),
            ("one@example.com", Some("one@example.com")),
            (" one@example.com ", Some("one@example.com")),
            ("One (work) <one@example.com> more", Some("one@example.com")),
            ("One (<two@example.com>) < one@example.com >", Some("one@example.com")),
            ("one@example.com (work)", Some("one@example.com")),
            ("one@example.com <>", Some("one@example.com")),
            ("One <one@example.com", Some("one@example.com")),
            ("One <one@localhost>", Some("one@localhost")),
            ("D\u{f6}ner <d\u{f6}ner@example.com>", Some("d\u{f6}ner@example.com")),
            ("One (one@example.com", None),
            ("One", None),
            ("One <one>", None),
            ("One <@example.com>", None),
            ("One <one@>", None),
            ("One <one two@example.com>", None),
            ("One <one\u{7}@example.com>", None),
            ("", None),
        ] {
            assert_eq!(found(&id(text)), Vec::from_iter(address), "{text}");
        }
    }

    #[test]
    fn every_form_of_packet() {
        let text = b"one@example.com";
        let one = || vec!["one@example.com".to_owned()];
        // Of 318 bytes: 126 more than one byte can say.
        let long = [&[b'x'; 300][..], b" <one@example.com>"].concat();
        for head in [&[0xcd, 15][..], &[0xcd, 255, 0, 0, 0, 15], &[0xb4, 15], &[0xb5, 0, 15]] {
            assert_eq!(found(&[head, text].concat()), one(), "{head:?}");
        }
        assert_eq!(found(&[&[0xcd, 192, 126], &long[..]].concat()), one());
        assert_eq!(found(&[&[0xb6, 0, 0, 0, 15], &text[..]].concat()), one());
        // Others are passed over, and user IDs count wherever they stand.
        let others = [&[0xc6, 1, 4][..], &id("A <a@b.c>"), &[0xc2, 0], &id("B <b@b.c>")].concat();
        assert_eq!(found(&others), ["a@b.c", "b@b.c"]);
        // Of a length that nobody knows, too long, or no packet.
        for head in [&[0xcd, 224][..], &[0xb7], &[0xcd, 16], &[0x4d, 15], &[0xcd], &[0xcd, 192]] {
            let whole = [&id("a@b.c"), head, text].concat();
            assert_eq!(found(&whole), ["a@b.c"], "{head:?}");
        }
        assert_eq!(found(&[&id("a@b.c")[..], &[0xcd, 1, 0xff], &id("c@b.c")].concat()).len(), 2);
    }

    #[test]
    fn armor() {
        let block = armored(&id("one@example.com"));
        for (text, is_read) in [
            (block.clone(), true),
            (block.replace('\n', "\r\n"), true),
            (block.replacen("\n\n", "\nVersion: 1\nComment: x\n\n", 1), true),
            (format!("text\n{block}\n{}", armored(&id("two@example.com"))), true),
            (block.replace("=AAAA\n", ""), true),
            (block.replacen("\n\n", "\n", 1), false),
            (block.replace("PUBLIC", "PRIVATE"), false),
            (block.replacen("\n\n", "\n\n*", 1), false),
            (String::new(), false),
        ] {
            let addresses = emails(text.as_bytes());
            assert_eq!(addresses.len(), usize::from(is_read), "{text}");
        }
        for end in 0..block.len() {
            drop(emails(&block.as_bytes()[..end]));
        }
    }
}
