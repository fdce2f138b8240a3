//! The directory's lock and identity: one writer at a time, and no copy passes for the original.
//!
//! `_writer/lock` is held with `flock` while a writer runs. Its text and the header of the newest
//! segment name each other, and each names itself, by what no copy of a file can have: the inode
//! and its birth time.
//!
//! ```text
//! held by the running writer; do not copy, do not delete
//! inode 5351345
//! born 1795930419.579931997
//! segment 5351350 1795930423.100000000 <16 bytes in hexadecimal: which segment>
//! sum <8 bytes of the SHA-256 of the lines above>
//! ```
//! The lock file always stays the same file, and is written in place. The segment is a new file
//! after each start, each clean shutdown and each rollover. If the names do not match the files,
//! the directory was copied or restored. Whether it is the newest state of its log cannot be told
//! from inside, and continuing from an older one would fork the log (I10). So it is refused until
//! the operator states how large the log was last seen. What each check is for:
//!
//! - A copy next to the original, or moved into its place: both inodes differ.
//! - Files removed and copied back: the file system may reuse the same inodes, but never with the
//!   same birth time.
//! - `rsync` does not touch files that did not change, so the lock may stay: then the segment is
//!   another file than it says.
//! - Files overwritten in place keep their inodes: then the segment says that it is another file,
//!   or the lock names another one.
//! - A copy made of hard links shares the inodes: then the lock, written in place, names a newer
//!   segment than the copy has.
//!
//! One case is not detected: a segment to which only records were added since the copy was made,
//! and which was then overwritten in place. As long as no writer has started or ended in between,
//! it is the same file.
//!
//! **Writing the names survives a power cut at every step.** Before a new segment takes its place
//! the lock names both segments, and afterwards only the new one; it is flushed each time. The text
//! is shorter than a sector, always has the same length, and begins with what earlier releases
//! wrote and read. So a torn write can only leave a text without a sum. Such a text, and that of an
//! earlier release, is judged by the inode alone.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::error::DirectoryError;
use super::files::{FileIdentity, Files};
use super::segment::{HeaderNames, SegmentId};

const OPENING: &str = "held by the running writer; do not copy, do not delete";
/// Less than the smallest sector.
const TEXT_BYTES: usize = 480;

/// A segment file, as named by the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentName {
    pub file: FileIdentity,
    pub id: SegmentId,
}

/// What the text of a lock file names.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// A new file, or one that a power cut has torn.
    Nothing,
    /// What earlier releases wrote: the file's own inode.
    Inode(u64),
    All {
        own: FileIdentity,
        segments: Vec<SegmentName>,
    },
}

/// Whether the files of a directory belong together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The directory is where it was created.
    Original,
    /// It was copied or restored, with the reason.
    Copied(String),
    /// The segment that the lock names is missing.
    SegmentMissing,
}

/// The segment that was found.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub path: &'a Path,
    pub name: SegmentName,
    pub header: Option<HeaderNames>,
}

/// The held lock; released when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _held: File,
}

