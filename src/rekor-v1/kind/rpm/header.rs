//! A header of an RPM package, version 3 of the format: tags with values.
//!
//! Values are read where they stand, so a header takes no memory but its own. Of each value that
//! has a length of its own the bounds are checked. Where strings end is found out for the tags that
//! are asked for alone: finding it for all could be made slow.

use crate::error::{KindError, invalid};

const MAGIC: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];
const INTRO_BYTES: usize = 16;
const ENTRY_BYTES: usize = 16;

/// Types of values.
mod kind {
    pub const CHAR: u32 = 1;
    pub const INT8: u32 = 2;
    pub const INT16: u32 = 3;
    pub const INT32: u32 = 4;
    pub const INT64: u32 = 5;
    pub const STRING: u32 = 6;
    pub const BINARY: u32 = 7;
    pub const STRINGS: u32 = 8;
    pub const TRANSLATED: u32 = 9;
}

/// A header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    table: &'a [u8],
    data: &'a [u8],
}

/// What the table says about a value.
#[derive(Clone, Copy)]
struct Entry {
    tag: u32,
    kind: u32,
    offset: usize,
    count: usize,
}

impl<'a> Header<'a> {
    /// Takes a header from the start of some bytes. The one with signatures is padded.
    pub fn take(bytes: &mut &'a [u8], is_padded: bool) -> Result<Self, KindError> {
        let whole = *bytes;
        let intro = take(bytes, INTRO_BYTES, "header")?;
        if intro[..4] != MAGIC {
            return Err(invalid("bad magic for header"));
        }
        let (entries, size) = (number(&intro[8..12]), number(&intro[12..16]));
        let table = take(bytes, entries.saturating_mul(ENTRY_BYTES), "header table")?;
        let size = if is_padded { size.next_multiple_of(8) } else { size };
        let data = take(bytes, size, "header data")?;
        let header = Self { bytes: &whole[..whole.len() - bytes.len()], table, data };
        header.entries().try_for_each(|entry| header.check(entry))?;
        Ok(header)
    }

    /// A tag's binary value.
    pub fn binary(&self, tag: u32) -> Result<Option<&'a [u8]>, KindError> {
        let Some(entry) = self.find(tag) else { return Ok(None) };
        if entry.kind != kind::BINARY {
            let kind = entry.kind;
            return Err(invalid(format!("unsupported datatype for bytes: {kind}, tag: {tag}")));
        }
        Ok(Some(self.value(entry, entry.count)?))
    }

    /// A tag's text, the first of several.
    pub fn text(&self, tag: u32) -> Result<Option<&'a str>, KindError> {
        let Some(entry) = self.find(tag) else { return Ok(None) };
        if ![kind::STRING, kind::STRINGS, kind::TRANSLATED].contains(&entry.kind) {
            let kind = entry.kind;
            return Err(invalid(format!("unsupported datatype for string: {kind}, tag: {tag}")));
        }
        let text = self.data.get(entry.offset..).filter(|_| entry.count > 0);
        let end = text.and_then(|text| text.iter().position(|byte| *byte == 0));
        let text = text.zip(end).map(|(text, end)| &text[..end]);
        let text = text.ok_or_else(|| invalid(format!("tag {tag} is truncated")))?;
        let text = std::str::from_utf8(text);
        text.map(Some).map_err(|_| invalid(format!("tag {tag} is not UTF-8")))
    }

    /// A tag's number, the first of several.
    pub fn number(&self, tag: u32) -> Result<Option<u64>, KindError> {
        let Some(entry) = self.find(tag) else { return Ok(None) };
        let not_a_number = || invalid(format!("tag {tag} isn't an int type"));
        let size = match entry.kind {
            kind::BINARY => return Err(not_a_number()),
            kind => size(kind).ok_or_else(not_a_number)?,
        };
        if entry.count == 0 {
            return Ok(None);
        }
        let digits = self.value(entry, size)?;
        Ok(Some(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit))))
    }

    fn entries(&self) -> impl DoubleEndedIterator<Item = Entry> + use<'a> {
        self.table.chunks_exact(ENTRY_BYTES).map(|entry| {
            let number = |at: usize| number(&entry[at..at + 4]);
            // The numbers have 32 bits.
            let small = |at: usize| u32::try_from(number(at)).unwrap_or(u32::MAX);
            Entry { tag: small(0), kind: small(4), offset: number(8), count: number(12) }
        })
    }

    /// What the table says about a tag: the last of several entries counts.
    fn find(&self, tag: u32) -> Option<Entry> {
        self.entries().rev().find(|entry| entry.tag == tag)
    }

    /// Checks that a value is inside of the data.
    fn check(&self, entry: Entry) -> Result<(), KindError> {
        let size = size(entry.kind).unwrap_or(0);
        let length = entry.count.checked_mul(size);
        let length = length.ok_or_else(|| invalid("a value of a header is too long"))?;
        self.value(entry, length).map(drop)
    }

    fn value(&self, entry: Entry, length: usize) -> Result<&'a [u8], KindError> {
        let value = entry.offset.checked_add(length);
        let value = value.and_then(|end| self.data.get(entry.offset..end));
        value.ok_or_else(|| invalid(format!("tag {} is truncated", entry.tag)))
    }
}

