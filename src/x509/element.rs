//! A reader for sequences of DER elements (X.690), and the values of the simple types; also the
//! encoding of one element. Readers of other signed data use it too.
//!
//! The rules are those of Go's certificate parser: tags of one byte, lengths of at most four bytes
//! in their shortest form, numbers in their shortest form. The content of an element is not
//! examined.

/// Why a certificate is refused, worded to follow "malformed certificate: ".
pub(super) type Fault = &'static str;

pub(super) const BOOLEAN: u8 = 0x01;
/// The tag of an INTEGER.
pub const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
/// The tag of an OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// The tag of an OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
/// The tag of a SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// The tag of a SET.
pub const SET: u8 = 0x31;
/// The context-specific class of tags.
pub(super) const CONTEXT: u8 = 0x80;
/// A context-specific tag around elements instead of a value.
pub const EXPLICIT: u8 = 0xa0;

/// The remaining elements of a list.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a>(&'a [u8]);

/// One element.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    pub(super) tag: u8,
    /// Tag, length and content.
    pub encoded: &'a [u8],
    /// What the element holds. It has not been examined.
    pub content: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Reads from these bytes.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes that were not read.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Whether all was read.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_next(self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element, with any tag; `None` if nothing is left or it is malformed.
    pub fn any(&mut self) -> Option<Element<'a>> {
        let [tag, first, ..] = *self.0 else { return None };
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (header, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            0x81..=0x84 => {
                let bytes = usize::from(first & 0x7f);
                let digits = self.0.get(2..2 + bytes)?;
                let length =
                    digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
                if length < 0x80 || digits[0] == 0 {
                    return None;
                }
                (2 + bytes, length)
            }
            _ => return None,
        };
        let (encoded, rest) = self.0.split_at_checked(header.checked_add(length)?)?;
        self.0 = rest;
        Some(Element { tag, encoded, content: &encoded[header..] })
    }

    /// The next element, if it has this tag. Otherwise nothing is read.
    pub fn element(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.is_next(tag) { self.any() } else { None }
    }

    /// The elements inside the next one, if it has this tag. Otherwise nothing is read.
    pub fn inside(&mut self, tag: u8) -> Option<Self> {
        self.element(tag).map(|element| Self(element.content))
    }

    /// The content of the next element, which must have this tag.
    pub(super) fn next(&mut self, tag: u8, fault: Fault) -> Result<&'a [u8], Fault> {
        self.any().filter(|element| element.tag == tag).map(|element| element.content).ok_or(fault)
    }

    /// Like [`next`](Self::next), but includes tag and length.
    pub(super) fn next_encoded(&mut self, tag: u8, fault: Fault) -> Result<&'a [u8], Fault> {
        self.any().filter(|element| element.tag == tag).map(|element| element.encoded).ok_or(fault)
    }

    /// The elements inside the next one, which must have this tag.
    pub(super) fn enter(&mut self, tag: u8, fault: Fault) -> Result<Self, Fault> {
        self.next(tag, fault).map(Self)
    }

    /// The content of the next element, if it has this tag.
    pub(super) fn optional(&mut self, tag: u8, fault: Fault) -> Result<Option<&'a [u8]>, Fault> {
        if self.is_next(tag) { self.next(tag, fault).map(Some) } else { Ok(None) }
    }

    /// The content of an OBJECT IDENTIFIER; see [`is_object_identifier`].
    pub(super) fn object_identifier(&mut self, fault: Fault) -> Result<&'a [u8], Fault> {
        let id = self.next(OBJECT_IDENTIFIER, fault)?;
        if is_object_identifier(id) { Ok(id) } else { Err(fault) }
    }

    /// Checks that nothing is left.
    pub(super) fn end(self, fault: Fault) -> Result<(), Fault> {
        if self.is_empty() { Ok(()) } else { Err(fault) }
    }
}

/// An element with this tag and content.
pub fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|digit| **digit == 0).count();
    let mut element = vec![tag];
    match &length[zeros..] {
        [] => element.push(0),
        [short @ 0..=0x7f] => element.push(*short),
        digits => {
            element.push(0x80 | u8::try_from(digits.len()).expect("at most eight"));
            element.extend_from_slice(digits);
        }
    }
    element.extend_from_slice(content);
    element
}

/// Encodes a number that is not negative as an INTEGER.
pub fn encode_unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|digit| **digit == 0).count();
    let mut content = number[zeros..].to_vec();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    encode(INTEGER, &content)
}

pub(super) fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [0] => Some(false),
        [0xff] => Some(true),
        _ => None,
    }
}

/// Whether this is a valid INTEGER of any length.
pub(super) fn is_integer(content: &[u8]) -> bool {
    match content {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => false,
        [..] => true,
    }
}

/// A signed INTEGER of at most 64 bits.
pub(super) fn small_integer(content: &[u8]) -> Option<i64> {
    if !is_integer(content) || content.len() > 8 {
        return None;
    }
    let sign = if content[0] < 0x80 { 0 } else { -1 };
    Some(content.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte)))
}

/// Whether the count of unused bits in a BIT STRING is below eight, and those bits exist and are
/// zero.
pub(super) fn is_bit_string(content: &[u8]) -> bool {
    match *content {
        [unused] => unused == 0,
        [unused, .., last] => unused < 8 && last & ((1 << unused) - 1) == 0,
        [] => false,
    }
}

/// Whether each number in the OBJECT IDENTIFIER is below 2^31 and in its shortest form.
pub(super) fn is_object_identifier(content: &[u8]) -> bool {
    let numbers = content.split_inclusive(|byte| *byte < 0x80);
    let is_number = |number: &[u8]| {
        let is_whole = number.last().is_some_and(|last| *last < 0x80);
        let is_small = number.len() < 5 || (number.len() == 5 && number[0] < 0x88);
        is_whole && is_small && number[0] != 0x80
    };
    !content.is_empty() && numbers.into_iter().all(is_number)
}

/// Whether no two values are equal. Sorts them.
pub(super) fn are_distinct(values: &mut [&[u8]]) -> bool {
    values.sort_unstable();
    values.array_windows().all(|[a, b]| a != b)
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
            let element = elements.element(OCTET_STRING).unwrap();
            assert_eq!((element.content, element.encoded), (&content[..], &encoded[..]));
            assert!(elements.is_empty() && elements.any().is_none());
        }
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
    #[test]
    fn numbers_are_in_their_shortest_form() {
        assert_eq!(encode_unsigned(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(encode_unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(encode_unsigned(&[]), [2, 1, 0]);
    }
}
