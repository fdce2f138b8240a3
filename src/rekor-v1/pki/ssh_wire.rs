//! The data types of SSH (RFC 4251, section 5), as far as keys and signatures have them.

/// A text or bytes, with their length before them.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// A positive number, big-endian.
pub(crate) fn mpint(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    match &number[start..] {
        digits @ [0x80..=0xff, ..] => string(&[&[0], digits].concat()),
        digits => string(digits),
    }
}

/// What is left of a sequence of fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// So many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of 32 bits.
    pub fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A text or bytes.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length.try_into().ok()?)
    }

    /// A positive number in its shortest encoding: its digits, big-endian, without leading zeros.
    pub fn mpint(&mut self) -> Option<&'a [u8]> {
        match self.string()? {
            [0, digits @ ..] if digits.first().is_some_and(|first| *first >= 0x80) => Some(digits),
            [] | [0 | 0x80..=0xff, ..] => None,
            digits => Some(digits),
        }
    }

    /// Nothing.
    pub fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_encoding() {
        for (number, encoded) in [
            (&[1][..], &[0, 0, 0, 1, 1][..]),
            (&[0, 0, 1], &[0, 0, 0, 1, 1]),
            (&[0x80], &[0, 0, 0, 2, 0, 0x80]),
            (&[0x7f, 0xff], &[0, 0, 0, 2, 0x7f, 0xff]),
        ] {
            assert_eq!(mpint(number), encoded);
            let start = number.iter().position(|byte| *byte != 0).unwrap();
            assert_eq!(Fields(encoded).mpint(), Some(&number[start..]));
        }
        assert_eq!(mpint(&[0]), [0, 0, 0, 0]);
        for bad in [
            &[0, 0, 0, 0][..],
            &[0, 0, 0, 1, 0],
            &[0, 0, 0, 1, 0x80],
            &[0, 0, 0, 2, 0, 1],
            &[0, 0, 0, 2, 1],
            &[0xff, 0xff, 0xff, 0xff, 1],
        ] {
            assert_eq!(Fields(bad).mpint(), None);
        }
    }
}
