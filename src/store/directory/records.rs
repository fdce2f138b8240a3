//! The commit records of a directory store: one segment file that grows by one flush a batch.
//!
//! ```text
//! _writer/commit/<first record>.segment    see segment.rs; the newest counts
//! _writer/torn                             the end that was last cut off a segment
//! ```
//! A segment is only ever appended to. It is replaced as a whole in two cases, each time by a new
//! file that is flushed before it takes its place: at opening, because an earlier process may have
//! seen a flush fail, after which the page cache shows what is not on the disk; and when everything
//! published was flushed, by a segment that begins there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tiles_spec::TreeSize;

use super::files::{AppendFile, Files};
use super::identity::Lock;
use super::poison::Poison;
use super::segment::{self, HEADER_BYTES, Segment};
use super::{DirectoryError, ambiguous, failed};
use crate::store::{Created, RecordNumber, StoreError};

/// The segment that is appended to.
pub(super) struct Records {
    files: Arc<dyn Files>,
    poison: Arc<Poison>,
    lock: Lock,
    /// `_writer`
    private: PathBuf,
    path: PathBuf,
    file: Box<dyn AppendFile>,
    segment: Segment,
}

impl Records {
    /// Finds the newest segment and copies it to a new file, so that what is read from now on is
    /// known to be on the disk.
    pub fn open(
        files: Arc<dyn Files>,
        poison: Arc<Poison>,
        private: &Path,
        lock: Lock,
    ) -> Result<Self, DirectoryError> {
        let dir = private.join("commit");
        let io = |source| DirectoryError::Io { path: dir.display().to_string(), source };
        let mut names = files.list(&dir).map_err(io)?;
        names.retain(|name| name.ends_with(".segment"));
        names.sort();
        let (first, content) = match names.last() {
            None => (RecordNumber::FIRST, segment::header(TreeSize::ZERO)),
            Some(name) => read_segment(&*files, private, &dir.join(name))?,
        };
        let put_in_place = replace_segment(&*files, private, first, &content);
        let (path, file, segment) = put_in_place.map_err(|e| io(io::Error::other(e)))?;
        for name in names {
            let old = dir.join(name);
            if old != path {
                files.remove_file(&old).map_err(io)?;
            }
        }
        Ok(Self { files, poison, lock, private: private.to_owned(), path, file, segment })
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
        (self.segment.length - HEADER_BYTES as u64, self.segment.extents.len())
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
        self.lock.claim().map_err(|e| failed("write", &self.private.join("lock"), e))?;
        let frame = self.segment.frame(number, bytes);
        let written = self.file.append(&frame).and_then(|()| self.file.sync_data());
        written.map_err(|e| self.poison.put(ambiguous(&self.path, e)))?;
        self.segment.push(number, bytes.len());
        Ok(Created::Now)
    }

    /// Begins a segment that holds only record `number` and the ones after it, when everything up
    /// to `size` is durable. A crash before the rename leaves the old segment, one after it the
    /// new one.
    pub fn begin_segment(
        &mut self,
        number: RecordNumber,
        size: TreeSize,
    ) -> Result<(), StoreError> {
        self.poison.refuse()?;
        let content = self.kept_from(number, size)?;
        let replaced = replace_segment(&*self.files, &self.private, number, &content);
        let (path, file, segment) = replaced.map_err(|e| self.poison.put(e))?;
        let old = std::mem::replace(&mut self.path, path);
        (self.file, self.segment) = (file, segment);
        if old != self.path {
            self.files.remove_file(&old).map_err(|e| failed("remove", &old, e))?;
        }
        Ok(())
    }

    fn kept_from(&self, number: RecordNumber, size: TreeSize) -> Result<Vec<u8>, StoreError> {
        let mut content = segment::header(size);
        let mut kept = Segment::parse(&content).expect("a header alone is a sound segment");
        let newest = self.segment.newest().map_or(0, RecordNumber::get);
        for number in (number.get()..=newest).filter_map(RecordNumber::new) {
            if let Some(bytes) = self.read(number)? {
                content.extend(kept.frame(number, &bytes));
                kept.push(number, bytes.len());
            }
        }
        Ok(content)
    }
}

/// The sound part of a segment file, and the number of its first record. What is behind it was
/// being written when a writer was killed or the power failed; it is kept beside, for if it was
/// the disk that damaged it, then recovery refuses the log, and somebody will want to look at it.
fn read_segment(
    files: &dyn Files,
    private: &Path,
    path: &Path,
) -> Result<(RecordNumber, Vec<u8>), DirectoryError> {
    let name = || path.display().to_string();
    let io = |source| DirectoryError::Io { path: name(), source };
    let mut content = files.read(path).map_err(io)?;
    let segment = Segment::parse(&content)
        .map_err(|reason| DirectoryError::Damaged { path: name(), reason })?;
    let torn = content.split_off(usize::try_from(segment.length).expect("was read to memory"));
    if !torn.is_empty() {
        let kept = private.join("torn");
        tracing::warn!(
            segment = name(),
            bytes = torn.len(),
            kept = %kept.display(),
            "cut off the end, which is no whole record"
        );
        files.write_synced(&kept, &torn).map_err(io)?;
    }
    Ok((segment.first.unwrap_or(RecordNumber::FIRST), content))
}

/// Puts a segment file in place, durably, and opens it.
fn replace_segment(
    files: &dyn Files,
    private: &Path,
    first: RecordNumber,
    content: &[u8],
) -> Result<(PathBuf, Box<dyn AppendFile>, Segment), StoreError> {
    let dir = private.join("commit");
    let path = dir.join(format!("{:020}.segment", first.get()));
    let temporary = private.join("tmp/segment");
    let segment = Segment::parse(content)
        .map_err(|reason| StoreError::Corrupt { path: path.display().to_string(), reason })?;
    files.write_synced(&temporary, content).map_err(|e| failed("write", &temporary, e))?;
    files.rename(&temporary, &path).map_err(|e| ambiguous(&path, e))?;
    files.sync_dir(&dir).map_err(|e| failed("flush", &dir, e))?;
    let file = files.open_append(&path).map_err(|e| failed("open", &path, e))?;
    Ok((path, file, segment))
}
