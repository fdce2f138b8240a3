//! The commit records of a directory store: one segment file, and one flush of it a batch.
//!
//! ```text
//! _writer/commit/<first record>.segment    see segment.rs; the newest counts
//! _writer/torn                             the end that was last cut off from a segment
//! ```
//! A record is only ever written after the last one, usually into room that was made when the
//! segment was begun: then the flush writes these bytes, and needs nothing from the file system's
//! journal, which others keep busy. A segment is replaced as a whole in two cases, each time by a
//! new file that is flushed before it takes its place (new_segment.rs): when the store is opened,
//! because an earlier process may have seen a flush fail, after which the page cache can return
//! what is not on disk; and when everything published was flushed, by a segment that begins there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tiles_spec::TreeSize;

use super::error::{DirectoryError, ambiguous, failed};
use super::files::{Files, InPlaceFile};
use super::identity::{Found, SegmentName};
use super::new_segment::{NewSegment, Place, Placed, make_room, segment_names};
use super::poison::Poison;
use super::segment::Segment;
use crate::{Created, RecordNumber, StoreError};

/// The segment that records are written to.
pub(super) struct Records {
    place: Arc<Place>,
    poison: Arc<Poison>,
    path: PathBuf,
    name: SegmentName,
    file: Box<dyn InPlaceFile>,
    segment: Segment,
}

/// A segment that was put in the place of another.
pub(super) struct Turned {
    name: SegmentName,
    /// The file of the other, unless the new one has the same name.
    superseded: Option<PathBuf>,
}

/// The newest segment file, as a writer left it.
pub(super) struct Left {
    path: PathBuf,
    content: Bytes,
    segment: Segment,
    name: SegmentName,
}

impl Left {
    /// Reads the newest segment, if there is any.
    pub fn read(files: &dyn Files, private: &Path) -> Result<Option<Self>, DirectoryError> {
        let dir = private.join("commit");
        let names = segment_names(files, &dir).map_err(|source| io_error(&dir, source))?;
        let Some(path) = names.last().map(|name| dir.join(name)) else { return Ok(None) };
        let content = files.read(&path).map_err(|source| io_error(&path, source))?;
        let segment = Segment::parse(&content).map_err(|reason| DirectoryError::Damaged {
            path: path.display().to_string(),
            reason,
        })?;
        let file = files.identity(&path).map_err(|source| io_error(&path, source))?;
        let name = SegmentName { file, id: segment.id() };
        Ok(Some(Self { path, content: content.into(), segment, name }))
    }

    /// What to compare with the lock.
    pub fn found(&self) -> Found<'_> {
        Found { path: &self.path, name: self.name, header: self.segment.names }
    }

    /// Keeps the bytes after the valid part. They were being written when a writer was killed or
    /// the power failed. If instead the disk damaged them, recovery refuses the log, and the
    /// operator will want to inspect them.
    fn keep_torn(&self, files: &dyn Files, private: &Path) -> Result<(), DirectoryError> {
        let torn = self.segment.torn(&self.content);
        if torn.is_empty() {
            return Ok(());
        }
        let kept = private.join("torn");
        tracing::warn!(
            segment = %self.path.display(),
            bytes = torn.len(),
            kept = %kept.display(),
            "cut off the end, which is not a whole record"
        );
        files.write_synced(&kept, torn).map_err(|source| io_error(&kept, source))
    }

    fn record(&self, number: RecordNumber) -> Option<Bytes> {
        let extent = self.segment.extent(number)?;
        let start = usize::try_from(extent.offset).expect("was read to memory");
        Some(self.content.slice(start..start + extent.length))
    }

    /// Copies it.
    fn copy(&self, place: &Place) -> Result<NewSegment, StoreError> {
        let first = self.segment.first.unwrap_or(RecordNumber::FIRST);
        let mut new = place.begin(first, self.segment.settled)?;
        for number in self.segment.numbers_from(RecordNumber::FIRST) {
            if let Some(bytes) = self.record(number) {
                new.push(number, &bytes)?;
            }
        }
        Ok(new)
    }
}

