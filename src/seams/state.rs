//! The state directory: what a process remembers outside the store, so that no copy of the store
//! contains it.
//!
//! ```text
//! <state>/memory/<log ID>               what the log's key has signed (signer/memory.rs)
//! <state>/keys/<origin>+<key ID>.key    keys created at a first start (signer/default_key.rs)
//! ```
//! It belongs to one user or service, and serves any number of logs. Its location is given by flags
//! and the environment (cmd/flags).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tiles_spec::VerifierKey;

use crate::entropy::{Entropy as _, OsEntropy};

/// A directory in which files can be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
}

/// The state directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {path}")]
pub struct StateDirError {
    /// The directory or file.
    pub path: String,
    /// The system's error.
    #[source]
    pub source: io::Error,
}

/// The name of a log's files: the SHA-256, in hexadecimal, of its verifier key's text, which begins
/// with its origin.
pub fn log_id(key: &VerifierKey) -> String {
    hex::encode(Sha256::digest(key.to_string()))
}

impl StateDir {
    /// Opens the directory at `root`, creating it if it does not exist. Tests that files can be
    /// created in it.
    pub fn open(root: &Path) -> Result<Self, StateDirError> {
        let state = Self { root: root.to_owned() };
        for dir in [state.memories(), state.keys()] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
            made.and_then(|()| try_to_make(&dir)).map_err(of(&dir))?;
        }
        Ok(state)
    }

    /// The file that remembers what `key` has signed. Tests that it can be written.
    pub fn memory(&self, key: &VerifierKey) -> Result<PathBuf, StateDirError> {
        let path = self.memories().join(log_id(key));
        try_to_write(&path).map_err(of(&path))?;
        Ok(path)
    }

    /// The directory in which keys are created.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    fn memories(&self) -> PathBuf {
        self.root.join("memory")
    }
}

/// Tests whether a file can be written, without changing it.
pub fn try_to_write(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            try_to_make(path.parent().unwrap_or(Path::new(".")))
        }
        opened => opened.map(drop),
    }
}

/// Tests whether files can be created and locked in the directory.
fn try_to_make(dir: &Path) -> io::Result<()> {
    let path = dir.join(format!(".trial-{}", hex::encode(OsEntropy.nonce())));
    let mut trial = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let locked = trial.try_lock().map_err(io::Error::from);
    let written = locked.and_then(|()| trial.write_all(b"a trial\n"));
    written.and(fs::remove_file(&path))
}

fn of(path: &Path) -> impl Fn(io::Error) -> StateDirError {
    move |source| StateDirError { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_made_and_tried_out() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("a/b");
        let state = StateDir::open(&root).unwrap();
        for dir in [state.keys(), state.memories()] {
            assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "the trial left nothing");
        }
        fs::write(home.path().join("file"), "").unwrap();
        let error = StateDir::open(&home.path().join("file")).unwrap_err();
        assert!(error.to_string().contains("file/memory"), "{error}");
        StateDir::open(Path::new("/proc/fasti")).unwrap_err();
    }

    #[test]
    fn each_log_has_a_memory_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::open(home.path()).unwrap();
        let key = |seed| {
            let name = "log.test".parse().unwrap();
            tiles_spec::NoteSigningKey::from_seed(name, &[seed; 32]).verifier_key().clone()
        };
        let path = state.memory(&key(1)).unwrap();
        assert_eq!(path, home.path().join("memory").join(log_id(&key(1))));
        assert_ne!(log_id(&key(1)), log_id(&key(2)));
        assert_eq!(log_id(&key(1)).len(), 64);
        fs::create_dir(&path).unwrap();
        state.memory(&key(1)).unwrap_err();
    }
}
