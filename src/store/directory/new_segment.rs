//! Puts a new segment file in place of the newest, durably.
//!
//! 1. Create a file of zeros, or an empty one, since only an existing file can be named.
//! 2. Fill it: a header that names it and the lock, and the records. Flush it, a portion at a time.
//! 3. Let the lock name both the segment in place and this one ([`Place::announce`]). Flush it.
//! 4. Add what the segment in place got meanwhile. Rename this one into place, and flush the
//!    directory ([`Place::put`]). Records have to wait during this step, and only then.
//! 5. Let the lock name only this one ([`Place::confirm`]). Flush it.
//!
//! At whatever step a crash or a power cut comes, the lock names the segment in place
//! (identity.rs). If the directory has no segment yet, the lock names nothing before step 5, so it
//! never names only a segment that is not in place.

use std::io;
use std::io::ErrorKind::{QuotaExceeded, StorageFull};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tiles_spec::TreeSize;

use super::error::{ambiguous, failed};
use super::files::{Files, InPlaceFile};
use super::identity::{Lock, SegmentName};
use super::segment::{self, HeaderNames, Segment};
use crate::{RecordNumber, StoreError};

/// The new file, before it is moved into place; below `_writer`.
const TEMPORARY: &str = "tmp/segment";

/// How much room is written and flushed at once.
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

/// Where segments are stored, and the lock that names them.
pub(super) struct Place {
    pub files: Arc<dyn Files>,
    /// `_writer`
    pub private: PathBuf,
    pub lock: Lock,
    /// Whether the lock names the files here. After a copy was accepted, it does so only from the
    /// first record on: a copy that is refused after all remains a copy.
    pub is_named: AtomicBool,
}

/// How many bytes are held before they are written and flushed.
const PORTION_BYTES: usize = 1 << 20;

/// A new segment that is being filled, before it is moved into place.
pub(super) struct NewSegment {
    path: PathBuf,
    file: Box<dyn InPlaceFile>,
    /// The number in the name that the file gets.
    first: RecordNumber,
    name: SegmentName,
    /// Whether the lock names it.
    is_announced: bool,
    segment: Segment,
    /// What is not written yet, and where it begins in the file.
    unwritten: Vec<u8>,
    written: u64,
}

impl NewSegment {
    /// The number of the record that is missing next.
    pub fn next(&self) -> RecordNumber {
        self.segment.next().unwrap_or(self.first)
    }

    /// Adds a record.
    pub fn push(&mut self, number: RecordNumber, bytes: &[u8]) -> Result<(), StoreError> {
        self.unwritten.extend(self.segment.frame(number, bytes));
        self.segment.push(number, bytes.len());
        if self.unwritten.len() < PORTION_BYTES { Ok(()) } else { self.flush() }
    }

    /// Writes and flushes what was added.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        let written = self.file.write_at(self.written, &self.unwritten);
        let written = written.and_then(|()| self.file.sync_data());
        written.map_err(|e| failed("write", &self.path, e))?;
        self.written += self.unwritten.len() as u64;
        self.unwritten.clear();
        Ok(())
    }
}

/// An open segment, in its place.
pub(super) struct Placed {
    pub path: PathBuf,
    pub name: SegmentName,
    pub file: Box<dyn InPlaceFile>,
    pub segment: Segment,
}

/// Creates the file for a new segment, `bytes` long or as long as the disk has room for, for
/// [`Place::put`] to fill.
pub(super) fn make_room(files: &dyn Files, private: &Path, bytes: u64) -> Result<(), StoreError> {
    let path = private.join(TEMPORARY);
    let made = files.write(&path, b"").and_then(|()| write_zeros(files, &path, bytes));
    made.map_err(|e| failed("write", &path, e))
}