/// The size of one value of a type; `None` if it has no fixed one.
fn size(kind: u32) -> Option<usize> {
    Some(match kind {
        kind::CHAR | kind::INT8 | kind::BINARY => 1,
        kind::INT16 => 2,
        kind::INT32 => 4,
        kind::INT64 => 8,
        _ => return None,
    })
}

fn number(digits: &[u8]) -> usize {
    digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit))
}

/// Takes bytes, which are part of what is called `what`.
pub(super) fn take<'a>(
    bytes: &mut &'a [u8],
    length: usize,
    what: &str,
) -> Result<&'a [u8], KindError> {
    let Some((taken, rest)) = bytes.split_at_checked(length) else {
        let end = if bytes.is_empty() { "EOF" } else { "unexpected EOF" };
        return Err(invalid(format!("error reading RPM {what}: {end}")));
    };
    *bytes = rest;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fasti_kit::made_rpm::{Value, header};

    fn read(bytes: &[u8]) -> Result<Header<'_>, String> {
        Header::take(&mut &*bytes, false).map_err(|error| error.to_string())
    }

    #[test]
    fn values_of_every_type() {
        let bytes = header(&[
            (1000, Value::Text("a name")),
            (1003, Value::Number(7)),
            (1004, Value::Binary(b"\x01\x02")),
            (1000, Value::Text("the last counts")),
            (1005, Value::Texts(&["first", "second"])),
        ]);
        let header = read(&bytes).unwrap();
        assert_eq!(header.bytes, bytes);
        assert_eq!(header.text(1000).unwrap(), Some("the last counts"));
        assert_eq!(header.text(1005).unwrap(), Some("first"));
        assert_eq!(header.number(1003).unwrap(), Some(7));
        assert_eq!(header.binary(1004).unwrap(), Some(&[1, 2][..]));
        assert_eq!(header.text(1).unwrap(), None);
        assert!(header.text(1003).is_err() && header.number(1000).is_err());
        assert!(header.binary(1000).is_err() && header.number(1004).is_err());
    }

    #[test]
    fn what_lies_is_refused() {
        let entry = |kind: u32, offset: u32, count: u32| {
            let mut bytes =
                [&MAGIC[..], &[0; 4], &1_u32.to_be_bytes(), &4_u32.to_be_bytes()].concat();
            bytes.extend([1000, kind, offset, count].map(u32::to_be_bytes).concat());
            bytes.extend(b"abcd");
            bytes
        };
        assert!(read(&entry(kind::BINARY, 0, 4)).is_ok());
        for (kind, offset, count) in [
            (kind::BINARY, 0, 5),
            (kind::BINARY, 4, 1),
            (kind::BINARY, 5, 0),
            (kind::INT64, 0, 1),
            (kind::INT64, u32::MAX, u32::MAX),
            (kind::STRING, 5, 1),
        ] {
            assert!(read(&entry(kind, offset, count)).is_err(), "{kind} {offset} {count}");
        }
        // A string without an end, and none at all.
        for count in [1, 0] {
            let bytes = entry(kind::STRING, 0, count);
            assert!(read(&bytes).unwrap().text(1000).is_err());
        }
        let mut many = entry(kind::BINARY, 0, 4);
        many[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(read(&many).unwrap_err(), "error reading RPM header table: unexpected EOF");
        let mut long = entry(kind::BINARY, 0, 4);
        long[12..16].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(read(&long).unwrap_err(), "error reading RPM header data: unexpected EOF");
        assert_eq!(read(&[]).unwrap_err(), "error reading RPM header: EOF");
        assert_eq!(read(&[0; 16]).unwrap_err(), "bad magic for header");
    }
}
