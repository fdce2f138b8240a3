//! Puts a new segment file in place of the newest, durably.
//!
//! 1. An empty file is made, since only a file that is there can be named.
//! 2. It is filled: a header that names it and the lock, and the records. Flushed.
//! 3. The lock names the segment that is in place and this one. Flushed.
//! 4. This one is renamed into place. The directory is flushed.
//! 5. The lock names this one alone. Flushed.
//!
//! Whatever step a crash or a power cut comes at, the lock names what is there (identity.rs). Of a
//! directory without a segment the lock names nothing before step 4, so that it never names a
//! segment alone that is not there yet.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tiles_spec::TreeSize;

use super::files::{AppendFile, Files};
use super::identity::{Lock, SegmentName};
use super::segment::{self, HeaderNames, Segment};
use super::{ambiguous, failed};
use crate::store::{RecordNumber, StoreError};

/// Where segments lie, and the lock that names them.
pub(super) struct Place {
    pub files: Arc<dyn Files>,
    /// `_writer`
    pub private: PathBuf,
    pub lock: Lock,
    /// The lock names what is here. Where a copy was accepted it does so from the first record on:
    /// a copy that is refused after all stays one.
    pub is_named: bool,
}

/// What a new segment is to hold.
pub(super) struct NewSegment {
    /// The number that the file is called by.
    pub first: RecordNumber,
    pub settled: TreeSize,
    pub records: Vec<(RecordNumber, Bytes)>,
}

impl Default for NewSegment {
    fn default() -> Self {
        Self { first: RecordNumber::FIRST, settled: TreeSize::ZERO, records: Vec::new() }
    }
}

/// A segment in its place, open.
pub(super) struct Placed {
    pub path: PathBuf,
    pub name: SegmentName,
    pub file: Box<dyn AppendFile>,
    pub segment: Segment,
}

impl Place {
    /// Puts a segment in place of `before`.
    pub fn put(&self, new: &NewSegment, before: Option<SegmentName>) -> Result<Placed, StoreError> {
        let dir = self.private.join("commit");
        let path = dir.join(format!("{:020}.segment", new.first.get()));
        let temporary = self.private.join("tmp/segment");
        let filled = self.fill(&temporary, new);
        let (name, segment) = filled.map_err(|e| failed("write", &temporary, e))?;
        if let Some(before) = before {
            self.name(&[before, name])?;
        }
        self.files.rename(&temporary, &path).map_err(|e| ambiguous(&path, e))?;
        self.files.sync_dir(&dir).map_err(|e| failed("flush", &dir, e))?;
        self.name(&[name])?;
        let file = self.files.open_append(&path).map_err(|e| failed("open", &path, e))?;
        Ok(Placed { path, name, file, segment })
    }

    fn fill(&self, path: &Path, new: &NewSegment) -> io::Result<(SegmentName, Segment)> {
        self.files.write(path, b"")?;
        let own = self.files.identity(path)?;
        let names = HeaderNames { own, lock: self.lock.identity(&*self.files)? };
        let mut content = segment::header(new.settled, names);
        let mut segment = Segment::parse(&content).expect("a header alone is a sound segment");
        for (number, bytes) in &new.records {
            content.extend(segment.frame(*number, bytes));
            segment.push(*number, bytes.len());
        }
        self.files.write_synced(path, &content)?;
        Ok((SegmentName { file: own, id: segment.id() }, segment))
    }

    /// The lock names `segment`, if it did not yet.
    pub fn claim(&mut self, segment: SegmentName) -> Result<(), StoreError> {
        if !self.is_named {
            self.write_names(&[segment])?;
            self.is_named = true;
        }
        Ok(())
    }

    fn name(&self, segments: &[SegmentName]) -> Result<(), StoreError> {
        if self.is_named { self.write_names(segments) } else { Ok(()) }
    }

    fn write_names(&self, segments: &[SegmentName]) -> Result<(), StoreError> {
        let written = self.lock.name(&*self.files, segments);
        written.map_err(|e| failed("write", self.lock.path(), e))
    }
}

/// The names of the segments in `dir`, oldest first.
pub(super) fn segment_names(files: &dyn Files, dir: &Path) -> io::Result<Vec<String>> {
    let mut names = files.list(dir)?;
    names.retain(|name| name.ends_with(".segment"));
    names.sort();
    Ok(names)
}
