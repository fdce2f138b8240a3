//! Packets of OpenPGP (RFC 9580, section 4), told apart by their headers.
//!
//! Read are headers of both formats, with lengths of all forms. Written are headers of the new
//! format with the shortest length. Packets are bounded in number ([`PACKETS_MAX`]); after one that
//! cannot be told from the next there is no further one.

use std::borrow::Cow;

use super::fault::Fault;

/// Maximum number of packets in a key or beside a signature.
pub(super) const PACKETS_MAX: usize = 10_000;

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    /// Its type, from 0 to 63.
    pub tag: u8,
    pub body: Cow<'a, [u8]>,
}

/// The packets in some bytes.
pub(super) struct Packets<'a> {
    rest: &'a [u8],
    count: usize,
    fault: Option<Fault>,
}

impl<'a> Packets<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, count: 0, fault: None }
    }

    /// The next packet; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Packet<'a>>, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        let read = if self.count > PACKETS_MAX {
            Err(Fault::Limit { what: "the number of PGP packets", limit: PACKETS_MAX as u64 })
        } else {
            self.read()
        };
        if let Err(fault) = &read {
            self.fault = Some(fault.clone());
        }
        read.map(Some)
    }

    /// The bytes after the packets that were read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn read(&mut self) -> Result<Packet<'a>, Fault> {
        let first = self.take(1)?[0];
        if first & 0x80 == 0 {
            return Err(Fault::Framing("tag byte does not have MSB set"));
        }
        if first & 0x40 == 0 {
            let tag = (first & 0x3f) >> 2;
            let length = match first & 3 {
                3 => self.rest.len(),
                form => big_endian(self.take(1 << form)?),
            };
            return Ok(Packet { tag, body: Cow::Borrowed(self.take(length)?) });
        }
        let tag = first & 0x3f;
        let (length, mut is_partial) = self.length()?;
        let mut body = Cow::Borrowed(self.take(length)?);
        while is_partial {
            let length;
            (length, is_partial) = self.length()?;
            let part = self.take(length)?;
            body.to_mut().extend_from_slice(part);
        }
        Ok(Packet { tag, body })
    }

    /// A length of the new format, and whether it is that of a part.
    fn length(&mut self) -> Result<(usize, bool), Fault> {
        Ok(match self.take(1)?[0] {
            first @ 0..192 => (usize::from(first), false),
            first @ 192..224 => {
                let second = self.take(1)?[0];
                (((usize::from(first) - 192) << 8) + usize::from(second) + 192, false)
            }
            first @ 224..255 => (1 << (first & 0x1f), true),
            255 => (big_endian(self.take(4)?), false),
        })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Fault::Cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn big_endian(digits: &[u8]) -> usize {
    digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit))
}

/// Writes a packet.
pub(super) fn write(tag: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(0xc0 | tag);
    write_length(body.len(), 8384, out);
    out.extend_from_slice(body);
}

/// Writes a length in its shortest form; from `five_from` on it takes five bytes.
pub(super) fn write_length(length: usize, five_from: usize, out: &mut Vec<u8>) {
    // No packet is longer than this log takes, which is far from where lengths end.
    let length_32 = u32::try_from(length).unwrap_or(u32::MAX);
    let digits = length_32.to_be_bytes();
    if length < 192 {
        out.push(digits[3]);
    } else if length < five_from {
        let [.., high, low] = (length_32 - 192).to_be_bytes();
        out.extend([192 + high, low]);
    } else {
        out.push(255);
        out.extend(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, Fault> {
        let mut packets = Packets::of(bytes);
        let mut found = Vec::new();
        while let Some(packet) = packets.next()? {
            found.push((packet.tag, packet.body.into_owned()));
        }
        Ok(found)
    }

    #[test]
    fn what_is_written_is_read() {
        for (length, header) in [(0, 2), (191, 2), (192, 3), (8383, 3), (8384, 6), (100_000, 6)] {
            let mut bytes = Vec::new();
            write(13, &vec![7; length], &mut bytes);
            assert_eq!(bytes.len(), header + length);
            write(2, b"x", &mut bytes);
            assert_eq!(all(&bytes), Ok(vec![(13, vec![7; length]), (2, b"x".to_vec())]));
        }
    }

    #[test]
    fn lengths_of_every_form() {
        for bytes in [
            &[0xb4, 2, 1, 2][..],
            &[0xb5, 0, 2, 1, 2],
            &[0xb6, 0, 0, 0, 2, 1, 2],
            &[0xb7, 1, 2],
            &[0xcd, 2, 1, 2],
            &[0xcd, 255, 0, 0, 0, 2, 1, 2],
            &[0xcd, 224, 1, 1, 2],
        ] {
            assert_eq!(all(bytes), Ok(vec![(13, vec![1, 2])]), "{bytes:?}");
        }
    }

    #[test]
    fn faults_stay() {
        let mut packets = Packets::of(&[0xcd, 1, 7, 0x7f, 0xcd, 0]);
        assert!(packets.next().unwrap().is_some());
        let fault = packets.next().unwrap_err();
        assert_eq!(fault, Fault::Framing("tag byte does not have MSB set"));
        assert_eq!(packets.next(), Err(fault));
        for bytes in [
            &[0xcd][..],
            &[0xcd, 1],
            &[0xcd, 192],
            &[0xcd, 255, 0, 0, 0],
            &[0xcd, 255, 255, 255, 255, 255],
            &[0xcd, 254],
            &[0xcd, 224, 1],
            &[0xb6, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(all(bytes), Err(Fault::Cut), "{bytes:?}");
        }
        assert!(matches!(all(&[0xcd, 0].repeat(PACKETS_MAX + 1)), Err(Fault::Limit { .. })));
    }
}
