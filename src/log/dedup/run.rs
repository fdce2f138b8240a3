//! A run: a file of keys in ascending order, each with its leaf index, that never changes.
//!
//! ```text
//! block     up to 170 times: 16 key, u64 leaf index | zeros up to 4,088 bytes | u64 checksum
//! table     see table.rs
//! trailer   "fasti/d1" | u64 keys | u64 buckets | u64 checksum of the table | u64 checksum
//! ```
//! Integers are big-endian. Checksums are CRC-64/NVME. The checksum of a block covers the numbers
//! of the run and of the block too, so that no block passes for another. All blocks but the last
//! are full, so the position of a key tells its block.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crc_fast::{CrcAlgorithm::Crc64Nvme, Digest};
use fasti_store::{Files, InPlaceFile};
use tiles_spec::LeafIndex;

use super::index::{DedupError, Key};
use super::table::Table;

const MAGIC: &[u8; 8] = b"fasti/d1";
const BLOCK_BYTES: usize = 4096;
const ENTRY_BYTES: usize = 24;
const CHECKSUM_BYTES: usize = 8;
const ENTRIES_A_BLOCK: u64 = ((BLOCK_BYTES - CHECKSUM_BYTES) / ENTRY_BYTES) as u64;
const TRAILER_BYTES: usize = 40;
/// Bytes written at once.
const WRITE_BYTES: usize = 64 << 10;
/// Bytes flushed at once: few enough that others who use the disk do not wait long.
const FLUSH_BYTES: usize = 1 << 20;
/// Blocks read at once when a run is read from its beginning.
const READ_BLOCKS: u64 = 32;
/// Numbers of the table that are written at once; takes about as long as writing this many keys.
const TABLE_NUMBERS: usize = 16 << 10;

/// The name of run `number`.
pub(super) fn name(number: u64) -> String {
    format!("{number:016x}.run")
}

/// A run on disk, with its table in memory.
pub(super) struct Run {
    number: u64,
    path: PathBuf,
    file: Box<dyn InPlaceFile>,
    table: Table,
}

impl Run {
    /// Opens run `number` in `directory`, and reads its table.
    pub fn open(files: &dyn Files, directory: &Path, number: u64) -> Result<Self, DedupError> {
        let path = directory.join(name(number));
        let damaged = || DedupError::Damaged { path: path.display().to_string() };
        let failed = |source| DedupError::failed("read", &path, source);
        let length = files.length(&path).map_err(failed)?;
        let file = files.open_in_place(&path).map_err(failed)?;
        let trailer_at = length.checked_sub(TRAILER_BYTES as u64).ok_or_else(damaged)?;
        let trailer = file.read_at(trailer_at, TRAILER_BYTES).map_err(failed)?;
        let trailer = Trailer::parse(&trailer).ok_or_else(damaged)?;
        let Trailer { keys, buckets, table_checksum } = trailer;
        // Never allocate more memory than the file is long.
        let is_plausible = keys <= length && buckets <= length;
        let table_at = keys.div_ceil(ENTRIES_A_BLOCK).saturating_mul(BLOCK_BYTES as u64);
        if !is_plausible || table_at + Table::encoded_bytes(keys, buckets) != trailer_at {
            return Err(damaged());
        }
        let (mut at, mut digest) = (table_at, Digest::new(Crc64Nvme));
        let table = Table::decode(keys, buckets, |count| {
            let bytes = file.read_at(at, count).map_err(failed)?;
            digest.update(&bytes);
            at += count as u64;
            Ok(bytes)
        })?;
        let table = table.filter(|_| digest.finalize() == table_checksum).ok_or_else(damaged)?;
        Ok(Self { number, path, file, table })
    }

    /// Its number, as in its name.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The path of its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of keys.
    pub fn len(&self) -> u64 {
        self.table.len()
    }

    /// Looks up those keys that are not found yet.
    pub fn find(&self, keys: &[Key], found: &mut [Option<LeafIndex>]) -> Result<(), DedupError> {
        // All buckets first: each is somewhere else in memory, and the fetches overlap.
        let buckets: Vec<Range<u32>> = keys.iter().map(|key| self.table.bucket_of(*key)).collect();
        for ((key, found), bucket) in keys.iter().zip(found).zip(buckets) {
            if found.is_none() {
                *found = self.find_in(*key, bucket)?;
            }
        }
        Ok(())
    }

