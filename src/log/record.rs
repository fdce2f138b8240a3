//! Commit records: the one write that puts a batch of entries into the log.
//!
//! ```text
//! "fasti/c3"            8   magic and version; "fasti/z3" in the last record of a frozen log
//! number, epoch         8+8
//! nonce                16   random: no two attempts ever have the same bytes
//! time                  8   seconds since 1970, never less than in the record before
//! times                32   SHA-256 of the times of the unfinished bundle, before the batch
//! previous             32   digest of the previous record; in record 1, of origin and log key
//! before: size, root    8+32
//! after: size, root     8+32
//! writer                2+n the address of the writer that made it
//! entry count           4
//! entries inflated      4   length of the entries, as entry bundles hold them
//! entries               4+n zstd: for each entry u16 length, bytes
//! digest               32   SHA-256 of all before it
//! ```
//! Integers are big-endian. Older releases wrote records without times ("fasti/c2", "fasti/z2") or
//! even without a time ("fasti/c1", "fasti/z1"). A record holds its whole batch, so any writer that
//! finds it can finish what it began: tiles, bundles, times and root follow from it and from what
//! was before it (I5). Nothing follows a last record, which holds no entries (I17); a writer that
//! does not support this kind reads it as damaged, and does not continue from a record that it
//! cannot read. [`Record::decode`] accepts exactly what [`Record::encode`] produces, and checks the
//! digest (I14).

use std::io::Read;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tiles_spec::{ENTRY_BYTES_MAX, Hash, TreeHead, TreeSize};

use fasti_objects::IntegratedTime;
use fasti_store::RecordNumber;

/// The first bytes of every record that others may follow.
pub const RECORD_MAGIC: &[u8; 8] = b"fasti/c3";
/// The first bytes of the record that ends a log.
pub const LAST_RECORD_MAGIC: &[u8; 8] = b"fasti/z3";
/// The same of records with a time, but without the digest of those before.
const TIME_ALONE_MAGIC: &[u8; 8] = b"fasti/c2";
const TIME_ALONE_LAST_MAGIC: &[u8; 8] = b"fasti/z2";
/// The same of records without a time.
const TIMELESS_MAGIC: &[u8; 8] = b"fasti/c1";
const TIMELESS_LAST_MAGIC: &[u8; 8] = b"fasti/z1";

/// Longest writer address, in bytes.
const WRITER_BYTES_MAX: usize = 1024;
/// Most bytes of entries in one record, inflated; batches are cut to less.
pub const RECORD_ENTRIES_BYTES_MAX: usize = 64 << 20;
/// Entries are signatures and digests, which hardly compress, so the fastest level is best.
const ZSTD_LEVEL: i32 = 1;

/// Which term of leadership a record belongs to; each takeover adds one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The term after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The SHA-256 that ends a record, and that the next record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordDigest(pub [u8; 32]);

