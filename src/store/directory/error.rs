//! Why a directory cannot be opened, and why an operation in it failed.

use std::io;
use std::path::Path;

use super::file_system::FileSystemKind;
use crate::error::StoreError;

/// Why a directory cannot be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Another process holds the lock.
    #[error("another writer is running on this directory: it holds {path}; stop it first")]
    InUse {
        /// The lock file.
        path: String,
    },
    /// The directory's files are not those that its writer left.
    #[error(
        "this directory is a copy: {reason}. If it was restored from a backup, the log may have \
         grown since, and continuing from here would fork it. Compare it with the newest \
         checkpoint that any reader, mirror or witness has. If that is not newer, start once with \
         --restored-at SIZE, where SIZE is the size of that checkpoint"
    )]
    Copied {
        /// Which files disagree, and how.
        reason: String,
    },
    /// The lock file names commit records that are missing.
    #[error(
        "there are no commit records (_writer/commit), but {lock} names some; restore them from \
         the newest copy"
    )]
    RecordsMissing {
        /// The lock file.
        lock: String,
    },
    /// Locks and flushes of this file system are not known to be reliable.
    #[error(
        "{path} is on a file system of kind {kind}, where locks and flushes are not known to be \
         reliable; use a local disk, or pass --trust-file-system {kind} if you know that they are"
    )]
    UntrustedFileSystem {
        /// The directory.
        path: String,
        /// Its kind.
        kind: FileSystemKind,
    },
    /// The commit records are damaged (I14).
    #[error(
        "{path} is damaged: {reason}. Restore this file from a backup made after its last change, \
         and start once with --restored-at SIZE; do not delete it"
    )]
    Damaged {
        /// The segment file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// An operation of the operating system failed.
    #[error("cannot use {path}")]
    Io {
        /// The file or directory.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl DirectoryError {
    /// The files are not those that were left there: a copy, or damaged.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Copied { .. } | Self::RecordsMissing { .. } | Self::Damaged { .. })
    }
}

/// The operation had no effect.
pub(super) fn failed(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, path: path.display().to_string(), source }
}

/// The write may have had an effect.
pub(super) fn ambiguous(path: &Path, source: io::Error) -> StoreError {
    StoreError::Ambiguous { path: path.display().to_string(), source }
}
