//! How far a question was answered within a tree that was not searched to its end.
//!
//! A file next to the checkpoint of the question, with the ending `position`, holds the number of
//! leaves up to there, in decimal. It counts only as long as it is larger than the tree of that
//! checkpoint.

use std::io;
use std::path::{Path, PathBuf};

use tiles_spec::TreeSize;

use crate::replace::replace;

/// The largest file that can be one, in bytes.
const BYTES_MAX: usize = 32;

/// The file in which a position is remembered.
#[derive(Debug)]
pub(super) struct Position(PathBuf);

/// Why a position cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// An I/O error.
    #[error("cannot use {path}")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Not what is written there.
    #[error(
        "{0} is damaged: it does not say how far the question was answered. Without it, news that \
         was printed comes again"
    )]
    Damaged(String),
}

impl Position {
    /// The position of the question whose checkpoint is at `path`.
    pub(super) fn of(path: &Path) -> Self {
        Self(path.with_extension("position"))
    }

    /// The number of leaves up to the position, if one is remembered.
    pub(super) fn read(&self) -> Result<Option<TreeSize>, PositionError> {
        let bytes = match std::fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
            Err(source) => return Err(self.io(source)),
        };
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= BYTES_MAX);
        let size = text.and_then(|text| text.strip_suffix('\n')?.parse().ok());
        let damaged = || PositionError::Damaged(self.0.display().to_string());
        size.ok_or_else(damaged).map(Some)
    }

    /// Remembers it.
    pub(super) fn remember(&self, size: TreeSize) -> Result<(), PositionError> {
        replace(&self.0, format!("{size}\n").as_bytes()).map_err(|source| self.io(source))
    }

    /// Forgets it, which is not needed: the checkpoint is of a larger tree now.
    pub(super) fn forget(&self) {
        drop(std::fs::remove_file(&self.0));
    }

    fn io(&self, source: io::Error) -> PositionError {
        PositionError::Io { path: self.0.display().to_string(), source }
    }
}
