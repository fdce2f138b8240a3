//! Elements of DER (X.690), to read signed data and to write keys and signatures.
//!
//! Tags have one byte and lengths at most four, in their shortest form. The content of an element
//! is not examined.

/// INTEGER
pub(crate) const INTEGER: u8 = 0x02;
/// OCTET STRING
pub(crate) const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE
pub(crate) const SEQUENCE: u8 = 0x30;
/// SET
pub(crate) const SET: u8 = 0x31;
/// A context-specific tag around elements.
pub(crate) const EXPLICIT: u8 = 0xa0;

/// The elements that are left in a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'a>(&'a [u8]);

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub content: &'a [u8],
    /// Tag, length and content.
    pub encoded: &'a [u8],
}

impl<'a> Elements<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes that were not read.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever its tag; `None` if there is none or it is malformed.
    pub fn any(&mut self) -> Option<Element<'a>> {
        let [tag, first, ..] = *self.0 else { return None };
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (header, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            0x81..=0x84 => {
                let digits = self.0.get(2..2 + usize::from(first & 0x7f))?;
                let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
                if length < 0x80 || digits[0] == 0 {
                    return None;
                }
                (2 + digits.len(), length)
            }
            _ => return None,
        };
        let (encoded, rest) = self.0.split_at_checked(header.checked_add(length)?)?;
        self.0 = rest;
        Some(Element { content: &encoded[header..], encoded })
    }

    /// The next element, if it has this tag.
    pub fn next(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.any() } else { None }
    }

    /// What is in the next element, if it has this tag.
    pub fn enter(&mut self, tag: u8) -> Option<Self> {
        self.next(tag).map(|element| Self(element.content))
    }
}

/// Encodes one element.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(content.len() + 6);
    encoded.push(tag);
    if let Ok(length @ 0..=0x7f) = u8::try_from(content.len()) {
        encoded.push(length);
    } else {
        let digits = content.len().to_be_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let digits = &digits[zeros..];
        // A length has at most eight digits.
        encoded.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
        encoded.extend_from_slice(digits);
    }
    encoded.extend_from_slice(content);
    encoded
}

/// Encodes a number that is not negative as an INTEGER.
pub(crate) fn encode_unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|digit| **digit == 0).count();
    let mut content = number[zeros..].to_vec();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    encode(INTEGER, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let encoded = encode(OCTET_STRING, &content);
            let mut elements = Elements::of(&encoded);
            let element = elements.next(OCTET_STRING).unwrap();
            assert_eq!((element.content, element.encoded), (&content[..], &encoded[..]));
            assert!(elements.is_empty() && elements.any().is_none());
        }
    }

    #[test]
    fn numbers_are_in_their_shortest_form() {
        assert_eq!(encode_unsigned(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(encode_unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(encode_unsigned(&[]), [2, 1, 0]);
    }

    #[test]
    fn lengths_are_in_their_shortest_form_and_true() {
        for bytes in [
            &[0x30][..],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 0x7f],
            &[0x30, 0x82, 0, 0x80],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 1, 0, 0, 0, 0],
            &[0x30, 2, 0],
            &[0x3f, 1, 0],
        ] {
            assert!(Elements::of(bytes).any().is_none(), "{bytes:?}");
        }
    }
}