impl RecordDigest {
    /// What record 1 names as its predecessor: the identity of the log itself.
    pub fn of_new_log(origin: &str, verifier_key: &str) -> Self {
        let mut hasher = Sha256::new();
        for part in ["fasti/genesis/v1", origin, verifier_key] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// The SHA-256 of the times of an unfinished bundle, as its file holds them (`time/<N>.p/<W>`); of
/// nothing if no bundle is unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimesDigest(pub [u8; 32]);

/// A commit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub number: RecordNumber,
    /// The term of leadership in which it was made.
    pub epoch: Epoch,
    /// Random bytes that distinguish this attempt from every other.
    pub nonce: [u8; 16],
    /// When the batch entered the log, by the clock of the writer. `None` in the oldest records.
    pub time: Option<IntegratedTime>,
    /// The times of the unfinished bundle before the batch. `None` in older records, and never
    /// without a time.
    pub times: Option<TimesDigest>,
    /// The digest of the previous record.
    pub previous: RecordDigest,
    /// The tree before the batch.
    pub before: TreeHead,
    /// The tree after the batch.
    pub after: TreeHead,
    /// The address of the writer that made it; may be empty.
    pub writer: String,
    /// The batch, in leaf order. Empty in a takeover record, and in the last one.
    pub entries: Vec<Bytes>,
    /// Whether the log is frozen, so that nothing may follow.
    pub is_last: bool,
}

/// The bytes are not a commit record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid commit record: {0}")]
pub struct RecordError(&'static str);

/// A record's bytes, with the digest that the next record will name.
#[derive(Clone, Debug)]
pub struct EncodedRecord {
    /// The whole record.
    pub bytes: Bytes,
    /// Its last 32 bytes.
    pub digest: RecordDigest,
}

impl Record {
    /// The record's bytes.
    ///
    /// # Panics
    /// Panics if there are more entries than a batch may hold; the sequencer cuts batches to less.
    /// Panics if there are times without a time.
    pub fn encode(&self) -> EncodedRecord {
        let inflated = self.inflated_entries();
        assert!(inflated.len() <= RECORD_ENTRIES_BYTES_MAX, "batches are cut below the limit");
        let deflated = zstd::bulk::compress(&inflated, ZSTD_LEVEL)
            .expect("compressing to memory at a known level does not fail");
        let mut out = Vec::with_capacity(256 + self.writer.len() + deflated.len());
        out.extend(self.magic());
        out.extend(self.number.get().to_be_bytes());
        out.extend(self.epoch.0.to_be_bytes());
        out.extend(self.nonce);
        out.extend(self.time.iter().flat_map(|time| time.get().to_be_bytes()));
        out.extend(self.times.iter().flat_map(|times| times.0));
        out.extend(self.previous.0);
        for head in [&self.before, &self.after] {
            out.extend(head.size.get().to_be_bytes());
            out.extend(head.root.as_bytes());
        }
        out.extend(length_u16(self.writer.len()));
        out.extend(self.writer.as_bytes());
        out.extend(length_u32(self.entries.len()));
        out.extend(length_u32(inflated.len()));
        out.extend(length_u32(deflated.len()));
        out.extend(deflated);
        let digest: [u8; 32] = Sha256::digest(&out).into();
        out.extend(digest);
        EncodedRecord { bytes: out.into(), digest: RecordDigest(digest) }
    }

    fn magic(&self) -> &'static [u8; 8] {
        match (self.time.is_some(), self.times.is_some(), self.is_last) {
            (true, true, false) => RECORD_MAGIC,
            (true, true, true) => LAST_RECORD_MAGIC,
            (true, false, false) => TIME_ALONE_MAGIC,
            (true, false, true) => TIME_ALONE_LAST_MAGIC,
            (false, false, false) => TIMELESS_MAGIC,
            (false, false, true) => TIMELESS_LAST_MAGIC,
            (false, true, _) => panic!("there are no times without a time"),
        }
    }

    fn inflated_entries(&self) -> Vec<u8> {
        let length = self.entries.iter().map(|e| 2 + e.len()).sum();
        let mut inflated = Vec::with_capacity(length);
        for entry in &self.entries {
            inflated.extend(length_u16(entry.len()));
            inflated.extend_from_slice(entry);
        }
        inflated
    }

    /// Reads a record.
    pub fn decode(bytes: &[u8]) -> Result<(Self, RecordDigest), RecordError> {
        let Some((content, digest)) = bytes.split_last_chunk::<32>() else {
            return Err(RecordError("it is cut short"));
        };
        if Sha256::digest(content)[..] != digest[..] {
            return Err(RecordError("its digest does not match"));
        }
        let mut fields = Fields(content);
        let (has_time, has_times, is_last) = match &fields.array::<8>()? {
            RECORD_MAGIC => (true, true, false),
            LAST_RECORD_MAGIC => (true, true, true),
            TIME_ALONE_MAGIC => (true, false, false),
            TIME_ALONE_LAST_MAGIC => (true, false, true),
            TIMELESS_MAGIC => (false, false, false),
            TIMELESS_LAST_MAGIC => (false, false, true),
            _ => return Err(RecordError("its kind or version is not supported")),
        };
        let number = RecordNumber::new(fields.u64()?)
            .ok_or(RecordError("its number is zero or out of range"))?;
        let record = Self {
            number,
            epoch: fields.epoch()?,
            nonce: fields.array()?,
            time: if has_time { Some(fields.time()?) } else { None },
            times: if has_times { Some(TimesDigest(fields.array()?)) } else { None },
            previous: RecordDigest(fields.array()?),
            before: fields.head()?,
            after: fields.head()?,
            writer: fields.writer()?,
            entries: fields.entries()?,
            is_last,
        };
        if is_last && !record.entries.is_empty() {
            return Err(RecordError("it ends the log, but holds entries"));
        }
        let grown = record.before.size.checked_add(record.entries.len() as u64);
        if !fields.0.is_empty() || grown != Some(record.after.size) {
            return Err(RecordError("its sizes do not add up"));
        }
        Ok((record, RecordDigest(*digest)))
    }
}

fn length_u16(length: usize) -> [u8; 2] {
    u16::try_from(length).expect("entries and addresses are checked to be short").to_be_bytes()
}

fn length_u32(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("batches are cut far below 4 GiB").to_be_bytes()
}

/// The rest of a record, still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let (head, tail) =
            self.0.split_at_checked(length).ok_or(RecordError("a field is cut short"))?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(RecordError("a field is cut short"))?;
        self.0 = tail;
        Ok(*head)
    }

    fn u64(&mut self) -> Result<u64, RecordError> {
        self.array().map(u64::from_be_bytes)
    }

    fn u32(&mut self) -> Result<usize, RecordError> {
        self.array().map(|bytes| u32::from_be_bytes(bytes) as usize)
    }

    /// Below 2^63, so that every term can have a next one.
    fn epoch(&mut self) -> Result<Epoch, RecordError> {
        let epoch = Some(self.u64()?).filter(|epoch| i64::try_from(*epoch).is_ok());
        epoch.map(Epoch).ok_or(RecordError("its epoch is out of range"))
    }

    fn time(&mut self) -> Result<IntegratedTime, RecordError> {
        IntegratedTime::new(self.u64()?).ok_or(RecordError("its time is out of range"))
    }

    fn head(&mut self) -> Result<TreeHead, RecordError> {
        let size = TreeSize::new(self.u64()?).ok_or(RecordError("a tree size is out of range"))?;
        Ok(TreeHead { size, root: Hash::from(self.array::<32>()?) })
    }

    fn writer(&mut self) -> Result<String, RecordError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        if length > WRITER_BYTES_MAX {
            return Err(RecordError("the writer's address is too long"));
        }
        let text = std::str::from_utf8(self.take(length)?);
        text.map(str::to_owned).map_err(|_| RecordError("the writer's address is not UTF-8"))
    }

    fn entries(&mut self) -> Result<Vec<Bytes>, RecordError> {
        let (count, inflated) = (self.u32()?, self.u32()?);
        let deflated = self.u32()?;
        if inflated > RECORD_ENTRIES_BYTES_MAX || count > inflated / 2 {
            return Err(RecordError("it holds more than a batch can"));
        }
        let inflated = inflate(self.take(deflated)?, inflated)?;
        let mut entries = Vec::with_capacity(count);
        let mut at = 0;
        for _ in 0..count {
            let length = inflated.get(at..at + 2).ok_or(RecordError("an entry is cut short"))?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let end = at + 2 + length;
            if end > inflated.len() {
                return Err(RecordError("an entry is cut short"));
            }
            entries.push(inflated.slice(at + 2..end));
            at = end;
        }
        if at == inflated.len() {
            Ok(entries)
        } else {
            Err(RecordError("there are bytes after the last entry"))
        }
    }
}

