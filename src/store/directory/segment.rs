//! The segment file: the commit records of a directory store, one after another.
//!
//! ```text
//! header   "fasti/s2" | u64 settled tree size | 16 marker | this file | the lock file | digest
//! frame    16 marker | u64 record number | u32 length | digest | bytes
//! room     zeros, to be overwritten by frames; there may be none
//! file     u64 inode | born: u64 seconds since 1970, u32 nanoseconds (all ones: not known)
//! digest   SHA-256 of all before it; in a frame, also of the bytes after it
//! ```
//! The header of earlier releases begins with "fasti/s1" and names no files. Integers are
//! big-endian. One frame is written and flushed before the next is begun, so a crash can tear only
//! the last frame: [`Segment::parse`] drops a torn end, and refuses a damaged frame that is
//! followed by valid ones (I14). The marker is random and secret. Without it, a client that submits
//! an entry that looks like a frame could make a torn end look like damage.

use std::time::Duration;

use fasti_seams::entropy::{Entropy, OsEntropy};
use sha2::{Digest, Sha256};
use tiles_spec::TreeSize;

use super::files::FileIdentity;
use crate::RecordNumber;

const MAGIC: &[u8; 8] = b"fasti/s2";
/// The magic of a header that names no files.
const MAGIC_1: &[u8; 8] = b"fasti/s1";
const MARKER_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;
const FILE_BYTES: usize = 20;
const UNKNOWN: u32 = u32::MAX;
/// The start of every header: magic, size and marker.
const OPENING_BYTES: usize = 16 + MARKER_BYTES;
const FRAME_HEADER_BYTES: usize = MARKER_BYTES + 12 + DIGEST_BYTES;

type Marker = [u8; MARKER_BYTES];

/// Distinguishes a segment file from every other; derived from its marker.
pub(super) type SegmentId = [u8; 16];

/// The files that a header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeaderNames {
    /// The segment file itself.
    pub own: FileIdentity,
    /// The lock file next to it.
    pub lock: FileIdentity,
}

/// Where the bytes of one record are in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub offset: u64,
    pub length: usize,
}

/// The contents of a segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The size up to which everything was durable when the segment was begun.
    pub settled: TreeSize,
    /// The files that the header names; earlier releases named none.
    pub names: Option<HeaderNames>,
    /// The start of every frame.
    marker: Marker,
    /// The length of the header.
    begin: u64,
    /// The number of the first record; the others follow without gaps.
    pub first: Option<RecordNumber>,
    /// One per record.
    pub extents: Vec<Extent>,
    /// The length of the valid part.
    pub length: u64,
}

impl Segment {
    /// Parses a whole segment file. The error says what is wrong.
    pub fn parse(file: &[u8]) -> Result<Self, String> {
        let (mut segment, mut rest) = parse_header(file)?;
        let marker = segment.marker;
        while let Some((number, bytes)) = parse_frame(&marker, rest) {
            if segment.next().is_some_and(|next| next != number) {
                return Err(format!("record {number} does not follow the previous one"));
            }
            rest = &rest[FRAME_HEADER_BYTES + bytes.len()..];
            segment.push(number, bytes.len());
        }
        match find_frame(&marker, rest) {
            Some(at) => Err(format!(
                "the record at byte {} is damaged, but followed by a valid one at byte {}",
                segment.length,
                segment.length + at as u64
            )),
            None => Ok(segment),
        }
    }

