//! The file system seam of the directory store: the few operations it needs, and no others.
//!
//! [`OsFiles`] is the real one. Tests implement [`Files`] to make each single operation fail before
//! or after it took effect, which no real disk does on request.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// What distinguishes a file from a copy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// The file's number in its file system. It may be reused for a later file.
    pub inode: u64,
    /// When the inode was created, since 1970. Some file systems do not record it.
    pub born: Option<Duration>,
}

impl FileIdentity {
    /// Whether this is the file that was named so: if a time was named, it must be known.
    pub fn is(&self, named: Self) -> bool {
        self.inode == named.inode && (named.born.is_none() || named.born == self.born)
    }
}

impl std::fmt::Display for FileIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "inode {}", self.inode)?;
        match self.born {
            Some(born) => write!(f, " of {}.{:09}", born.as_secs(), born.subsec_nanos()),
            None => Ok(()),
        }
    }
}

/// How much of a large file is flushed at once.
const FLUSH_BYTES: usize = 1 << 20;

/// File operations, as defined by POSIX. Errors are the system's own.
pub trait Files: Send + Sync + 'static {
    /// Reads the whole content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Returns the length of a file in bytes. Fails with `IsADirectory` for a directory.
    fn length(&self, path: &Path) -> io::Result<u64>;
    /// Reads exactly this range of a file. Fails with `UnexpectedEof` if the file ends before.
    fn read_range(&self, path: &Path, range: Range<u64>) -> io::Result<Vec<u8>>;
    /// Creates or truncates a file and writes `bytes`; nothing is flushed.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Overwrites an existing file with the bytes that it already holds, so that they are dirty
    /// again and the next flush writes them to disk; nothing is flushed.
    fn write_again(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Like [`write`](Files::write), then flushes content and size to disk. Uses one descriptor for
    /// both: a write that fails in between is reported only to those that had the file open.
    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Overwrites the beginning of an existing file, which stays the same file, and flushes it.
    fn write_in_place(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Returns the identity of a file.
    fn identity(&self, path: &Path) -> io::Result<FileIdentity>;
    /// Flushes a directory's entries to disk.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Moves a file to `to`, atomically, replacing what is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name; fails with `AlreadyExists` if `to` exists.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Creates a directory and its parents.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory; fails if it is not empty.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with everything in it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Lists the names in a directory.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Opens an existing file to write and read it in place.
    fn open_in_place(&self, path: &Path) -> io::Result<Box<dyn InPlaceFile>>;
    /// Opens the file system that holds `path`, to flush it.
    fn open_filesystem(&self, path: &Path) -> io::Result<Box<dyn FileSystem>>;
    /// How many flushes to the disk were made so far.
    fn sync_count(&self) -> u64;
}

/// A file system that can be flushed as a whole.
pub trait FileSystem: Send + Sync + 'static {
    /// Flushes everything that is dirty. Also fails if anything, by any process, could not be
    /// written at any time since this was opened.
    fn sync(&self) -> io::Result<()>;
}

/// A file that is written and read in place.
pub trait InPlaceFile: Send + Sync + 'static {
    /// Writes all of `bytes` at `offset`. If they reach beyond the end, the file grows.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Flushes what was written to disk.
    fn sync_data(&mut self) -> io::Result<()>;
    /// Reads exactly `length` bytes from `offset`.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>>;
}

/// The operating system's files.
#[derive(Debug, Default)]
pub struct OsFiles {
    syncs: Arc<AtomicU64>,
}

impl Files for OsFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        length_of(&File::open(path)?)
    }

    fn read_range(&self, path: &Path, range: Range<u64>) -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        // Do not allocate memory for bytes that are not there.
        if range.end > length_of(&file)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = range.end.saturating_sub(range.start);
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(bytes)
    }

    fn write_again(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.write_all(bytes)
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let mut file = File::create(path)?;
        // A journal that commits a record waits for everything allocated in the meantime, by any
        // process. So this must never be much.
        let mut portions = bytes.chunks(FLUSH_BYTES).peekable();
        while let Some(portion) = portions.next() {
            file.write_all(portion)?;
            if portions.peek().is_some() {
                file.sync_data()?;
            }
        }
        file.sync_all()
    }

    fn write_in_place(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let file = OpenOptions::new().write(true).open(path)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        let metadata = std::fs::metadata(path)?;
        let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(FileIdentity { inode: metadata.ino(), born })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(path)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open_in_place(&self, path: &Path) -> io::Result<Box<dyn InPlaceFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(OsInPlaceFile { file, syncs: self.syncs.clone() }))
    }

    fn open_filesystem(&self, path: &Path) -> io::Result<Box<dyn FileSystem>> {
        Ok(Box::new(OsFileSystem { root: File::open(path)?, syncs: self.syncs.clone() }))
    }

    fn sync_count(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}

fn length_of(file: &File) -> io::Result<u64> {
    let metadata = file.metadata()?;
    if metadata.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(metadata.len()) }
}

/// A descriptor of the file system. The kernel reports a failed background write once to each
/// descriptor that was open when it failed; one opened later may never learn of it.
struct OsFileSystem {
    root: File,
    syncs: Arc<AtomicU64>,
}

impl FileSystem for OsFileSystem {
    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        sync_filesystem(&self.root)
    }
}

#[cfg(target_os = "linux")]
fn sync_filesystem(file: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(file)?)
}

/// Other systems have no `syncfs` that reports errors: `sync` and a full flush of the directory are
/// the closest equivalent.
#[cfg(not(target_os = "linux"))]
fn sync_filesystem(file: &File) -> io::Result<()> {
    rustix::fs::sync();
    file.sync_all()
}

struct OsInPlaceFile {
    file: File,
    syncs: Arc<AtomicU64>,
}

impl InPlaceFile for OsInPlaceFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.file.sync_data()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}
