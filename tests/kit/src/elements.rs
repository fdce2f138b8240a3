//! DER as a tree of elements, to be damaged and put together again with the lengths corrected.
//!
//! What an OCTET STRING or BIT STRING holds is read as elements too, if it can be, so that damage
//! reaches what is wrapped there.

/// An element with its content.
#[derive(Clone)]
pub struct Element {
    /// The first byte.
    pub tag: u8,
    /// How its length is written.
    pub length: Length,
    /// Bytes before the inner elements: the unused bits of a BIT STRING.
    pub prefix: Vec<u8>,
    /// The rest of the content.
    pub inside: Inside,
}

/// How a length is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// As DER demands.
    Shortest,
    /// With a leading zero.
    Longer,
    /// Not at all: two zero bytes end the element (BER).
    Indefinite,
}

/// The content of an element.
#[derive(Clone)]
pub enum Inside {
    /// Bytes that are no elements.
    Bytes(Vec<u8>),
    /// Elements.
    Elements(Vec<Element>),
}

impl Element {
    /// One with these bytes.
    pub fn of_bytes(tag: u8, bytes: Vec<u8>) -> Self {
        Self { tag, length: Length::Shortest, prefix: Vec::new(), inside: Inside::Bytes(bytes) }
    }

    /// It and all elements inside it.
    pub fn count(&self) -> usize {
        match &self.inside {
            Inside::Bytes(_) => 1,
            Inside::Elements(inside) => 1 + inside.iter().map(Self::count).sum::<usize>(),
        }
    }
}

/// Reads bytes that are elements and nothing else, none of them longer than 65,535 bytes.
pub fn parse(mut bytes: &[u8]) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    while let [tag, length, rest @ ..] = bytes {
        let (content, rest) = match *length {
            0..=0x7f => rest.split_at_checked(usize::from(*length))?,
            0x81 => {
                rest.split_first().and_then(|(n, rest)| rest.split_at_checked(usize::from(*n)))?
            }
            0x82 => {
                let (digits, rest) = rest.split_first_chunk()?;
                rest.split_at_checked(usize::from(u16::from_be_bytes(*digits)))?
            }
            _ => return None,
        };
        let may_wrap = tag & 0x20 != 0 || *tag == 4 || *tag == 3;
        let prefix = usize::from(*tag == 3).min(content.len());
        let (prefix, inside) = content.split_at(prefix);
        let wrapped = if may_wrap && !inside.is_empty() { parse(inside) } else { None };
        elements.push(match wrapped {
            Some(wrapped) => Element {
                tag: *tag,
                length: Length::Shortest,
                prefix: prefix.to_vec(),
                inside: Inside::Elements(wrapped),
            },
            None => Element::of_bytes(*tag, content.to_vec()),
        });
        bytes = rest;
    }
    bytes.is_empty().then_some(elements)
}

/// Puts elements together.
pub fn encode(elements: &[Element]) -> Vec<u8> {
    elements.iter().flat_map(encode_one).collect()
}

fn encode_one(element: &Element) -> Vec<u8> {
    let inside = match &element.inside {
        Inside::Bytes(bytes) => bytes.clone(),
        Inside::Elements(inside) => encode(inside),
    };
    let content = [&element.prefix[..], &inside].concat();
    let digits = content.len().to_be_bytes();
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let long = |digits: &[u8]| {
        let count = u8::try_from(digits.len()).expect("eight at most");
        [&[0x80 | count], digits].concat()
    };
    let length = match element.length {
        Length::Indefinite => return [&[element.tag, 0x80], &content[..], &[0, 0]].concat(),
        Length::Longer => long(&digits[zeros.min(digits.len() - 1).saturating_sub(1)..]),
        Length::Shortest if content.len() < 0x80 => digits[digits.len() - 1..].to_vec(),
        Length::Shortest => long(&digits[zeros..]),
    };
    [&[element.tag], &length[..], &content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_put_together_as_they_were() {
        let long = [&[4, 0x82, 1, 0][..], &[0xff; 256]].concat();
        let all = [&[0x30, 8, 2, 1, 5, 3, 3, 0, 2, 0, 5, 0][..], &long].concat();
        let mut elements = parse(&all).expect("elements");
        assert_eq!(encode(&elements), all);
        assert_eq!(elements.iter().map(Element::count).collect::<Vec<_>>(), [4, 1, 1]);
        elements.truncate(2);
        elements[1].length = Length::Longer;
        elements[0].length = Length::Indefinite;
        assert_eq!(encode(&elements), [0x30, 0x80, 2, 1, 5, 3, 3, 0, 2, 0, 0, 0, 5, 0x82, 0, 0]);
        assert!(parse(&[4, 1]).is_none() && parse(&[4]).is_none());
    }
}
