//! What a witness has cosigned, one small file for each log.
//!
//! ```text
//! <state>/lock                     held while a witness runs
//! <state>/<hash>                   what was cosigned last of the log whose origin has this SHA-256
//! <state>/<name>.new               the next file of this name, before it is moved into place
//! <state>/<hash>.mirrored          what was cosigned last as a mirror of that log
//! <state>/<hash>.cosigned          what was cosigned when the log was found to have forked,
//! <state>/<hash>.conflicting       and the other checkpoint of that size that it has signed
//! ```
//!
//! All are signed notes with the lines that verified, which is also what monitors are shown (C2SP
//! tlog-witness). There are no directories: each record makes its own entry anew, so a flush that
//! failed before cannot leave it in doubt.
//!
//! Invariants: after any end of the process, and after a power cut, the file is the old or the new
//! one, whole. Once [`WitnessState::record`] has returned, it is the new one for good. A file
//! that does not read back is an error, never an empty state.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fasti_store::{DirectoryError, FileSystemKind, Files, OsFiles, refuse_untrusted};
use thiserror::Error;
use tiles_spec::witness::origin_hash;
use tiles_spec::{
    CHECKPOINT_BYTES_MAX, CheckpointError, NoteError, SignedCheckpoint, TreeHead, VerifierKey,
    cosignature_time,
};

/// The name of a log's file as its mirror, after the hash.
const MIRRORED: &str = "mirrored";

/// The state of a witness.
pub struct WitnessState {
    root: PathBuf,
    files: Arc<dyn Files>,
    /// Keeps other witnesses away.
    _lock: Option<File>,
}

/// What was cosigned last of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The tree.
    pub head: TreeHead,
    /// When it was cosigned, in POSIX seconds; 0 if the file does not say.
    pub time: u64,
}

/// The state cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// An operation of the operating system failed.
    #[error("cannot use {path}")]
    Io {
        /// The file or directory.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Another witness runs on the directory.
    #[error("another witness is running on {0}")]
    InUse(String),
    /// The file system may not keep its promises.
    #[error(transparent)]
    FileSystem(#[from] DirectoryError),
    /// A file that is not a checkpoint.
    #[error(
        "{path} is not what a witness has written: it is damaged. Restore it from the newest \
         copy that there is, or look for what this witness has cosigned last in the log's own \
         checkpoints; do not just remove it"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: CheckpointError,
    },
    /// A file that belongs to another log.
    #[error("{path} is of the log {found:?}, not of {expected:?}")]
    OtherLog {
        /// The file.
        path: String,
        /// The log that it is of.
        found: String,
        /// The log that it should be of.
        expected: String,
    },
    /// No known key has signed the file.
    #[error(
        "{path} has no signature by a key of this witness or of the log that it was given: \
         nothing tells whether it is right. Start with a key that has signed it"
    )]
    Unsigned {
        /// The file.
        path: String,
        /// What its signatures are.
        #[source]
        source: NoteError,
    },
}

impl StateError {
    /// What is stored is not what this witness left there. Somebody has to look.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::OtherLog { .. } | Self::Unsigned { .. })
    }
}

