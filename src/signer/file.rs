//! A key in a file: Ed25519, as the note format's `PRIVATE+KEY+<origin>+<id>+<base64>` line.
//!
//! The file is made with mode 0600 and refused if others may read it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use async_trait::async_trait;
use tiles_spec::{KeyError, NoteSignature, NoteSigningKey, Origin, VerifierKey};
use zeroize::Zeroizing;

use super::{Signer, SignerError};

/// A key file cannot be used or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The system said no.
    #[error("cannot use the key file {path}")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("the key file {path} can be read by others (mode {mode:o}); run `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds no key.
    #[error("{path} is not an Ed25519 note key (a line beginning PRIVATE+KEY+)")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong with it; never any of its content.
        #[source]
        source: KeyError,
    },
    /// It holds the key of another log.
    #[error("the key in {path} is of the log {found:?}, not of {expected:?}")]
    WrongOrigin {
        /// The file.
        path: String,
        /// The key's name.
        found: String,
        /// The log's origin.
        expected: String,
    },
}

/// Makes a new key for `origin` in a new file of mode 0600, durably, and returns what verifies it.
/// An existing file is never overwritten.
pub fn generate_key_file(path: &Path, origin: &Origin) -> Result<VerifierKey, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.display().to_string(), source };
    let key = NoteSigningKey::generate(&mut crate::entropy::OsEntropy, origin.key_name());
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    let line = Zeroizing::new(format!("{}\n", *key.to_private_string()));
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    // The name has to last as well, or a power cut takes the key of a log that has begun.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
    Ok(key.verifier_key().clone())
}

/// A signer whose key was read from a file.
#[derive(Debug)]
pub struct FileSigner {
    origin: Origin,
    key: NoteSigningKey,
}

impl FileSigner {
    /// Takes a key that is in memory already.
    pub fn new(origin: Origin, key: NoteSigningKey) -> Self {
        Self { origin, key }
    }

    /// Reads the key of the log `origin`.
    pub fn open(path: &Path, origin: Origin) -> Result<Self, KeyFileError> {
        let name = || path.display().to_string();
        let io = |source| KeyFileError::Io { path: name(), source };
        let mode = std::fs::metadata(path).map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: name(), mode });
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(io)?);
        let key = NoteSigningKey::parse(text.trim_end())
            .map_err(|source| KeyFileError::Malformed { path: name(), source })?;
        let found = key.verifier_key().name().to_string();
        if found != origin.as_str() {
            let expected = origin.to_string();
            return Err(KeyFileError::WrongOrigin { path: name(), found, expected });
        }
        Ok(Self { origin, key })
    }
}

#[async_trait]
impl Signer for FileSigner {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn verifier_key(&self) -> VerifierKey {
        self.key.verifier_key().clone()
    }

    async fn sign(&self, text: &str) -> Result<NoteSignature, SignerError> {
        Ok(self.key.sign(text))
    }
}