    /// What follows the records of this segment in its file, without the room: the end of a record
    /// that was being written.
    pub fn torn<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        let length = usize::try_from(self.length).expect("was read to memory");
        without_room(&file[length..])
    }

    /// Which segment this is.
    pub fn id(&self) -> SegmentId {
        let digest = Sha256::digest(self.marker);
        digest[..16].try_into().expect("sixteen bytes")
    }

    /// How many bytes of records it has.
    pub fn grown(&self) -> u64 {
        self.length - self.begin
    }

    /// The number that the next record must have, once there is a first.
    pub fn next(&self) -> Option<RecordNumber> {
        self.newest().map(RecordNumber::next)
    }

    /// The newest record.
    pub fn newest(&self) -> Option<RecordNumber> {
        let first = self.first?;
        RecordNumber::new(first.get() + self.extents.len() as u64 - 1)
    }

    /// The numbers of its records, from `number` on.
    pub fn numbers_from(&self, number: RecordNumber) -> impl Iterator<Item = RecordNumber> + use<> {
        let first = self.first.map_or(u64::MAX, |first| first.get().max(number.get()));
        let newest = self.newest().map_or(0, RecordNumber::get);
        (first..=newest).filter_map(RecordNumber::new)
    }

    /// Where record `number` is.
    pub fn extent(&self, number: RecordNumber) -> Option<Extent> {
        let place = number.get().checked_sub(self.first?.get())?;
        self.extents.get(usize::try_from(place).ok()?).copied()
    }

    /// Encodes one record as it is written.
    pub fn frame(&self, number: RecordNumber, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).expect("a record is far below 4 GiB");
        let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES + bytes.len());
        frame.extend(self.marker);
        frame.extend(number.get().to_be_bytes());
        frame.extend(length.to_be_bytes());
        let digest = frame_digest(&frame, bytes);
        frame.extend(digest);
        frame.extend(bytes);
        frame
    }

    /// Notes that a record of `length` bytes was written.
    pub fn push(&mut self, number: RecordNumber, length: usize) {
        self.first.get_or_insert(number);
        let offset = self.length + FRAME_HEADER_BYTES as u64;
        self.extents.push(Extent { offset, length });
        self.length = offset + length as u64;
    }
}

/// The header of a new segment, when everything up to `settled` is durable.
pub(super) fn header(settled: TreeSize, names: HeaderNames) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(settled.get().to_be_bytes());
    header.extend(OsEntropy.nonce());
    for file in [names.own, names.lock] {
        header.extend(file.inode.to_be_bytes());
        header.extend(file.born.map_or(0, |born| born.as_secs()).to_be_bytes());
        header.extend(file.born.map_or(UNKNOWN, |born| born.subsec_nanos()).to_be_bytes());
    }
    header.extend(Sha256::digest(&header));
    header
}

fn frame_digest(opening: &[u8], bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    Sha256::new().chain_update(opening).chain_update(bytes).finalize().into()
}

/// Returns a segment without records yet, and what follows its header.
fn parse_header(file: &[u8]) -> Result<(Segment, &[u8]), String> {
    let names_bytes = match file.get(..8) {
        Some(magic) if magic == MAGIC => 2 * FILE_BYTES,
        Some(magic) if magic == MAGIC_1 => 0,
        Some(_) => return Err("the header is damaged".to_owned()),
        None => return Err("the header is cut short".to_owned()),
    };
    let cut_short = || "the header is cut short".to_owned();
    let fields_bytes = OPENING_BYTES + names_bytes;
    let (fields, rest) = file.split_at_checked(fields_bytes).ok_or_else(cut_short)?;
    let (digest, rest) = rest.split_at_checked(DIGEST_BYTES).ok_or_else(cut_short)?;
    if Sha256::digest(fields)[..] != *digest {
        return Err("the header is damaged".to_owned());
    }
    let (opening, names) = fields.split_at(OPENING_BYTES);
    let (settled, marker) = opening[8..].split_at(8);
    let settled = u64::from_be_bytes(settled.try_into().expect("split off as eight bytes"));
    let segment = Segment {
        settled: TreeSize::new(settled).ok_or("the settled size is out of range")?,
        names: (!names.is_empty()).then(|| HeaderNames {
            own: parse_file(&names[..FILE_BYTES]),
            lock: parse_file(&names[FILE_BYTES..]),
        }),
        marker: marker.try_into().expect("what is left of the opening"),
        begin: (fields_bytes + DIGEST_BYTES) as u64,
        first: None,
        extents: Vec::new(),
        length: (fields_bytes + DIGEST_BYTES) as u64,
    };
    Ok((segment, rest))
}

fn parse_file(fields: &[u8]) -> FileIdentity {
    let number =
        |at: usize| u64::from_be_bytes(fields[at..at + 8].try_into().expect("eight bytes"));
    let nanos = u32::from_be_bytes(fields[16..].try_into().expect("the last four bytes"));
    let born = (nanos != UNKNOWN).then(|| Duration::new(number(8), nanos % 1_000_000_000));
    FileIdentity { inode: number(0), born }
}