impl WitnessState {
    /// Opens the directory, and makes it if it does not exist; the one that it is in must exist.
    /// Nobody else can open it until this is dropped.
    pub fn open(root: &Path, trusted: Option<FileSystemKind>) -> Result<Self, StateError> {
        match DirBuilder::new().create(root) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(of(root))?,
        }
        refuse_untrusted(root, trusted)?;
        let path = root.join("lock");
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).open(&path);
        let lock = lock.map_err(of(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateError::InUse(root.display().to_string()));
            }
            Err(TryLockError::Error(source)) => return Err(of(&path)(source)),
        }
        let state = Self { _lock: Some(lock), ..Self::on(root, Arc::new(OsFiles::default())) };
        // A witness that was killed may have left what is not safe on the disk yet.
        let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty());
        for dir in [parent.unwrap_or(Path::new(".")), root] {
            state.files.sync_dir(dir).map_err(of(dir))?;
        }
        Ok(state)
    }

    /// A state on other files, which nobody else uses.
    pub fn on(root: &Path, files: Arc<dyn Files>) -> Self {
        Self { root: root.to_owned(), files, _lock: None }
    }

    /// The file with what was cosigned last of the log whose origin has this hash, in hexadecimal;
    /// `None` if nothing was.
    pub fn newest(&self, origin_hash: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.read(&self.root.join(origin_hash))
    }

    /// The same of what was cosigned last as a mirror.
    pub fn newest_mirrored(&self, origin_hash: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.read(&self.root.join(origin_hash).with_extension(MIRRORED))
    }

    /// What was cosigned last of a log. One of these keys must have signed it: the witness's own,
    /// or the log's.
    pub fn recorded(
        &self,
        origin: &str,
        own: &[VerifierKey],
        of_log: &[VerifierKey],
    ) -> Result<Option<Recorded>, StateError> {
        self.recorded_in(&self.checkpoint(origin), origin, own, of_log)
    }

    /// The same of what was cosigned last as a mirror, with its own keys.
    pub fn mirrored(
        &self,
        origin: &str,
        own: &[VerifierKey],
        of_log: &[VerifierKey],
    ) -> Result<Option<Recorded>, StateError> {
        self.recorded_in(&self.checkpoint(origin).with_extension(MIRRORED), origin, own, of_log)
    }

    fn recorded_in(
        &self,
        path: &Path,
        origin: &str,
        own: &[VerifierKey],
        of_log: &[VerifierKey],
    ) -> Result<Option<Recorded>, StateError> {
        let Some(bytes) = self.read(path)? else { return Ok(None) };
        let path = || path.display().to_string();
        let signed = SignedCheckpoint::parse(&bytes);
        let signed = signed.map_err(|source| StateError::Damaged { path: path(), source })?;
        let found = &signed.checkpoint().origin;
        if found != origin {
            let (found, expected) = (found.clone(), origin.to_owned());
            return Err(StateError::OtherLog { path: path(), found, expected });
        }
        let keys = [own, of_log].concat();
        let verified = signed.verify(&keys);
        verified.map_err(|source| StateError::Unsigned { path: path(), source })?;
        let lines = signed.note().signatures().iter();
        let own_lines = lines.filter(|line| own.iter().any(|key| key.made(line)));
        let time = own_lines.filter_map(cosignature_time).max().unwrap_or_default();
        Ok(Some(Recorded { head: signed.checkpoint().head, time }))
    }

    /// Records what is to be cosigned of a log: a signed checkpoint. Must not run twice at once for
    /// one log.
    pub fn record(&self, origin: &str, note: &[u8]) -> Result<(), StateError> {
        self.replace(&self.checkpoint(origin), note)
    }

    /// The same of what is to be cosigned as a mirror.
    pub fn record_mirrored(&self, origin: &str, note: &[u8]) -> Result<(), StateError> {
        self.replace(&self.checkpoint(origin).with_extension(MIRRORED), note)
    }

    /// Records once more what the file holds after a record that failed: it may be in place without
    /// being safe on the disk. Must not run at once with another record of the log.
    pub fn settle(&self, origin_hash: &str) -> Result<(), StateError> {
        self.settle_file(&self.root.join(origin_hash))
    }

    /// The same of what was cosigned as a mirror.
    pub fn settle_mirrored(&self, origin_hash: &str) -> Result<(), StateError> {
        self.settle_file(&self.root.join(origin_hash).with_extension(MIRRORED))
    }

    fn settle_file(&self, path: &Path) -> Result<(), StateError> {
        self.read(path)?.map_or(Ok(()), |bytes| self.replace(path, &bytes))
    }

    /// Keeps two checkpoints of one log that contradict each other, the first time that there are
    /// such. Must not run twice at once for one log.
    pub fn keep_conflict(&self, origin: &str, conflicting: &[u8]) -> Result<(), StateError> {
        let path = self.checkpoint(origin);
        let kept = path.with_extension("conflicting");
        if self.read(&kept)?.is_some() {
            return Ok(());
        }
        if let Some(cosigned) = self.read(&path)? {
            self.replace(&path.with_extension("cosigned"), &cosigned)?;
        }
        self.replace(&kept, conflicting)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StateError> {
        let new = path.with_added_extension("new");
        self.files.write_synced(&new, bytes).map_err(of(&new))?;
        self.files.rename(&new, path).map_err(of(path))?;
        self.files.sync_dir(&self.root).map_err(of(&self.root))
    }

    fn checkpoint(&self, origin: &str) -> PathBuf {
        self.root.join(origin_hash(origin))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StateError> {
        let length = match self.files.length(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            length => length.map_err(of(path))?,
        };
        let max = CHECKPOINT_BYTES_MAX as u64;
        if length > max {
            let source = CheckpointError::TooLarge(usize::try_from(length).unwrap_or(usize::MAX));
            return Err(StateError::Damaged { path: path.display().to_string(), source });
        }
        self.files.read(path).map(Some).map_err(of(path))
    }
}

impl std::fmt::Debug for WitnessState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WitnessState").field("root", &self.root).finish_non_exhaustive()
    }
}

fn of(path: &Path) -> impl Fn(io::Error) -> StateError {
    move |source| StateError::Io { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests;
