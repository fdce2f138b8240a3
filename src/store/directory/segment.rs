//! The segment file: commit records of a directory store, one appended after the other.
//!
//! ```text
//! header   "fasti/s1" | u64 settled tree size | SHA-256 of the 16 bytes before
//! frame    u64 record number | u32 length | SHA-256 of (number, length, bytes) | bytes
//! ```
//! Integers are big-endian. One frame is written and flushed before the next is begun, so a power
//! cut can tear the last frame and no other: [`Segment::parse`] drops a torn end, and refuses a
//! damaged frame that sound ones follow (I14).

use sha2::{Digest, Sha256};
use tiles_spec::TreeSize;

use crate::store::RecordNumber;

const MAGIC: &[u8; 8] = b"fasti/s1";
const DIGEST_BYTES: usize = 32;
pub(super) const HEADER_BYTES: usize = 16 + DIGEST_BYTES;
const FRAME_HEADER_BYTES: usize = 12 + DIGEST_BYTES;

/// Where one record's bytes lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub offset: u64,
    pub length: usize,
}

/// What a segment file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Everything up to this size was durable when the segment was begun.
    pub settled: TreeSize,
    /// The number of the first record; the others follow without gaps.
    pub first: Option<RecordNumber>,
    /// One for each record.
    pub extents: Vec<Extent>,
    /// Length of the sound part.
    pub length: u64,
}

impl Segment {
    /// Reads a whole segment file. The error says what is wrong.
    pub fn parse(file: &[u8]) -> Result<Self, String> {
        let settled = parse_header(file)?;
        let mut segment =
            Self { settled, first: None, extents: Vec::new(), length: HEADER_BYTES as u64 };
        let mut rest = &file[HEADER_BYTES..];
        while let Some((number, bytes)) = parse_frame(rest) {
            if segment.next().is_some_and(|next| next != number) {
                return Err(format!("record {number} does not follow the one before it"));
            }
            rest = &rest[FRAME_HEADER_BYTES + bytes.len()..];
            segment.push(number, bytes.len());
        }
        match find_frame(rest) {
            Some(at) => Err(format!(
                "the record at byte {} is damaged, with sound ones behind it at byte {}",
                segment.length,
                segment.length + at as u64
            )),
            None => Ok(segment),
        }
    }

    /// The number that the next record has to have, once there is a first.
    pub fn next(&self) -> Option<RecordNumber> {
        self.newest().map(RecordNumber::next)
    }

    /// The newest record.
    pub fn newest(&self) -> Option<RecordNumber> {
        let first = self.first?;
        RecordNumber::new(first.get() + self.extents.len() as u64 - 1)
    }

    /// Where record `number` lies.
    pub fn extent(&self, number: RecordNumber) -> Option<Extent> {
        let place = number.get().checked_sub(self.first?.get())?;
        self.extents.get(usize::try_from(place).ok()?).copied()
    }

    /// Takes note of a record of `length` bytes that was appended.
    pub fn push(&mut self, number: RecordNumber, length: usize) {
        self.first.get_or_insert(number);
        let offset = self.length + FRAME_HEADER_BYTES as u64;
        self.extents.push(Extent { offset, length });
        self.length = offset + length as u64;
    }
}

/// The header of a segment that begins with everything up to `settled` durable.
pub(super) fn header(settled: TreeSize) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(settled.get().to_be_bytes());
    header.extend(Sha256::digest(&header));
    header
}

/// One record as it is appended.
pub(super) fn frame(number: RecordNumber, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a record is far below 4 GiB");
    let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES + bytes.len());
    frame.extend(number.get().to_be_bytes());
    frame.extend(length.to_be_bytes());
    let digest = frame_digest(&frame, bytes);
    frame.extend(digest);
    frame.extend(bytes);
    frame
}

fn frame_digest(number_and_length: &[u8], bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    Sha256::new().chain_update(number_and_length).chain_update(bytes).finalize().into()
}

