//! A key in a file.
//!
//! Files that others may read are refused, see [`exposes`]; [`super::private_key`] has their forms.

use std::fs::Metadata;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use async_trait::async_trait;
use tiles_spec::{NoteSignature, Origin, VerifierKey};
use zeroize::Zeroizing;

use super::named_file::open_named;
use super::private_key::{Password, PrivateKey, PrivateKeyError};
use super::signer::{Signer, SignerError};
use super::statement::Statement;

/// Longer files are not read.
const KEY_FILE_BYTES_MAX: usize = 64 << 10;

/// A key file cannot be used or created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// An operation of the operating system failed.
    #[error("cannot use the key file {path}")]
    Io {
        /// The file.
        path: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Others besides its owner may read it.
    #[error(
        "the key file {path} can be read by others (mode {mode:o}); run `chmod 600 {path}`, or \
         give it mode 440 and a group that this process is in"
    )]
    Exposed {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It does not hold a key.
    #[error("{path} does not hold a usable private key")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong with it; never any of its content.
        #[source]
        source: PrivateKeyError,
    },
    /// It holds the key of another log.
    #[error("the key in {path} belongs to the log {found:?}, not to {expected:?}")]
    WrongOrigin {
        /// The file.
        path: String,
        /// The key's name.
        found: String,
        /// The log's origin.
        expected: String,
    },
    /// A cosigning key where the log's own key is required.
    #[error(
        "the key in {path} is an ML-DSA-44 key, which signs a further line; name it with \
         --ml-dsa-key, and the log's own with --key"
    )]
    Cosigns {
        /// The file.
        path: String,
    },
    /// A witness's key where a log's is required.
    #[error("the key in {path} is a witness's, which cosigns for other logs; a log needs its own")]
    OfWitness {
        /// The file.
        path: String,
    },
    /// A log's key where a witness's is required.
    #[error(
        "the key in {path} is a log's; a witness needs its own: create one with `fasti keygen \
         --witness`"
    )]
    OfLog {
        /// The file.
        path: String,
    },
    /// A file that does not state the name of its key.
    #[error("the key in {path} comes without the name of the witness; give it with --name")]
    NoName {
        /// The file.
        path: String,
    },
    /// Another kind of key where a cosigning key is required.
    #[error("the key in {path} is not an ML-DSA-44 key; name the log's own key with --key")]
    DoesNotCosign {
        /// The file.
        path: String,
    },
    /// This kind of key cannot be written in this form.
    #[error("{0}")]
    NoSuchForm(&'static str),
}

/// A signer whose key was read from a file.
#[derive(Debug)]
pub struct FileSigner {
    origin: Origin,
    key: PrivateKey,
}

impl FileSigner {
    /// Wraps a key that is already in memory.
    pub fn new(origin: Origin, key: impl Into<PrivateKey>) -> Self {
        Self { origin, key: key.into() }
    }

    /// Reads the key of the log `origin`.
    pub fn open(
        path: &Path,
        origin: Origin,
        password: Option<&Password>,
    ) -> Result<Self, KeyFileError> {
        Self::of_text(&read_private(path)?, path, origin, password)
    }

    /// The key of the log `origin` in the text of the file `path`.
    pub(super) fn of_text(
        text: &str,
        path: &Path,
        origin: Origin,
        password: Option<&Password>,
    ) -> Result<Self, KeyFileError> {
        let signer = Self::parse(text, path, origin, password)?;
        match signer.key {
            PrivateKey::MlDsa44(_) => {
                Err(KeyFileError::Cosigns { path: path.display().to_string() })
            }
            PrivateKey::Ed25519Cosignature(_) => {
                Err(KeyFileError::OfWitness { path: path.display().to_string() })
            }
            _ => Ok(signer),
        }
    }

    /// Reads the ML-DSA-44 key for a further line in the checkpoints of the log `origin`.
    pub fn open_ml_dsa(
        path: &Path,
        origin: Origin,
        password: Option<&Password>,
    ) -> Result<Self, KeyFileError> {
        let signer = Self::parse(&read_private(path)?, path, origin, password)?;
        match signer.key {
            PrivateKey::MlDsa44(_) => Ok(signer),
            _ => Err(KeyFileError::DoesNotCosign { path: path.display().to_string() }),
        }
    }

    fn parse(
        text: &str,
        path: &Path,
        origin: Origin,
        password: Option<&Password>,
    ) -> Result<Self, KeyFileError> {
        let key = PrivateKey::parse(text, origin.key_name(), password);
        let name = || path.display().to_string();
        let key = key.map_err(|source| KeyFileError::Malformed { path: name(), source })?;
        let found = key.verifier_key().name().to_string();
        if found != origin.as_str() {
            let expected = origin.to_string();
            return Err(KeyFileError::WrongOrigin { path: name(), found, expected });
        }
        Ok(Self { origin, key })
    }
}

/// Reads the text of a key file that nobody else may read.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let name = || path.display().to_string();
    let io = |source| KeyFileError::Io { path: name(), source };
    let file = open_named(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if exposes(&metadata) {
        return Err(KeyFileError::Exposed { path: name(), mode: metadata.mode() & 0o777 });
    }
    // A buffer that grew would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX + 1));
    file.take(KEY_FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() > KEY_FILE_BYTES_MAX {
        let source = PrivateKeyError::Form("a file that is far too long");
        return Err(KeyFileError::Malformed { path: name(), source });
    }
    Ok(text)
}

/// Whether others may read or write the file. Its group may read it if this process is in the
/// group, or if the system's administrator has given it to the group: that is how a secret is
/// mounted into a container (root and the pod's group, mode 0440).
fn exposes(file: &Metadata) -> bool {
    const GROUP_READS: u32 = 0o040;
    let for_others = file.mode() & 0o077;
    let is_ours = || {
        let groups = rustix::process::getgroups().unwrap_or_default();
        let own = rustix::process::getegid();
        groups.iter().chain([&own]).any(|group| group.as_raw() == file.gid())
    };
    !(for_others == 0 || for_others == GROUP_READS && (file.uid() == 0 || is_ours()))
}

#[async_trait]
impl Signer for FileSigner {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn verifier_key(&self) -> VerifierKey {
        self.key.verifier_key().clone()
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError> {
        self.key.sign(statement.text())
    }
}

#[cfg(test)]
mod tests;