impl Lock {
    /// Takes the lock at `path`, creating the file if it does not exist. The lock is always a real
    /// file, whatever `Files` is.
    pub fn take(path: &Path) -> Result<Self, DirectoryError> {
        let io = |source| DirectoryError::Io { path: path.display().to_string(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let held = options.open(path).map_err(io)?;
        match held.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _held: held }),
            Err(TryLockError::WouldBlock) => {
                Err(DirectoryError::InUse { path: path.display().to_string() })
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Creates the file that holds the text, if `Files` has none.
    pub fn create(&self, files: &dyn Files) -> io::Result<()> {
        match files.identity(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => files.write(&self.path, b""),
            found => found.map(drop),
        }
    }

    /// Compares the files with their names.
    pub fn judge(&self, files: &dyn Files, found: Option<Found<'_>>) -> io::Result<Verdict> {
        let own = files.identity(&self.path)?;
        if own.born.is_none() {
            tracing::warn!(
                path = %self.path.display(),
                "the file system does not record when a file was created, so some copies of this \
                 directory cannot be detected"
            );
        }
        Ok(judge(&self.path, own, &Named::parse(&files.read(&self.path)?), found))
    }

    /// Writes the names of this file and the segments, durably.
    pub fn name(&self, files: &dyn Files, segments: &[SegmentName]) -> io::Result<()> {
        let own = files.identity(&self.path)?;
        files.write_in_place(&self.path, text(own, segments).as_bytes())
    }

    /// The file's identity, for a segment's header.
    pub fn identity(&self, files: &dyn Files) -> io::Result<FileIdentity> {
        files.identity(&self.path)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn judge(lock: &Path, own: FileIdentity, named: &Named, found: Option<Found<'_>>) -> Verdict {
    let lock = lock.display();
    let copied = |path: &dyn std::fmt::Display, named: FileIdentity, is: FileIdentity| {
        Verdict::Copied(format!("{path} was made elsewhere: it names itself {named}, but is {is}"))
    };
    match named {
        Named::Inode(inode) if *inode != own.inode => {
            return copied(&lock, FileIdentity { inode: *inode, born: None }, own);
        }
        Named::All { own: named, .. } if !own.is(*named) => return copied(&lock, *named, own),
        _ => {}
    }
    let Some(Found { path, name, header }) = found else {
        let is_named = matches!(named, Named::All { segments, .. } if !segments.is_empty());
        return if is_named { Verdict::SegmentMissing } else { Verdict::Original };
    };
    let path = path.display();
    match (header, named) {
        (Some(header), _) if !name.file.is(header.own) => copied(&path, header.own, name.file),
        (Some(header), _) if !own.is(header.lock) => Verdict::Copied(format!(
            "{path} was made next to another {lock}: it names {}, but this is {own}",
            header.lock
        )),
        (_, Named::All { segments, .. })
            if !segments.iter().any(|s| s.id == name.id && name.file.is(s.file)) =>
        {
            Verdict::Copied(format!("{lock} names a later file than {path}, or a different one"))
        }
        _ => Verdict::Original,
    }
}

impl Named {
    fn parse(text: &[u8]) -> Self {
        let Some(body) = text.strip_prefix(OPENING.as_bytes()) else { return Self::Nothing };
        let text = String::from_utf8_lossy(body);
        Self::parse_all(&text)
            .or_else(|| Some(Self::Inode(inode_line(text.trim_start())?)))
            .unwrap_or(Self::Nothing)
    }

    fn parse_all(text: &str) -> Option<Self> {
        let (lines, rest) = text.split_once("sum ")?;
        if rest.lines().next() != Some(&sum(lines)) {
            return None;
        }
        let (mut inode, mut born, mut segments) = (None, None, Vec::new());
        for line in lines.lines().filter(|line| !line.is_empty()) {
            match line.split_once(' ')? {
                ("inode", value) => inode = Some(value.parse().ok()?),
                ("born", value) => born = parse_birth(value)?,
                ("segment", value) => segments.push(SegmentName::parse(value)?),
                _ => return None,
            }
        }
        Some(Self::All { own: FileIdentity { inode: inode?, born }, segments })
    }
}

fn inode_line(text: &str) -> Option<u64> {
    text.lines().next()?.strip_prefix("inode ")?.parse().ok()
}

fn text(own: FileIdentity, segments: &[SegmentName]) -> String {
    let mut lines = format!("\ninode {}\nborn {}\n", own.inode, birth(own.born));
    for SegmentName { file, id } in segments {
        let id = hex::encode(id);
        writeln!(lines, "segment {} {} {id}", file.inode, birth(file.born))
            .expect("a string takes all");
    }
    let mut text = format!("{OPENING}{lines}sum {}\n", sum(&lines));
    assert!(text.len() <= TEXT_BYTES, "two segments have room");
    text.extend(std::iter::repeat_n('\n', TEXT_BYTES - text.len()));
    text
}

fn sum(lines: &str) -> String {
    hex::encode(&Sha256::digest(lines)[..8])
}

fn birth(born: Option<Duration>) -> String {
    born.map_or("-".to_owned(), |born| format!("{}.{:09}", born.as_secs(), born.subsec_nanos()))
}

#[expect(clippy::option_option, reason = "what is malformed, and what says that it is not known")]
fn parse_birth(text: &str) -> Option<Option<Duration>> {
    if text == "-" {
        return Some(None);
    }
    let (seconds, nanos) = text.split_once('.')?;
    let nanos = nanos.parse().ok().filter(|&n| n < 1_000_000_000)?;
    Some(Some(Duration::new(seconds.parse().ok()?, nanos)))
}

impl SegmentName {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let inode = words.next()?.parse().ok()?;
        let born = parse_birth(words.next()?)?;
        let id = hex::decode(words.next()?).ok()?.try_into().ok()?;
        words.next().is_none().then_some(Self { file: FileIdentity { inode, born }, id })
    }
}

#[cfg(test)]
mod tests;
