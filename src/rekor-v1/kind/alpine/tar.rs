//! A reader for tar archives: those of POSIX with extended headers, and those of GNU.
//!
//! Names and sizes are read, and contents where they are asked for. In the first two members of a
//! package the blocks that end an archive are cut off, so the end of the member ends it, too.
//!
//! Invariants: files are bounded in number, and whatever is kept of one in size.

use super::member::Member;
use crate::error::{KindError, invalid};

const BLOCK: usize = 512;
/// Maximum size of a header that is as long as it says, like in Go.
const LONG_HEADER_BYTES_MAX: u64 = 1 << 20;

/// The files in a member.
pub(super) struct Files<'m, 'a> {
    member: &'m mut Member<'a>,
    /// What is left of the content of the last file, and of the block in which it ends.
    content: u64,
    padding: u64,
    count: usize,
    count_max: usize,
}

/// A file, whose content comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub name: Vec<u8>,
    pub size: u64,
}

impl<'m, 'a> Files<'m, 'a> {
    pub fn of(member: &'m mut Member<'a>, count_max: usize) -> Self {
        Self { member, content: 0, padding: 0, count: 0, count_max }
    }

    /// The next file; `None` at the end.
    pub fn next(&mut self) -> Result<Option<File>, KindError> {
        let (mut long_name, mut long_size) = (None, None);
        while let Some(block) = self.next_block()? {
            self.count += 1;
            if self.count > self.count_max {
                let limit = self.count_max as u64;
                return Err(KindError::Limit { what: "the number of files", limit });
            }
            let (name, size, kind) = header(&block)?;
            self.enter(size);
            match kind {
                b'x' => extended(&self.long(size)?, &mut long_name, &mut long_size)?,
                b'L' => {
                    let name = self.long(size)?;
                    long_name = Some(until_zero(&name).to_vec());
                }
                b'K' => drop(self.long(size)?),
                b'S' => return Err(fault()),
                _ => {
                    // Links, devices and directories have no content, whatever size they say.
                    let has_content = !(b'1'..=b'6').contains(&kind);
                    let size = if has_content { long_size.unwrap_or(size) } else { 0 };
                    self.enter(size);
                    return Ok(Some(File { name: long_name.unwrap_or(name), size }));
                }
            }
        }
        Ok(None)
    }

    /// The content of the file that came last.
    pub fn content(&mut self) -> Result<Vec<u8>, KindError> {
        let length = usize::try_from(self.content).map_err(|_| fault())?;
        let mut content = vec![0; length];
        if self.member.fill(&mut content)? < length {
            return Err(cut());
        }
        self.content = 0;
        Ok(content)
    }

    fn enter(&mut self, size: u64) {
        self.content = size;
        self.padding = size.next_multiple_of(BLOCK as u64) - size;
    }

    /// The content of a long header.
    fn long(&mut self, size: u64) -> Result<Vec<u8>, KindError> {
        if size > LONG_HEADER_BYTES_MAX {
            return Err(fault());
        }
        self.content()
    }

    /// The next header; `None` at the end.
    fn next_block(&mut self) -> Result<Option<[u8; BLOCK]>, KindError> {
        if self.member.skip(self.content)? < self.content {
            return Err(cut());
        }
        // The last block may not be whole.
        self.member.skip(self.padding)?;
        self.enter(0);
        let mut block = [0; BLOCK];
        match self.member.fill(&mut block)? {
            0 => Ok(None),
            BLOCK if block != [0; BLOCK] => Ok(Some(block)),
            BLOCK => {
                // Two empty blocks end an archive, and one at the end of the member does.
                self.member.fill(&mut block)?;
                if block == [0; BLOCK] { Ok(None) } else { Err(fault()) }
            }
            _ => Err(cut()),
        }
    }
}

fn fault() -> KindError {
    invalid("getting next entry in tar archive: archive/tar: invalid tar header")
}

fn cut() -> KindError {
    invalid("getting next entry in tar archive: unexpected EOF")
}

/// The name, the size and the type of a file in its header.
fn header(block: &[u8; BLOCK]) -> Result<(Vec<u8>, u64, u8), KindError> {
    let stated = octal(&block[148..156])?;
    let is_checksum = |at: usize| (148..156).contains(&at);
    let bytes =
        || block.iter().enumerate().map(|(at, byte)| if is_checksum(at) { b' ' } else { *byte });
    let unsigned: u64 = bytes().map(u64::from).sum();
    // Old programs took bytes for numbers with a sign.
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    if stated != unsigned && i64::try_from(stated) != Ok(signed) {
        return Err(fault());
    }
    let name = until_zero(&block[..100]);
    let prefix = if &block[257..263] == b"ustar\0" { until_zero(&block[345..500]) } else { &[] };
    let name = if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() };
    let size = match block[124] {
        0x80 => binary(&block[125..136])?,
        _ => octal(&block[124..136])?,
    };
    Ok((name, size, block[156]))
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn octal(field: &[u8]) -> Result<u64, KindError> {
    let digits = field.trim_ascii_start().split(|byte| [0, b' '].contains(byte)).next();
    digits.unwrap_or_default().iter().try_fold(0, |number, digit| match digit {
        b'0'..=b'7' => Ok(number << 3 | u64::from(digit - b'0')),
        _ => Err(fault()),
    })
}