/// Inflates to exactly `length` bytes, never holding more.
fn inflate(deflated: &[u8], length: usize) -> Result<Bytes, RecordError> {
    const BROKEN: RecordError = RecordError("its entries do not inflate");
    let mut inflated = Vec::with_capacity(length);
    let decoder = zstd::Decoder::new(deflated).map_err(|_| BROKEN)?;
    decoder.take(length as u64 + 1).read_to_end(&mut inflated).map_err(|_| BROKEN)?;
    if inflated.len() == length { Ok(inflated.into()) } else { Err(BROKEN) }
}

const _: () = assert!(ENTRY_BYTES_MAX <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(entries: usize) -> Record {
        let head = |size: u64, byte| TreeHead {
            size: TreeSize::new(size).expect("in range"),
            root: Hash::from([byte; 32]),
        };
        Record {
            number: RecordNumber::new(3).expect("positive"),
            epoch: Epoch(2),
            nonce: [9; 16],
            time: IntegratedTime::new(1_780_000_000),
            times: Some(TimesDigest([5; 32])),
            previous: RecordDigest([7; 32]),
            before: head(1000, 1),
            after: head(1000 + entries as u64, 2),
            writer: "http://10.0.0.1:3000".to_owned(),
            entries: (0..entries).map(|n| Bytes::from(n.to_string().repeat(n))).collect(),
            is_last: false,
        }
    }

    fn last() -> Record {
        Record { is_last: true, ..sample(0) }
    }

    /// As older releases wrote it.
    fn time_alone(record: Record) -> Record {
        Record { times: None, ..record }
    }

    /// As the first release wrote it.
    fn timeless(record: Record) -> Record {
        Record { time: None, times: None, ..record }
    }

    /// Records as they were first written, kept as files: they must stay readable.
    #[test]
    fn frozen_records_are_read() {
        let batch = include_bytes!("../../tests/data/records/batch.record");
        let takeover = include_bytes!("../../tests/data/records/takeover.record");
        let end = include_bytes!("../../tests/data/records/last.record");
        let timed = include_bytes!("../../tests/data/records/timed.record");
        let timed_end = include_bytes!("../../tests/data/records/timed-last.record");
        let whole = include_bytes!("../../tests/data/records/with-times.record");
        let whole_end = include_bytes!("../../tests/data/records/with-times-last.record");
        for (bytes, record) in [
            (&batch[..], timeless(sample(3))),
            (takeover, timeless(sample(0))),
            (end, timeless(last())),
            (timed, time_alone(sample(3))),
            (timed_end, time_alone(last())),
            (whole, sample(3)),
            (whole_end, last()),
        ] {
            assert_eq!(Record::decode(bytes).expect("is read").0, record);
            // Everything but the compressed entries and the digest over them.
            let time = if record.time.is_some() { 8 } else { 0 };
            let times = if record.times.is_some() { 32 } else { 0 };
            let fixed = 8 + 8 + 8 + 16 + time + times + 32 + 40 + 40 + 2 + record.writer.len() + 8;
            assert_eq!(record.encode().bytes[..fixed], bytes[..fixed], "is still written so");
        }
    }

    #[test]
    fn reads_back_what_was_encoded() {
        for entries in [0, 1, 2, 300] {
            let record = sample(entries);
            let encoded = record.encode();
            assert_eq!(Record::decode(&encoded.bytes), Ok((record, encoded.digest)));
        }
        for record in [last(), time_alone(sample(3)), timeless(sample(3))] {
            let encoded = record.encode();
            assert_eq!(Record::decode(&encoded.bytes), Ok((record, encoded.digest)));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let encoded = sample(3).encode().bytes;
        for byte in 0..encoded.len() {
            for bit in 0..8 {
                let mut damaged = encoded.to_vec();
                damaged[byte] ^= 1 << bit;
                assert!(Record::decode(&damaged).is_err(), "byte {byte} bit {bit}");
            }
            assert!(Record::decode(&encoded[..byte]).is_err(), "cut at {byte}");
        }
    }

    /// A hand-made record whose digest is right but whose fields are false.
    fn resealed(change: impl FnOnce(&mut Vec<u8>)) -> Result<(Record, RecordDigest), RecordError> {
        let mut bytes = sample(3).encode().bytes.to_vec();
        bytes.truncate(bytes.len() - 32);
        change(&mut bytes);
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        Record::decode(&bytes)
    }

    #[test]
    fn lying_fields_are_refused_even_under_a_right_digest() {
        let counts = 8 + 8 + 8 + 16 + 8 + 32 + 32 + 40 + 40 + 2 + "http://10.0.0.1:3000".len();
        assert!(resealed(|_| {}).is_ok());
        assert!(resealed(|b| b.push(0)).is_err(), "something behind");
        assert!(resealed(|b| b[8..16].fill(0)).is_err(), "number zero");
        assert!(resealed(|b| b[8..16].fill(0xff)).is_err(), "a number that none follows");
        assert!(resealed(|b| b[16..24].fill(0xff)).is_err(), "an epoch that none follows");
        assert!(resealed(|b| b[40..48].fill(0)).is_err(), "no time where one belongs");
        assert!(resealed(|b| b[40] = 0xff).is_err(), "a time that is out of range");
        assert!(resealed(|b| b[112] = 0xff).is_err(), "size out of range");
        assert!(resealed(|b| b[counts + 3] = 2).is_err(), "fewer entries than it says");
        assert!(resealed(|b| b[counts + 7] += 1).is_err(), "longer than it inflates to");
        assert!(resealed(|b| b[counts + 4] = 0xff).is_err(), "more than a batch may hold");
        assert!(
            resealed(|b| b[..8].copy_from_slice(LAST_RECORD_MAGIC)).is_err(),
            "an end with entries"
        );
        assert!(resealed(|b| b[6] = b'x').is_err(), "of no known kind");
    }
}