fn write_zeros(files: &dyn Files, path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = files.open_in_place(path)?;
    for start in (0..bytes).step_by(ZEROS.len()) {
        let count = usize::try_from(bytes - start).map_or(ZEROS.len(), |c| c.min(ZEROS.len()));
        match file.write_at(start, &ZEROS[..count]) {
            // Room is a matter of speed: without it, a record makes the file longer.
            Err(e) if matches!(e.kind(), StorageFull | QuotaExceeded) => break,
            written => written?,
        }
        // In portions, so that no flush of a record waits for all of it.
        file.sync_data()?;
    }
    Ok(())
}

impl Place {
    /// Begins a segment whose first record is to be `first`, in the file that [`make_room`] made.
    pub fn begin(&self, first: RecordNumber, settled: TreeSize) -> Result<NewSegment, StoreError> {
        let path = self.private.join(TEMPORARY);
        let begun = self.begin_at(&path, settled);
        let (file, name, header) = begun.map_err(|e| failed("write", &path, e))?;
        let segment = alone(&header);
        let is_announced = false;
        let (unwritten, written) = (header, 0);
        Ok(NewSegment { path, file, first, name, is_announced, segment, unwritten, written })
    }

    fn begin_at(
        &self,
        path: &Path,
        settled: TreeSize,
    ) -> io::Result<(Box<dyn InPlaceFile>, SegmentName, Vec<u8>)> {
        let own = self.files.identity(path)?;
        let names = HeaderNames { own, lock: self.lock.identity(&*self.files)? };
        let header = segment::header(settled, names);
        let name = SegmentName { file: own, id: alone(&header).id() };
        Ok((self.files.open_in_place(path)?, name, header))
    }

    /// Lets the lock name both the segment that is to be put in place, and the one in place.
    pub fn announce(&self, new: &mut NewSegment, before: SegmentName) -> Result<(), StoreError> {
        if self.is_named() && !new.is_announced {
            self.write_names(&[before, new.name])?;
            new.is_announced = true;
        }
        Ok(())
    }

    /// Puts a segment in the place of `before`.
    pub fn put(
        &self,
        mut new: NewSegment,
        before: Option<SegmentName>,
    ) -> Result<Placed, StoreError> {
        let dir = self.private.join("commit");
        let path = dir.join(format!("{:020}.segment", new.first.get()));
        new.flush()?;
        if let Some(before) = before {
            // A record may have claimed the directory since.
            self.announce(&mut new, before)?;
        }
        let NewSegment { path: temporary, name, segment, .. } = new;
        self.files.rename(&temporary, &path).map_err(|e| ambiguous(&path, e))?;
        self.files.sync_dir(&dir).map_err(|e| failed("flush", &dir, e))?;
        let file = self.files.open_in_place(&path).map_err(|e| failed("open", &path, e))?;
        Ok(Placed { path, name, file, segment })
    }

    /// Lets the lock name only the segment that was put in place.
    pub fn confirm(&self, placed: SegmentName) -> Result<(), StoreError> {
        if self.is_named() { self.write_names(&[placed]) } else { Ok(()) }
    }

    /// Lets the lock name `segment`, which is in place, unless it already does. To be called before
    /// each record is written, by one thread at a time.
    pub fn claim(&self, segment: SegmentName) -> Result<(), StoreError> {
        if !self.is_named() {
            self.write_names(&[segment])?;
            self.is_named.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn is_named(&self) -> bool {
        self.is_named.load(Ordering::Acquire)
    }

    fn write_names(&self, segments: &[SegmentName]) -> Result<(), StoreError> {
        let written = self.lock.name(&*self.files, segments);
        written.map_err(|e| failed("write", self.lock.path(), e))
    }
}

/// A segment without records.
fn alone(header: &[u8]) -> Segment {
    Segment::parse(header).expect("a header alone is a sound segment")
}

/// The names of the segments in `dir`, oldest first.
pub(super) fn segment_names(files: &dyn Files, dir: &Path) -> io::Result<Vec<String>> {
    let mut names = files.list(dir)?;
    names.retain(|name| name.ends_with(".segment"));
    names.sort();
    Ok(names)
}