fn parse_header(file: &[u8]) -> Result<TreeSize, String> {
    let header = file.get(..HEADER_BYTES).ok_or("the header is cut short")?;
    let (fields, digest) = header.split_at(16);
    if Sha256::digest(fields)[..] != *digest || &fields[..8] != MAGIC {
        return Err("the header is damaged".to_owned());
    }
    let settled = u64::from_be_bytes(fields[8..].try_into().expect("eight bytes are left"));
    TreeSize::new(settled).ok_or_else(|| "the settled size is out of range".to_owned())
}

/// The frame at the start of `bytes`, if a sound one is there.
fn parse_frame(bytes: &[u8]) -> Option<(RecordNumber, &[u8])> {
    let header = bytes.get(..FRAME_HEADER_BYTES)?;
    let number = u64::from_be_bytes(header[..8].try_into().ok()?);
    let length = u32::from_be_bytes(header[8..12].try_into().ok()?) as usize;
    let body = bytes.get(FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + length)?;
    let sound = frame_digest(&header[..12], body) == header[12..];
    sound.then_some((RecordNumber::new(number)?, body))
}

/// Searches for a sound frame anywhere behind the start of `bytes`.
///
/// Only a candidate whose record opens with the record format's own magic is digested, which keeps
/// this linear on any input.
fn find_frame(bytes: &[u8]) -> Option<usize> {
    let magic = crate::log::RECORD_MAGIC;
    let starts = bytes.windows(magic.len()).enumerate().filter(|(_, window)| *window == magic);
    starts
        .filter_map(|(at, _)| at.checked_sub(FRAME_HEADER_BYTES))
        .find(|&at| at > 0 && parse_frame(&bytes[at..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u64) -> RecordNumber {
        RecordNumber::new(n).expect("positive")
    }

    fn record(n: u8) -> Vec<u8> {
        let mut bytes = crate::log::RECORD_MAGIC.to_vec();
        bytes.extend([n; 100]);
        bytes
    }

    fn three_records() -> Vec<u8> {
        let mut file = header(TreeSize::new(7).expect("in range"));
        for n in 5..8 {
            file.extend(frame(number(n.into()), &record(n)));
        }
        file
    }

    #[test]
    fn reads_back_what_was_appended() {
        let file = three_records();
        let segment = Segment::parse(&file).expect("sound");
        assert_eq!((segment.first, segment.newest()), (Some(number(5)), Some(number(7))));
        assert_eq!(segment.length, file.len() as u64);
        let Extent { offset, length } = segment.extent(number(6)).expect("held");
        let offset = usize::try_from(offset).expect("small");
        assert_eq!(&file[offset..offset + length], record(6));
        assert_eq!((segment.extent(number(4)), segment.extent(number(8))), (None, None));
    }

    #[test]
    fn a_file_cut_anywhere_yields_the_whole_records_before_the_cut() {
        let file = three_records();
        let whole = Segment::parse(&file).expect("sound");
        for cut in HEADER_BYTES..file.len() {
            let segment = Segment::parse(&file[..cut]).expect("a torn end is no damage");
            let complete =
                whole.extents.iter().filter(|e| e.offset + e.length as u64 <= cut as u64).count();
            assert_eq!(segment.extents.len(), complete, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_is_damage_unless_it_is_in_the_last_record() {
        let file = three_records();
        let whole = Segment::parse(&file).expect("sound");
        let last = whole.extents[1].offset + whole.extents[1].length as u64;
        for byte in 0..file.len() {
            let mut damaged = file.clone();
            damaged[byte] ^= 0x10;
            match Segment::parse(&damaged) {
                Ok(segment) => {
                    assert!(byte as u64 >= last, "byte {byte} passed");
                    assert_eq!(segment.extents.len(), 2);
                }
                Err(_) => assert!((byte as u64) < last, "byte {byte} refused"),
            }
        }
    }
}