    fn find_in(&self, key: Key, bucket: Range<u32>) -> Result<Option<LeafIndex>, DedupError> {
        for place in self.table.places(key, bucket) {
            let entries = self.blocks(place / ENTRIES_A_BLOCK, 1)?;
            let within = usize::try_from(place % ENTRIES_A_BLOCK).expect("small");
            let (found, index) = entries.get(within).copied().ok_or_else(|| self.damaged())?;
            if found == key {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The entries in `count` blocks from block `first` on.
    fn blocks(&self, first: u64, count: u64) -> Result<Vec<(Key, LeafIndex)>, DedupError> {
        let count = usize::try_from(count).expect("few");
        let bytes = self.file.read_at(first * BLOCK_BYTES as u64, count * BLOCK_BYTES);
        let bytes = bytes.map_err(|error| DedupError::failed("read", &self.path, error))?;
        let mut entries = Vec::with_capacity(bytes.len() / ENTRY_BYTES);
        for (number, block) in (first..).zip(bytes.chunks_exact(BLOCK_BYTES)) {
            let (content, sum) = block.split_at(BLOCK_BYTES - CHECKSUM_BYTES);
            if block_checksum(self.number, number, content).to_be_bytes() != *sum {
                return Err(self.damaged());
            }
            let held = (self.len() - number * ENTRIES_A_BLOCK).min(ENTRIES_A_BLOCK);
            let (held_entries, _) = content.as_chunks::<ENTRY_BYTES>();
            for entry in &held_entries[..usize::try_from(held).expect("small")] {
                entries.push(parse_entry(entry).ok_or_else(|| self.damaged())?);
            }
        }
        Ok(entries)
    }

    fn damaged(&self) -> DedupError {
        DedupError::Damaged { path: self.path.display().to_string() }
    }
}

/// Reads a run from its beginning to its end.
pub(super) struct Cursor {
    run: Arc<Run>,
    next_block: u64,
    read: std::vec::IntoIter<(Key, LeafIndex)>,
}

impl Cursor {
    pub fn of(run: Arc<Run>) -> Self {
        Self { run, next_block: 0, read: Vec::new().into_iter() }
    }

    /// The next entry, in the order of the keys.
    pub fn next(&mut self) -> Result<Option<(Key, LeafIndex)>, DedupError> {
        if let Some(entry) = self.read.next() {
            return Ok(Some(entry));
        }
        let rest = self.run.len().div_ceil(ENTRIES_A_BLOCK) - self.next_block;
        let count = rest.min(READ_BLOCKS);
        if count > 0 {
            self.read = self.run.blocks(self.next_block, count)?.into_iter();
            self.next_block += count;
        }
        Ok(self.read.next())
    }
}

/// Writes a run, a portion at a time.
pub(super) struct Writer {
    number: u64,
    path: PathBuf,
    file: Box<dyn InPlaceFile>,
    table: Table,
    table_checksum: Digest,
    /// How many numbers of the table are written.
    table_written: usize,
    block: Vec<u8>,
    blocks: u64,
    /// How many bytes of the file are written.
    written: u64,
    unwritten: Vec<u8>,
    unflushed: usize,
}

impl Writer {
    /// Begins run `number` in `directory`, with room for this many keys.
    pub fn create(
        files: &dyn Files,
        directory: &Path,
        number: u64,
        keys: u64,
    ) -> Result<Self, DedupError> {
        let path = directory.join(name(number));
        let created = files.write(&path, &[]).and_then(|()| files.open_in_place(&path));
        let file = created.map_err(|error| DedupError::failed("create", &path, error))?;
        Ok(Self {
            number,
            path,
            file,
            table: Table::with_capacity(keys),
            table_checksum: Digest::new(Crc64Nvme),
            table_written: 0,
            block: Vec::with_capacity(BLOCK_BYTES),
            blocks: 0,
            written: 0,
            unwritten: Vec::with_capacity(WRITE_BYTES),
            unflushed: 0,
        })
    }

    /// Appends an entry, whose key must be above all others.
    pub fn push(&mut self, key: Key, index: LeafIndex) -> Result<(), DedupError> {
        self.table.push(key);
        self.block.extend(key.to_be_bytes());
        self.block.extend(index.get().to_be_bytes());
        if self.block.len() + ENTRY_BYTES + CHECKSUM_BYTES > BLOCK_BYTES {
            self.end_block()?;
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), DedupError> {
        self.block.resize(BLOCK_BYTES - CHECKSUM_BYTES, 0);
        let checksum = block_checksum(self.number, self.blocks, &self.block);
        self.block.extend(checksum.to_be_bytes());
        self.blocks += 1;
        let block = std::mem::take(&mut self.block);
        self.write(&block)?;
        self.block = block;
        self.block.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DedupError> {
        self.unwritten.extend(bytes);
        if self.unwritten.len() >= WRITE_BYTES { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> Result<(), DedupError> {
        let written = self.file.write_at(self.written, &self.unwritten);
        written.map_err(|error| DedupError::failed("write", &self.path, error))?;
        self.written += self.unwritten.len() as u64;
        self.unflushed += self.unwritten.len();
        self.unwritten.clear();
        if self.unflushed >= FLUSH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DedupError> {
        self.unflushed = 0;
        self.file.sync_data().map_err(|error| DedupError::failed("flush", &self.path, error))
    }

    /// Ends the entries.
    pub fn end_entries(&mut self) -> Result<(), DedupError> {
        self.table.finish();
        if self.block.is_empty() { Ok(()) } else { self.end_block() }
    }

    /// Writes a portion of the table. Returns its cost in entries; 0 when all is written.
    pub fn write_table(&mut self) -> Result<usize, DedupError> {
        let bytes = self.table.encode(self.table_written, TABLE_NUMBERS);
        if bytes.is_empty() {
            return Ok(0);
        }
        self.table_written += TABLE_NUMBERS;
        self.table_checksum.update(&bytes);
        self.write(&bytes)?;
        Ok(TABLE_NUMBERS)
    }

    /// Writes the trailer, and flushes everything but the file's name.
    pub fn finish(mut self) -> Result<Run, DedupError> {
        let (keys, buckets) = (self.table.len(), self.table.buckets());
        let table_checksum = self.table_checksum.finalize();
        let trailer = Trailer { keys, buckets, table_checksum }.encode();
        self.unwritten.extend(trailer);
        self.write_out()?;
        self.flush()?;
        let Self { number, path, file, table, .. } = self;
        Ok(Run { number, path, file, table })
    }
}

struct Trailer {
    keys: u64,
    buckets: u64,
    table_checksum: u64,
}

impl Trailer {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [self.keys, self.buckets, self.table_checksum] {
            bytes.extend(number.to_be_bytes());
        }
        let checksum = crc_fast::checksum(Crc64Nvme, &bytes);
        bytes.extend(checksum.to_be_bytes());
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (fields, checksum) = bytes.split_at_checked(TRAILER_BYTES - CHECKSUM_BYTES)?;
        if crc_fast::checksum(Crc64Nvme, fields).to_be_bytes() != *checksum {
            return None;
        }
        let (numbers, _) = fields.strip_prefix(MAGIC)?.as_chunks::<8>();
        let [keys, buckets, table_checksum] = *numbers.first_chunk()?;
        Some(Self {
            keys: u64::from_be_bytes(keys),
            buckets: u64::from_be_bytes(buckets),
            table_checksum: u64::from_be_bytes(table_checksum),
        })
    }
}

fn block_checksum(run: u64, block: u64, content: &[u8]) -> u64 {
    let mut digest = Digest::new(Crc64Nvme);
    digest.update(&run.to_be_bytes());
    digest.update(&block.to_be_bytes());
    digest.update(content);
    digest.finalize()
}

fn parse_entry(entry: &[u8; ENTRY_BYTES]) -> Option<(Key, LeafIndex)> {
    let (key, index) = entry.split_first_chunk::<16>()?;
    let index = LeafIndex::new(u64::from_be_bytes(index.try_into().ok()?))?;
    Some((Key::from_be_bytes(*key), index))
}
