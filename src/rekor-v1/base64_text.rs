//! Base64 (RFC 4648, section 4) as Go decodes it, and with it Rekor: line breaks are skipped,
//! padding is needed, and stray bits before the padding do not count.
//!
//! What is decoded here is written out again in the canonical form, so leniency does not give an
//! entry a second spelling.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The bytes; or where the first fault is, in bytes of the text.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    // Most texts are plain; the others are read again with care.
    LENIENT.decode(text).or_else(|_| decode_with_care(text))
}

/// The bytes in a text of the standard alphabet, or of the one for URLs.
pub(crate) fn decode_either(text: &str) -> Option<Vec<u8>> {
    decode(text.as_bytes()).or_else(|_| decode(standard(text).ok_or(0_usize)?.as_bytes())).ok()
}

/// A text of the alphabet for URLs in the standard one.
fn standard(text: &str) -> Option<Cow<'_, str>> {
    (!text.contains(['+', '/'])).then(|| text.replace('-', "+").replace('_', "/").into())
}

fn decode_with_care(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let is_break = |byte: u8| byte == b'\n' || byte == b'\r';
    let mut places = text.iter().copied().enumerate().filter(|(_, byte)| !is_break(*byte));
    let (mut digits, mut count) = (0_u32, 0);
    while let Some((at, byte)) = places.next() {
        if let Some(digit) = digit(byte) {
            (digits, count) = (digits << 6 | digit, count + 1);
            if count == 4 {
                bytes.extend_from_slice(&digits.to_be_bytes()[1..]);
                (digits, count) = (0, 0);
            }
            continue;
        }
        if byte != b'=' || count < 2 {
            return Err(at);
        }
        if count == 2 {
            match places.next() {
                Some((_, b'=')) => {}
                Some((at, _)) => return Err(at - 1),
                None => return Err(text.len()),
            }
        }
        if let Some((at, _)) = places.next() {
            return Err(at);
        }
        let group = (digits << (6 * (4 - count))).to_be_bytes();
        bytes.extend_from_slice(&group[1..count]);
        return Ok(bytes);
    }
    if count == 0 { Ok(bytes) } else { Err(text.len() - count) }
}

fn digit(byte: u8) -> Option<u32> {
    let digit = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(digit.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_faults_are_those_that_go_names() {
        for (text, decoded) in [
            ("", Ok(&b""[..])),
            ("\r\n", Ok(b"")),
            ("aGVsbG8=", Ok(b"hello")),
            ("aGVs\r\nbG8\n=\n", Ok(b"hello")),
            ("aGVsbA==", Ok(b"hell")),
            ("aGVsbA=\n=", Ok(b"hell")),
            // Stray bits.
            ("aGVsbB==", Ok(b"hell")),
            ("aGVsbG9=", Ok(b"hello")),
            ("aGVsbG8", Err(4)),
            ("aGV\nsbG8", Err(5)),
            ("aGVsb", Err(4)),
            ("a===", Err(1)),
            ("=", Err(0)),
            ("aGVsbA=", Err(7)),
            ("aGVsbA=x", Err(6)),
            ("aGVsbG8==", Err(8)),
            ("aGVsbG8=\nx", Err(9)),
            ("aGV_bG8=", Err(3)),
            ("aGVs bG8=", Err(4)),
            ("!", Err(0)),
            ("aGVs\u{e9}", Err(4)),
        ] {
            let expected = decoded.map(<[u8]>::to_vec);
            assert_eq!(decode(text.as_bytes()), expected, "{text:?}");
            // What the quick way takes, the careful one takes as well.
            assert_eq!(decode_with_care(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn either_alphabet_but_not_both() {
        assert_eq!(decode_either("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_either("-_8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode_either("-/8="), None);
        assert_eq!(decode_either("-_8"), None);
    }
}
