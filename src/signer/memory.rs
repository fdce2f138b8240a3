//! The key's memory: the newest checkpoint that a key has signed, kept beside the key.
//!
//! A log's directory can be restored from an old copy without leaving a trace inside. The file
//! `<key>.signed` lies where the key lies, so it usually survives such a restore, and a writer
//! that finds a log behind it refuses to go on (I10). It is not flushed: losing it to a power cut
//! loses only this additional check. It is never needed to run.
//!
//! The file is overwritten in place with one write, which nothing but a power cut can tear; a new
//! file for each signature would make the file system look for a free inode each time.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tiles_spec::{CheckpointError, SignedCheckpoint, TreeHead, VerifierKey, open_checkpoint};

/// Remembers the newest signed checkpoint in a file.
#[derive(Debug, Clone)]
pub struct SignedMemory {
    path: PathBuf,
    /// Where an earlier release has remembered the same.
    legacy: Option<PathBuf>,
}

/// The key's memory cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedMemoryError {
    /// The system said no.
    #[error("cannot use {path}, which remembers what the key has signed")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// It holds a checkpoint of another log.
    #[error(
        "{path} remembers a checkpoint that is not of this log: the key is in use for another one, \
         or the file is damaged. A key must sign one log only"
    )]
    Foreign {
        /// The file.
        path: String,
        /// What is wrong with the checkpoint.
        #[source]
        source: CheckpointError,
    },
}

impl SignedMemory {
    /// The memory in the file at `path`, of one log.
    pub fn at(path: PathBuf) -> Self {
        Self { path, legacy: None }
    }

    /// The same, with another file that is read as well, and never written.
    #[must_use]
    pub fn and_legacy(self, path: PathBuf) -> Self {
        Self { legacy: Some(path), ..self }
    }

    /// The memory of the key in `key_file`.
    pub fn beside(key_file: &Path) -> Self {
        let mut path = key_file.as_os_str().to_owned();
        path.push(".signed");
        Self::at(path.into())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest tree that the key has signed, as far as is remembered. A file that a power cut
    /// has torn counts as no memory.
    pub fn newest(
        &self,
        origin: &str,
        key: &VerifierKey,
    ) -> Result<Option<TreeHead>, SignedMemoryError> {
        let mut newest = newest_in(&self.path, origin, key)?;
        if let Some(legacy) = &self.legacy {
            let older = newest_in(legacy, origin, key)?;
            newest = newest.into_iter().chain(older).max_by_key(|head| head.size);
        }
        Ok(newest)
    }

    /// Remembers a checkpoint, before it is shown to anyone.
    pub fn remember(&self, checkpoint: &[u8]) -> Result<(), SignedMemoryError> {
        self.overwrite(checkpoint).map_err(|source| SignedMemoryError::Io {
            path: self.path.display().to_string(),
            source,
        })
    }

    fn overwrite(&self, checkpoint: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&self.path)?;
        file.write_all_at(checkpoint, 0)?;
        let length = checkpoint.len() as u64;
        if file.metadata()?.len() > length { file.set_len(length) } else { Ok(()) }
    }
}

fn newest_in(
    path: &Path,
    origin: &str,
    key: &VerifierKey,
) -> Result<Option<TreeHead>, SignedMemoryError> {
    let name = || path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SignedMemoryError::Io { path: name(), source }),
    };
    if SignedCheckpoint::parse(&bytes).is_err() {
        tracing::warn!(path = name(), "the key's memory is torn; going on without it");
        return Ok(None);
    }
    match open_checkpoint(&bytes, origin, std::slice::from_ref(key)) {
        Ok(checkpoint) => Ok(Some(checkpoint.head)),
        Err(source) => Err(SignedMemoryError::Foreign { path: name(), source }),
    }
}