/// The frame at the start of `bytes`, if there is a valid one.
fn parse_frame<'a>(marker: &Marker, bytes: &'a [u8]) -> Option<(RecordNumber, &'a [u8])> {
    let (opening, rest) = bytes.split_at_checked(FRAME_HEADER_BYTES - DIGEST_BYTES)?;
    let (digest, rest) = rest.split_at_checked(DIGEST_BYTES)?;
    let fields = opening.strip_prefix(marker)?;
    let number = u64::from_be_bytes(fields[..8].try_into().ok()?);
    let length = u32::from_be_bytes(fields[8..].try_into().ok()?) as usize;
    let body = rest.get(..length)?;
    let sound = frame_digest(opening, body)[..] == *digest;
    sound.then_some((RecordNumber::new(number)?, body))
}

/// Searches for a valid frame anywhere after the start of `bytes`.
fn find_frame(marker: &Marker, bytes: &[u8]) -> Option<usize> {
    // Millions of zeros can follow; but a frame can end with zeros too.
    let starts = 1..without_room(bytes).len();
    let mut starts = starts.filter(|&at| bytes[at..].starts_with(marker));
    starts.find(|&at| parse_frame(marker, &bytes[at..]).is_some())
}

/// The bytes up to the last that is not zero.
fn without_room(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER_BYTES: usize = OPENING_BYTES + 2 * FILE_BYTES + DIGEST_BYTES;

    const NAMES: HeaderNames = HeaderNames {
        own: FileIdentity { inode: 1 << 40, born: Some(Duration::new(1_795_930_419, 999_999_999)) },
        lock: FileIdentity { inode: 7, born: None },
    };

    fn number(n: u64) -> RecordNumber {
        RecordNumber::new(n).expect("positive")
    }

    fn record(n: u8) -> Vec<u8> {
        vec![n; 100]
    }

    fn segment_of<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut file = header(TreeSize::new(7).expect("in range"), NAMES);
        let mut segment = Segment::parse(&file).expect("sound");
        for (n, bytes) in (5..).zip(records) {
            file.extend(segment.frame(number(n), bytes));
            segment.push(number(n), bytes.len());
        }
        file
    }

    /// Where the bytes of record `n` begin in `file`.
    fn offset(file: &[u8], n: u64) -> usize {
        let segment = Segment::parse(file).expect("sound");
        usize::try_from(segment.extent(number(n)).expect("held").offset).expect("small")
    }

    fn three_records() -> Vec<u8> {
        segment_of([5, 6, 7].map(record).iter().map(Vec::as_slice))
    }

    #[test]
    fn reads_back_what_was_written() {
        let file = three_records();
        let segment = Segment::parse(&file).expect("sound");
        assert_eq!((segment.settled.get(), segment.names), (7, Some(NAMES)));
        assert_eq!(segment.grown(), (file.len() - HEADER_BYTES) as u64);
        assert_eq!((segment.first, segment.newest()), (Some(number(5)), Some(number(7))));
        assert_eq!(segment.length, file.len() as u64);
        assert!(file[offset(&file, 6)..].starts_with(&record(6)));
        assert_eq!(segment.extent(number(6)).expect("held").length, 100);
        assert_eq!((segment.extent(number(4)), segment.extent(number(8))), (None, None));
    }

    /// A record that none could follow is no record.
    #[test]
    fn numbers_end_before_they_overflow() {
        let header = header(TreeSize::new(7).expect("in range"), NAMES);
        let marker = Segment::parse(&header).expect("sound").marker;
        let mut file = header.clone();
        let mut frame = marker.to_vec();
        frame.extend(u64::MAX.to_be_bytes());
        frame.extend(3u32.to_be_bytes());
        frame.extend(frame_digest(&frame.clone(), b"one"));
        file.extend([&frame[..], b"one"].concat());
        assert_eq!(Segment::parse(&file).expect("a torn end").first, None);
    }

    #[test]
    fn reads_what_earlier_releases_wrote() {
        let mut file = b"fasti/s1".to_vec();
        file.extend(7u64.to_be_bytes());
        file.extend([9; MARKER_BYTES]);
        file.extend(Sha256::digest(&file));
        let mut segment = Segment::parse(&file).expect("sound");
        assert_eq!((segment.settled.get(), segment.names), (7, None));
        file.extend(segment.frame(number(5), &record(5)));
        segment.push(number(5), 100);
        assert_eq!(Segment::parse(&file), Ok(segment));
    }

    #[test]
    fn a_file_cut_anywhere_yields_the_whole_records_before_the_cut() {
        let file = three_records();
        let ends = [5, 6, 7].map(|n| offset(&file, n) + 100);
        for cut in HEADER_BYTES..file.len() {
            let segment = Segment::parse(&file[..cut]).expect("a torn end is no damage");
            let complete = ends.iter().filter(|&&end| end <= cut).count();
            assert_eq!(segment.extents.len(), complete, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_is_damage_unless_it_is_in_the_last_record() {
        let file = three_records();
        let last = offset(&file, 7) - FRAME_HEADER_BYTES;
        for byte in 0..file.len() {
            let mut damaged = file.clone();
            damaged[byte] ^= 0x10;
            match Segment::parse(&damaged) {
                Ok(segment) => {
                    assert!(byte >= last, "byte {byte} passed");
                    assert_eq!(segment.extents.len(), 2);
                }
                Err(_) => assert!(byte < last, "byte {byte} refused"),
            }
        }
    }

    #[test]
    fn room_after_the_records_is_neither_torn_nor_damaged() {
        let file = segment_of([record(5).as_slice(), &[6, 0, 0, 0], &[0; 100]]);
        let segment = Segment::parse(&file).expect("sound");
        let roomy = [file.as_slice(), &[0; 2000]].concat();
        assert_eq!(Segment::parse(&roomy), Ok(segment.clone()));
        assert_eq!(segment.torn(&roomy), b"");
        let torn = [file.as_slice(), &[0, 0, 7, 0, 9], &[0; 2000]].concat();
        assert_eq!(Segment::parse(&torn), Ok(segment.clone()));
        assert_eq!(segment.torn(&torn), [0, 0, 7, 0, 9]);
        // The last record consists of zeros; the one before is damaged.
        let mut damaged = roomy.clone();
        damaged[offset(&file, 6)] ^= 1;
        assert!(Segment::parse(&damaged).is_err());
    }

    /// Frames overwrite zeros, and the disk writes sectors in any order.
    #[test]
    fn a_record_torn_inside_the_room_is_dropped_and_all_before_it_are_kept() {
        const SECTOR_BYTES: usize = 512;
        let before = segment_of([record(5).as_slice(), &[6; 900]]);
        let whole = segment_of([record(5).as_slice(), &[6; 900], &[7; 3000]]);
        let marker = OPENING_BYTES - MARKER_BYTES..OPENING_BYTES;
        let before = [&whole[..before.len()], &vec![0; 8192 - before.len()]].concat();
        let whole = [whole.as_slice(), &vec![0; 8192 - whole.len()]].concat();
        assert_eq!(before[marker.clone()], whole[marker]);
        let differ: Vec<usize> = (0..8192 / SECTOR_BYTES)
            .filter(|sector| {
                let bytes = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
                before[bytes.clone()] != whole[bytes]
            })
            .collect();
        assert!((5..10).contains(&differ.len()), "{differ:?}");
        for written in 0..1u32 << differ.len() {
            let mut file = before.clone();
            let written_sectors =
                differ.iter().enumerate().filter(|(bit, _)| written >> bit & 1 == 1);
            for (_, sector) in written_sectors {
                let bytes = sector * SECTOR_BYTES..(sector + 1) * SECTOR_BYTES;
                file[bytes.clone()].copy_from_slice(&whole[bytes]);
            }
            let segment = Segment::parse(&file).expect("a torn end is no damage");
            let is_whole = written + 1 == 1 << differ.len();
            assert_eq!(segment.extents.len(), if is_whole { 3 } else { 2 }, "{written:b}");
        }
    }

    /// Clients choose what entries hold, and zstd leaves incompressible bytes as they are. An entry
    /// that is a frame of another segment must not turn a torn end into damage.
    #[test]
    fn a_frame_inside_a_torn_record_is_not_taken_for_a_record() {
        let submitted = segment_of([record(6).as_slice()])[HEADER_BYTES..].to_vec();
        let hostile = [b"fasti/c1".as_slice(), &submitted, &record(0)].concat();
        let file = segment_of([record(5).as_slice(), &hostile]);
        let second = offset(&file, 6);
        for cut in second + submitted.len()..file.len() {
            assert_eq!(
                Segment::parse(&file[..cut]).expect("torn").extents.len(),
                1,
                "cut at {cut}"
            );
        }
        let mut torn = file.clone();
        torn[second - FRAME_HEADER_BYTES..second].fill(0);
        assert_eq!(Segment::parse(&torn).expect("torn").extents.len(), 1);
    }
}
