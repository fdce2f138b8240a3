//! CBOR (RFC 8949), as far as headers of COSE messages need it: one item at a time.
//!
//! Every length is stated; items of indefinite length are refused, as are texts that are not UTF-8.
//! Bounds: [`DEPTH_MAX`] levels. Time is linear in the length.

/// The most levels of lists, maps and tags around an item.
const DEPTH_MAX: usize = 32;

/// An item. Lists, maps and tags are not entered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    /// A number of either sign.
    Number(i128),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A text.
    Text(&'a str),
    /// A list, with the number of its items.
    List(usize),
    /// A map, with the number of its pairs.
    Map(usize),
    /// A tag, with its number.
    Tag(u64),
    /// One of false, true, null, undefined, other simple values and floating point numbers.
    Simple(u8),
}

/// What is left of a sequence of items.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a>(pub &'a [u8]);

impl<'a> Items<'a> {
    /// The next item; of a list, a map or a tag only the beginning.
    pub fn head(&mut self) -> Option<Item<'a>> {
        let [first] = *self.take(1)? else { return None };
        let (kind, info) = (first >> 5, first & 0x1f);
        let argument = match info {
            0..24 => u64::from(info),
            24..28 => {
                let digits = self.take(1 << (info - 24))?;
                digits.iter().fold(0, |value, digit| value << 8 | u64::from(*digit))
            }
            _ => return None,
        };
        // No list or map has more items than there are bytes.
        let count = usize::try_from(argument).ok();
        let few = || count.filter(|count| *count <= self.0.len());
        Some(match kind {
            0 => Item::Number(argument.into()),
            1 => Item::Number(-1 - i128::from(argument)),
            2 => Item::Bytes(self.take(count?)?),
            3 => Item::Text(std::str::from_utf8(self.take(count?)?).ok()?),
            4 => Item::List(few()?),
            5 => Item::Map(few()?),
            6 => Item::Tag(argument),
            // A small value must not be in a second byte.
            _ if info == 24 && argument < 32 => return None,
            _ => Item::Simple(info),
        })
    }

    /// The next item as a whole; only its beginning is told.
    pub fn skip(&mut self) -> Option<Item<'a>> {
        self.skip_below(DEPTH_MAX)
    }

    fn skip_below(&mut self, levels: usize) -> Option<Item<'a>> {
        let item = self.head()?;
        let inside = match item {
            Item::List(count) => count,
            Item::Map(count) => count.checked_mul(2)?,
            Item::Tag(_) => 1,
            _ => 0,
        };
        for _ in 0..inside {
            self.skip_below(levels.checked_sub(1)?)?;
        }
        Some(item)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Bytes as an item, in the shortest form.
pub fn bytes(bytes: &[u8]) -> Vec<u8> {
    /// The kind, above the number.
    const BYTES: u8 = 0x40;
    let length = (bytes.len() as u64).to_be_bytes();
    // A length above 23 stands in bytes after the first, whose number that one tells.
    let (info, count) = match bytes.len() as u64 {
        0..=0x17 => (length[7], 0),
        0x18..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        0x1_0000_0000.. => (27, 8),
    };
    [&[BYTES + info], &length[8 - count..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_every_kind() {
        for (encoded, item) in [
            (&[0x00][..], Some(Item::Number(0))),
            (&[0x18, 24], Some(Item::Number(24))),
            (&[0x39, 1, 0], Some(Item::Number(-257))),
            (&[0x3b, 255, 255, 255, 255, 255, 255, 255, 255], Some(Item::Number(-(1 << 64)))),
            (&[0x42, 1, 2], Some(Item::Bytes(&[1, 2]))),
            (&[0x61, b'a'], Some(Item::Text("a"))),
            (&[0x81, 0], Some(Item::List(1))),
            (&[0xa1, 0, 0], Some(Item::Map(1))),
            (&[0xc1, 0], Some(Item::Tag(1))),
            (&[0xf6], Some(Item::Simple(22))),
            (&[0xf8, 32], Some(Item::Simple(24))),
            (&[0xf9, 0, 0], Some(Item::Simple(25))),
            (&[0xf8, 31], None),
            (&[0x5f], None),
            (&[0x1c], None),
            (&[0x42, 1], None),
            (&[0x61, 0xff], None),
            (&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255], None),
            (&[0xa1, 0], None),
            (&[], None),
        ] {
            let mut items = Items(encoded);
            assert_eq!(items.skip(), item, "{encoded:?}");
            assert!(item.is_none() || items.0.is_empty());
        }
    }

    #[test]
    fn depth_and_counts_are_bounded() {
        let nested = |levels: usize| [vec![0x81; levels], vec![0]].concat();
        assert!(Items(&nested(DEPTH_MAX)).skip().is_some());
        assert!(Items(&nested(DEPTH_MAX + 1)).skip().is_none());
        assert!(Items(&nested(1_000_000)).skip().is_none());
        // A map that claims more than there is.
        assert!(Items(&[0xba, 0, 0, 0, 5, 0, 0, 0, 0, 0]).skip().is_none());
    }

    #[test]
    fn bytes_in_the_shortest_form() {
        for (length, head) in
            [(0, &[0x40][..]), (23, &[0x57]), (24, &[0x58, 24]), (256, &[0x59, 1, 0])]
        {
            let encoded = bytes(&vec![7; length]);
            assert!(encoded.starts_with(head) && encoded.len() == head.len() + length);
            assert_eq!(Items(&encoded).skip(), Some(Item::Bytes(&vec![7; length])));
        }
        assert!(bytes(&vec![7; 1 << 16]).starts_with(&[0x5a, 0, 1, 0, 0]));
    }
}
