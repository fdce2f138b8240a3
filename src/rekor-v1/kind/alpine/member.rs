//! The members of a package: gzip streams, one after the other.
//!
//! Invariant: a member is inflated piece by piece and never beyond its limit.

use std::io::Read as _;

use flate2::bufread::GzDecoder;

use crate::error::{KindError, invalid};

const MAGIC: [u8; 2] = [0x1f, 0x8b];
const HEADER_BYTES: usize = 10;

/// A member in the making.
pub(super) struct Member<'a> {
    /// `None` if the package has ended.
    decoder: Option<GzDecoder<&'a [u8]>>,
    whole: &'a [u8],
    name: &'static str,
    limit: u64,
    inflated: u64,
}

impl<'a> Member<'a> {
    /// Opens the member at the start of some bytes; `limit` is the most that it may inflate to.
    /// Without any bytes it is empty.
    pub fn open(bytes: &'a [u8], name: &'static str, limit: u64) -> Result<Self, KindError> {
        if !bytes.is_empty() && bytes.len() < HEADER_BYTES {
            return Err(invalid("unexpected EOF"));
        }
        if !bytes.is_empty() && !bytes.starts_with(&MAGIC) {
            return Err(invalid("gzip: invalid header"));
        }
        let decoder = (!bytes.is_empty()).then(|| GzDecoder::new(bytes));
        Ok(Self { decoder, whole: bytes, name, limit, inflated: 0 })
    }

    /// Fills a buffer, and returns how much of it; less than all only at the end.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, KindError> {
        let Some(decoder) = &mut self.decoder else { return Ok(0) };
        let mut filled = 0;
        while filled < buffer.len() {
            let read = decoder.read(&mut buffer[filled..]);
            match read.map_err(|error| invalid(format!("reading {}: {error}", self.name)))? {
                0 => break,
                read => filled += read,
            }
        }
        self.inflated += filled as u64;
        if self.inflated > self.limit {
            let (over, name, limit) = (self.limit + 1, self.name, self.limit);
            return Err(invalid(format!(
                "decompressed size ({over}) for {name} exceeds max allowed size {limit}"
            )));
        }
        Ok(filled)
    }

    /// Inflates as many bytes as given, or less at the end, and drops them.
    pub fn skip(&mut self, mut length: u64) -> Result<u64, KindError> {
        let (mut buffer, mut skipped) = ([0; 8192], 0);
        while length > 0 {
            let wanted = length.min(buffer.len() as u64);
            // At most the length of the buffer.
            let wanted = usize::try_from(wanted).unwrap_or(buffer.len());
            let read = self.fill(&mut buffer[..wanted])? as u64;
            (skipped, length) = (skipped + read, length - read);
            if read < wanted as u64 {
                break;
            }
        }
        Ok(skipped)
    }

    /// Inflates the rest. Returns the member as it was compressed, and what follows it.
    pub fn close(mut self) -> Result<(&'a [u8], &'a [u8]), KindError> {
        self.skip(u64::MAX)?;
        let rest = self.decoder.map_or(self.whole, GzDecoder::into_inner);
        Ok((&self.whole[..self.whole.len() - rest.len()], rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fasti_kit::made_apk::gzip;

    #[test]
    fn members_are_told_apart() {
        let (first, second) = (gzip(b"hello"), gzip(&vec![7; 20_000]));
        let both = [&first[..], &second, b"rest"].concat();
        let mut member = Member::open(&both, "x", 5).unwrap();
        let mut buffer = [0; 2];
        assert_eq!((member.fill(&mut buffer).unwrap(), buffer), (2, *b"he"));
        assert_eq!(member.skip(2).unwrap(), 2);
        let (compressed, rest) = member.close().unwrap();
        assert_eq!(compressed, first);
        let mut member = Member::open(rest, "x", 20_000).unwrap();
        assert_eq!(member.skip(30_000).unwrap(), 20_000);
        assert_eq!(member.close().unwrap(), (&second[..], &b"rest"[..]));
        let empty = Member::open(&[], "x", 0).unwrap();
        assert_eq!(empty.close().unwrap(), (&[][..], &[][..]));
    }

    #[test]
    fn what_is_too_large_or_broken() {
        let closed = |bytes: &[u8], limit| {
            let member = Member::open(bytes, "x", limit).and_then(Member::close);
            member.map(drop).map_err(|error| error.to_string())
        };
        let good = gzip(b"hello");
        assert_eq!(closed(&good, 5), Ok(()));
        let message = "decompressed size (5) for x exceeds max allowed size 4";
        assert_eq!(closed(&good, 4), Err(message.to_owned()));
        assert_eq!(closed(b"x", 9), Err("unexpected EOF".to_owned()));
        assert_eq!(closed(b"not a gzip file", 9), Err("gzip: invalid header".to_owned()));
        for length in 1..good.len() {
            assert!(closed(&good[..length], 9).is_err(), "{length}");
        }
        let mut forged = good;
        *forged.last_mut().unwrap() ^= 1;
        assert!(closed(&forged, 9).is_err());
    }
}
