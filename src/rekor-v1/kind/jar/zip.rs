//! A reader for zip archives, by their central directory, as Go reads them.
//!
//! Files are stored or deflated. Each is inflated piece by piece, must have the size that the
//! directory says and, if that says one, the CRC. Encryption and other methods of compression are
//! refused, and so are archives in several parts.
//!
//! Invariants: the number of files is bounded, and so is what all files together inflate to,
//! however often and in however many ways their bytes are named ([`Budget`]).

use std::io::Read;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use crate::error::{KindError, invalid};

const END: [u8; 4] = *b"PK\x05\x06";
const END_BYTES: usize = 22;
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_64_BYTES: usize = 20;
const END_64: [u8; 4] = *b"PK\x06\x06";
const END_64_BYTES: usize = 56;
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// The extra field with sizes of 64 bits.
const EXTRA_64: usize = 1;
/// The longest comment, with which the end can be before the end.
const COMMENT_BYTES_MAX: usize = 0xffff;

const STORED: usize = 0;
const DEFLATED: usize = 8;

/// What may still be inflated.
pub(super) struct Budget {
    left: u64,
    limit: u64,
}

impl Budget {
    pub fn of(limit: u64) -> Self {
        Self { left: limit, limit }
    }

    /// Pays for some bytes.
    pub fn spend(&mut self, bytes: u64) -> Result<(), KindError> {
        let fault =
            KindError::Limit { what: "the inflated size of the archive", limit: self.limit };
        self.left = self.left.checked_sub(bytes).ok_or(fault)?;
        Ok(())
    }
}

/// An archive.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    /// Where the archive begins, if there is something before it.
    start: usize,
    pub files: Vec<File<'a>>,
}

/// A file as the directory describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    pub name: &'a [u8],
    method: usize,
    crc: u32,
    compressed: usize,
    /// How long it is.
    pub size: u64,
    offset: usize,
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    pub fn read(bytes: &'a [u8], files_max: usize) -> Result<Self, KindError> {
        let not_zip = || invalid("zip: not a valid zip file");
        let (end, count, size, offset) = end(bytes).ok_or_else(not_zip)?;
        if count > files_max as u64 {
            return Err(KindError::Limit { what: "the number of files", limit: files_max as u64 });
        }
        // Whatever stands before an archive moves it.
        let start = end.checked_sub(size).and_then(|at| at.checked_sub(offset));
        let start = start.ok_or_else(not_zip)?;
        let mut rest = bytes.get(start + offset..end).ok_or_else(not_zip)?;
        let mut files = Vec::new();
        for _ in 0..count {
            files.push(entry(&mut rest).ok_or_else(not_zip)?);
        }
        Ok(Self { bytes, start, files })
    }

    /// Gives a file's content to `take`, piece by piece.
    pub fn inflate(
        &self,
        file: &File<'_>,
        budget: &mut Budget,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), KindError> {
        let data = self.data(file).ok_or_else(|| invalid("zip: not a valid zip file"))?;
        let mut reader: Box<dyn Read + '_> = match file.method {
            STORED => Box::new(data),
            DEFLATED => Box::new(DeflateDecoder::new(data)),
            _ => return Err(invalid("zip: unsupported compression algorithm")),
        };
        let (mut buffer, mut crc, mut size) = (vec![0; 32 << 10], Crc::new(), 0);
        loop {
            let read =
                reader.read(&mut buffer).map_err(|error| invalid(format!("zip: {error}")))?;
            if read == 0 {
                break;
            }
            size += read as u64;
            if size > file.size {
                return Err(invalid("zip: a file is longer than the directory says"));
            }
            budget.spend(read as u64)?;
            crc.update(&buffer[..read]);
            take(&buffer[..read]);
        }
        if size != file.size {
            return Err(invalid("unexpected EOF"));
        }
        if file.crc != 0 && crc.sum() != file.crc {
            return Err(invalid("zip: checksum error"));
        }
        Ok(())
    }

    /// A file's content, which must not be longer than `size_max`.
    pub fn content(
        &self,
        file: &File<'_>,
        size_max: usize,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, KindError> {
        if file.size > size_max as u64 {
            let size = file.size;
            return Err(invalid(format!(
                "uncompressed jar metadata of size {size} exceeds max allowed size {size_max}"
            )));
        }
        let mut content = Vec::new();
        self.inflate(file, budget, |piece| content.extend_from_slice(piece))?;
        Ok(content)
    }

    /// A file's bytes, after its own header.
    fn data(&self, file: &File<'_>) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.start.checked_add(file.offset)?..)?;
        let header = rest.get(..LOCAL_BYTES)?;
        if !header.starts_with(&LOCAL) {
            return None;
        }
        let start = LOCAL_BYTES + number(header, 26, 2)? + number(header, 28, 2)?;
        rest.get(start..start.checked_add(file.compressed)?)
    }
}

/// Where the directory ends, how many files it has, how long it is, and where it says that it
/// begins.
fn end(bytes: &[u8]) -> Option<(usize, u64, usize, usize)> {
    let first = bytes.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let at = (first..=bytes.len().checked_sub(END_BYTES)?).rev().find(|at| {
        let comment = || number(&bytes[*at..], 20, 2);
        bytes[*at..].starts_with(&END)
            && comment().is_some_and(|length| at + END_BYTES + length <= bytes.len())
    })?;
    let record = &bytes[at..];
    let (disk, count) = (number(record, 4, 2)?, number(record, 10, 2)?);
    let (size, offset) = (number(record, 12, 4)?, number(record, 16, 4)?);
    let is_64 = count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff;
    if is_64 && let Some(found) = end_64(bytes, at) {
        return Some(found);
    }
    // Archives in several parts are no longer made.
    (disk == 0).then_some((at, count as u64, size, offset))
}