fn binary(digits: &[u8]) -> Result<u64, KindError> {
    let (high, low) = digits.split_at(digits.len() - 7);
    if high.iter().any(|digit| *digit != 0) {
        return Err(fault());
    }
    Ok(low.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
}

/// Reads the records of an extended header: a length, a key, and a value.
fn extended(
    mut records: &[u8],
    name: &mut Option<Vec<u8>>,
    size: &mut Option<u64>,
) -> Result<(), KindError> {
    while !records.is_empty() {
        let space = records.iter().position(|byte| *byte == b' ').ok_or_else(fault)?;
        let length = decimal(&records[..space]).and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| *length > space).ok_or_else(fault)?;
        let (record, rest) = records.split_at_checked(length).ok_or_else(fault)?;
        let record = record[space + 1..].strip_suffix(b"\n").ok_or_else(fault)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(fault)?;
        match (&record[..equals], &record[equals + 1..]) {
            (b"path", value) => *name = Some(value.to_vec()),
            (b"size", value) => *size = Some(decimal(value).ok_or_else(fault)?),
            _ => {}
        }
        records = rest;
    }
    Ok(())
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.parse().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fasti_kit::made_apk::{file, file_of_kind, gzip};

    fn all(archive: &[u8], count_max: usize) -> Result<Vec<(String, Vec<u8>)>, String> {
        let gzip = gzip(archive);
        let read = || {
            let mut member = Member::open(&gzip, "x", 1 << 20)?;
            let mut files = Files::of(&mut member, count_max);
            let mut found = Vec::new();
            while let Some(file) = files.next()? {
                let name = String::from_utf8(file.name).unwrap();
                // Every other content is skipped.
                let is_read = found.len() % 2 == 0;
                found.push((name, if is_read { files.content()? } else { Vec::new() }));
            }
            Ok(found)
        };
        read().map_err(|error: KindError| error.to_string())
    }

    #[test]
    fn files_with_short_and_long_names() {
        let long = "n".repeat(200);
        let record = format!("210 path={long}\n");
        let archive = [
            file("a", b"content"),
            file("b", &[7; 600]),
            file_of_kind("x", record.as_bytes(), b'x'),
            file("short", b"x"),
            file_of_kind("link", b"", b'2'),
            file_of_kind("l", format!("{long}\0").as_bytes(), b'L'),
            file("short", b"y"),
        ]
        .concat();
        let expected =
            [("a", &b"content"[..]), ("b", b""), (&long[..], b"x"), ("link", b""), (&long, b"y")]
                .map(|(name, content)| (name.to_owned(), content.to_vec()));
        assert_eq!(all(&archive, 9).unwrap(), expected);
        for end in [0, 512, 1024, 2048] {
            let ended = [&archive[..], &vec![0; end]].concat();
            assert_eq!(all(&ended, 9).unwrap(), expected);
        }
        // The last block may not be whole.
        assert_eq!(all(&archive[..archive.len() - 511], 9).unwrap(), expected);
        assert!(all(&archive, 6).unwrap_err().starts_with("the number of files"));
    }

    #[test]
    fn what_lies_is_refused() {
        let good = file("a", b"content");
        for at in [0, 124, 148, 156, 300] {
            let mut forged = good.clone();
            forged[at] ^= 1;
            assert!(all(&forged, 9).unwrap_err().ends_with("invalid tar header"), "{at}");
        }
        assert!(all(&good[..515], 9).unwrap_err().ends_with("unexpected EOF"));
        assert!(all(&good[..511], 9).unwrap_err().ends_with("unexpected EOF"));
        assert!(all(&[vec![0; 512], good].concat(), 9).is_err());
        for record in
            [&b"9999 path=x\n"[..], b"x path=x\n", b"3 a", b"5 a\n", b"9 path=x", b"-1 a=b\n"]
        {
            assert!(all(&file_of_kind("x", record, b'x'), 9).is_err(), "{record:?}");
        }
        assert!(all(&file_of_kind("x", b"", b'S'), 9).is_err());
        assert_eq!(binary(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).ok(), None);
        assert_eq!(binary(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]).ok(), Some(258));
        assert_eq!(octal(b"  17 \0").ok(), Some(15));
        assert!(octal(b"8").is_err() && octal(b"\0").ok() == Some(0));
    }
}