impl Records {
    /// Copies what was left to a new file, so that everything read from now on is known to be on
    /// disk.
    pub fn open(
        place: Arc<Place>,
        poison: Arc<Poison>,
        left: Option<&Left>,
    ) -> Result<Self, DirectoryError> {
        let Place { files, private, .. } = &*place;
        let dir = private.join("commit");
        let failed = |source| io_error(&dir, source);
        let old = segment_names(&**files, &dir).map_err(failed)?;
        if let Some(left) = left {
            left.keep_torn(&**files, private)?;
        }
        let placed = make_room(&**files, private, 0).and_then(|()| match left {
            Some(left) => place.put(left.copy(&place)?, Some(left.name)),
            None => place.put(place.begin(RecordNumber::FIRST, TreeSize::ZERO)?, None),
        });
        let placed = placed.and_then(|placed| place.confirm(placed.name).map(|()| placed));
        let placed = placed.map_err(|e| failed(io::Error::other(e)))?;
        for name in old {
            let old = dir.join(name);
            if old != placed.path {
                files.remove_file(&old).map_err(failed)?;
            }
        }
        let Placed { path, name, file, segment } = placed;
        Ok(Self { place, poison, path, name, file, segment })
    }

    /// The segment that records are written to.
    pub fn name(&self) -> SegmentName {
        self.name
    }

    /// The newest record's number.
    pub fn newest(&self) -> Option<RecordNumber> {
        self.segment.newest()
    }

    /// The size up to which everything was durable when the segment was begun.
    pub fn settled(&self) -> TreeSize {
        self.segment.settled
    }

    /// By how many bytes and records the segment has grown since it was begun.
    pub fn grown(&self) -> (u64, usize) {
        (self.segment.grown(), self.segment.extents.len())
    }

    /// The bytes of record `number`, if the segment holds it.
    pub fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        let Some(extent) = self.segment.extent(number) else { return Ok(None) };
        let bytes = self.file.read_at(extent.offset, extent.length);
        bytes.map(|b| Some(b.into())).map_err(|e| failed("read", &self.path, e))
    }

    /// Writes record `number`, durably.
    pub fn append(&mut self, number: RecordNumber, bytes: &[u8]) -> Result<Created, StoreError> {
        self.poison.refuse()?;
        if self.segment.newest().is_some_and(|newest| number <= newest) {
            return Ok(Created::Already);
        }
        if self.segment.next().is_some_and(|next| number != next) {
            let reason = format!("record {number} would leave a gap");
            return Err(StoreError::Corrupt { path: self.path.display().to_string(), reason });
        }
        self.place.claim(self.name)?;
        let frame = self.segment.frame(number, bytes);
        let written = self.file.write_at(self.segment.length, &frame);
        let written = written.and_then(|()| self.file.sync_data());
        written.map_err(|e| self.poison.put(ambiguous(&self.path, e)))?;
        self.segment.push(number, bytes.len());
        Ok(Created::Now)
    }

    /// Begins a segment that is to hold only record `number` and the ones after it, once everything
    /// up to `size` is durable.
    pub fn begin_segment(
        &self,
        number: RecordNumber,
        size: TreeSize,
    ) -> Result<NewSegment, StoreError> {
        self.poison.refuse()?;
        self.place.begin(number, size).map_err(|e| self.poison.put(e))
    }

    /// The next record for the new segment, if it lacks more than `spared`.
    pub fn next_for(
        &self,
        new: &NewSegment,
        spared: u64,
    ) -> Result<Option<(RecordNumber, Bytes)>, StoreError> {
        let number = new.next();
        let end = self.segment.next().map_or(0, RecordNumber::get);
        if end.saturating_sub(number.get()) <= spared {
            return Ok(None);
        }
        Ok(self.read(number)?.map(|bytes| (number, bytes)))
    }

    /// Adds to the new segment what it lacks, and puts it in place of this one. A crash before the
    /// rename leaves the old segment; a crash after it, the new one.
    pub fn turn_to(&mut self, mut new: NewSegment) -> Result<Turned, StoreError> {
        self.poison.refuse()?;
        while let Some((number, bytes)) = self.next_for(&new, 0)? {
            new.push(number, &bytes).map_err(|e| self.poison.put(e))?;
        }
        let placed = self.place.put(new, Some(self.name)).map_err(|e| self.poison.put(e))?;
        let old = std::mem::replace(&mut self.path, placed.path);
        (self.name, self.file, self.segment) = (placed.name, placed.file, placed.segment);
        Ok(Turned { name: self.name, superseded: (old != self.path).then_some(old) })
    }
}

impl Turned {
    /// Does what no record waits for: the lock names the new segment alone, and the old one goes.
    pub fn finish(self, place: &Place, poison: &Poison) -> Result<(), StoreError> {
        poison.refuse()?;
        place.confirm(self.name).map_err(|e| poison.put(e))?;
        match self.superseded {
            Some(old) => place.files.remove_file(&old).map_err(|e| failed("remove", &old, e)),
            None => Ok(()),
        }
    }
}

fn io_error(path: &Path, source: io::Error) -> DirectoryError {
    DirectoryError::Io { path: path.display().to_string(), source }
}