/// The same of archives with many or large files.
fn end_64(bytes: &[u8], end: usize) -> Option<(usize, u64, usize, usize)> {
    let locator = &bytes[end.checked_sub(LOCATOR_64_BYTES)?..end];
    if !locator.starts_with(&LOCATOR_64) {
        return None;
    }
    let at = number(locator, 8, 8)?;
    let record = bytes.get(at..at.checked_add(END_64_BYTES)?)?;
    if !record.starts_with(&END_64) {
        return None;
    }
    let (count, size) = (number(record, 32, 8)?, number(record, 40, 8)?);
    Some((at, count as u64, size, number(record, 48, 8)?))
}

/// Takes an entry of the directory.
fn entry<'a>(rest: &mut &'a [u8]) -> Option<File<'a>> {
    let fixed = rest.get(..ENTRY_BYTES)?;
    if !fixed.starts_with(&ENTRY) {
        return None;
    }
    let name_end = ENTRY_BYTES + number(fixed, 28, 2)?;
    let extra_end = name_end + number(fixed, 30, 2)?;
    let comment_end = extra_end + number(fixed, 32, 2)?;
    let (name, extra) = (rest.get(ENTRY_BYTES..name_end)?, rest.get(name_end..extra_end)?);
    *rest = rest.get(comment_end..)?;
    let crc = u32::try_from(number(fixed, 16, 4)?).ok()?;
    let mut numbers = [number(fixed, 24, 4)?, number(fixed, 20, 4)?, number(fixed, 42, 4)?];
    large(extra, &mut numbers)?;
    let [size, compressed, offset] = numbers;
    let method = number(fixed, 10, 2)?;
    Some(File { name, method, crc, compressed, size: size as u64, offset })
}

/// Replaces the numbers that do not fit into 32 bits, in their order.
fn large(mut extra: &[u8], numbers: &mut [usize; 3]) -> Option<()> {
    while extra.len() >= 4 {
        let (id, length) = (number(extra, 0, 2)?, number(extra, 2, 2)?);
        let Some(field) = extra.get(4..4 + length) else { break };
        if id == EXTRA_64 {
            let large = numbers.iter_mut().filter(|number| **number == 0xffff_ffff);
            for (found, place) in large.enumerate() {
                *place = number(field, 8 * found, 8)?;
            }
        }
        extra = &extra[4 + length..];
    }
    Some(())
}

/// A little-endian number.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at + length)?;
    digits.iter().rev().try_fold(0_usize, |number, digit| {
        number.checked_mul(256).map(|number| number + usize::from(*digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fasti_kit::made_jar::{deflated, stored, zip};

    type Found = Vec<(String, Vec<u8>)>;

    fn all(bytes: &[u8], budget: u64) -> Result<Found, String> {
        let read = || {
            let archive = Archive::read(bytes, 3)?;
            let mut budget = Budget::of(budget);
            let files = archive.files.iter().map(|file| {
                let content = archive.content(file, 100, &mut budget)?;
                Ok((String::from_utf8_lossy(file.name).into_owned(), content))
            });
            files.collect::<Result<Found, KindError>>()
        };
        read().map_err(|error: KindError| error.to_string())
    }

    #[test]
    fn stored_and_deflated_files() {
        let files = [stored("a", b"content"), deflated("dir/b", &[7; 100]), stored("c", b"")];
        let bytes = zip(&files);
        let expected: Found = [("a", &b"content"[..]), ("dir/b", &[7; 100]), ("c", b"")]
            .map(|(name, content)| (name.to_owned(), content.to_vec()))
            .into();
        assert_eq!(all(&bytes, 107).unwrap(), expected);
        // Bytes before it and after it.
        assert_eq!(all(&[b"#!/bin/sh\n", &bytes[..]].concat(), 107).unwrap(), expected);
        assert_eq!(all(&[&bytes[..], b"after"].concat(), 107).unwrap(), expected);
        assert!(all(&bytes, 106).unwrap_err().starts_with("the inflated size"));
        let four = [files[0].clone(), files[0].clone(), files[0].clone(), files[0].clone()];
        assert!(all(&zip(&four), 107).unwrap_err().starts_with("the number of files"));
        let long = all(&zip(&[deflated("a", &[0; 101])]), 1000).unwrap_err();
        assert_eq!(long, "uncompressed jar metadata of size 101 exceeds max allowed size 100");
    }

    #[test]
    fn what_lies_is_refused() {
        let mut file = deflated("a", b"content");
        file.size = 6;
        assert!(all(&zip(&[file.clone()]), 99).unwrap_err().contains("longer than the directory"));
        file.size = 8;
        assert_eq!(all(&zip(&[file.clone()]), 99).unwrap_err(), "unexpected EOF");
        file.size = 7;
        file.crc ^= 1;
        assert_eq!(all(&zip(&[file.clone()]), 99).unwrap_err(), "zip: checksum error");
        file.crc = 0;
        assert!(all(&zip(&[file.clone()]), 99).is_ok());
        file.method = 12;
        assert!(all(&zip(&[file]), 99).unwrap_err().ends_with("algorithm"));
        for bytes in [&b""[..], b"not a zip file, though long enough for one"] {
            assert_eq!(all(bytes, 99).unwrap_err(), "zip: not a valid zip file");
        }
        let good = zip(&[deflated("a", b"content")]);
        for length in 0..good.len() {
            assert!(all(&good[..length], 99).is_err());
        }
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut forged = good.clone();
                forged[at] ^= 1 << bit;
                let _ = all(&forged, 99);
            }
        }
    }
}
