//! The directory's lock and identity: one writer at a time, and no copy passes for the original.
//!
//! `_writer/lock` is held with `flock` while a writer runs. It also names its own inode. A
//! directory that was copied, or restored from a backup, holds a lock file that lives under
//! another inode than the one it names; whether it is the newest state of the log cannot be told
//! from inside, and going on from an older one would fork the log (I10). So a copy is refused until
//! the operator states how large the log was last seen.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::DirectoryError;

/// The held lock; released when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    inode: u64,
    named: Option<u64>,
}

impl Lock {
    /// Takes the lock of `path`, creating the file where there is none.
    pub fn take(path: &Path) -> Result<Self, DirectoryError> {
        let io = |source| DirectoryError::Io { path: path.display().to_string(), source };
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::InUse { path: path.display().to_string() });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io)?;
        let named = text.lines().find_map(|line| line.strip_prefix("inode ")?.parse().ok());
        let inode = file.metadata().map_err(io)?.ino();
        Ok(Self { file, inode, named })
    }

    /// The file names another inode than its own: the directory is a copy.
    pub fn is_copy(&self) -> bool {
        self.named.is_some_and(|named| named != self.inode)
    }

    /// Writes down this file's own inode, durably.
    pub fn claim(&mut self) -> std::io::Result<()> {
        if self.named == Some(self.inode) {
            return Ok(());
        }
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "held by the running writer; do not copy, do not delete")?;
        writeln!(self.file, "inode {}", self.inode)?;
        self.file.sync_all()?;
        self.named = Some(self.inode);
        Ok(())
    }
}
