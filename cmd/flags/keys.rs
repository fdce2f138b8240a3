//! The flags for a log's keys, and the memory that belongs to a key.

use std::path::PathBuf;

use clap::Args;
use fasti::signer::{
    KeyLocation, MissingKey, OpenKeyError, OpenedKey, Password, SignedMemory, find_default_key,
};
use fasti::state::{StateDir, try_to_write};
use fasti::store::StoreLocation;
use tiles_spec::Origin;

use super::machine::NoState;

/// The flags for a log's keys.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Keys")]
pub struct KeyFlags {
    /// The log's key: a file (see `fasti keygen`), an open one (fd:3), awskms://[ENDPOINT]/ID, or
    /// gcpkms://NAME. A writer also takes the content of a key file from FASTI_KEY_TEXT [default,
    /// for a directory: a file below keys/ in the state directory, created at the first start]
    #[arg(long, env = "FASTI_KEY", value_name = "FILE|URL")]
    pub key: Option<KeyLocation>,

    /// The password of encrypted key files.
    #[command(flatten)]
    pub passwords: PasswordFlags,

    /// An ML-DSA-44 key file, for a further line in checkpoints; clients that do not support it
    /// ignore the line
    #[arg(long, env = "FASTI_ML_DSA_KEY", value_name = "FILE")]
    pub ml_dsa_key: Option<PathBuf>,

    /// The endpoint of the key service, if it is not the cloud's own
    #[arg(long, env = "FASTI_KMS_ENDPOINT", value_name = "URL")]
    pub kms_endpoint: Option<String>,
}

/// The flags for the password of key files.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Keys")]
pub struct PasswordFlags {
    /// A file whose first line is the password of encrypted key files; or set FASTI_KEY_PASSWORD
    #[arg(long, env = "FASTI_KEY_PASSWORD_FILE", value_name = "FILE")]
    pub key_password_file: Option<PathBuf>,

    /// The password itself. Environment only: others can read command lines.
    #[arg(long, env = "FASTI_KEY_PASSWORD", hide = true, hide_env_values = true)]
    pub key_password: Option<Password>,
}

impl PasswordFlags {
    /// The password of encrypted key files, if one was given; if its file cannot be read, the file
    /// and the reason.
    pub fn password(&self) -> Result<Option<Password>, UnreadablePassword> {
        let password = match &self.key_password_file {
            Some(path) => {
                let unreadable =
                    |source| UnreadablePassword { path: path.display().to_string(), source };
                Some(Password::of_file(&std::fs::read_to_string(path).map_err(unreadable)?))
            }
            None => self.key_password.clone(),
        };
        Ok(password.filter(|password| !password.is_empty()))
    }
}

impl KeyFlags {
    /// The password of encrypted key files, see [`PasswordFlags::password`].
    pub fn password(&self) -> Result<Option<Password>, UnreadablePassword> {
        self.passwords.password()
    }

    /// The key that the flags name, else the one that a writer has created for the log in this
    /// directory; `None` if there is neither.
    pub fn find(
        &self,
        store: &StoreLocation,
        state: Option<&StateDir>,
    ) -> Result<Option<KeyLocation>, MissingKey> {
        match (&self.key, store) {
            (Some(key), _) => Ok(Some(key.clone())),
            (None, StoreLocation::Directory(root)) => {
                Ok(find_default_key(root, state)?.map(KeyLocation::File))
            }
            (None, StoreLocation::Bucket(_) | StoreLocation::Memory) => Ok(None),
        }
    }

    /// Opens the key at `place` with these settings, without the keys of further lines.
    pub async fn open_alone(
        &self,
        place: &KeyLocation,
        origin: Origin,
    ) -> Result<OpenedKey, KeyError> {
        let password = self.password()?;
        Ok(OpenedKey::open(place, origin, password.as_ref(), self.kms_endpoint()).await?)
    }

    /// Opens the key at `place` with these settings.
    pub async fn open(&self, place: &KeyLocation, origin: Origin) -> Result<OpenedKey, KeyError> {
        let key = self.open_alone(place, origin).await?;
        Ok(match &self.ml_dsa_key {
            Some(path) => key.with_ml_dsa(path, self.password()?.as_ref())?,
            None => key,
        })
    }

    /// The endpoint of the key service, if one was given. An empty variable counts as not set.
    pub fn kms_endpoint(&self) -> Option<&str> {
        self.kms_endpoint.as_deref().filter(|url| !url.is_empty())
    }
}

/// The password file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the key's password from {path}")]
pub struct UnreadablePassword {
    path: String,
    #[source]
    source: std::io::Error,
}

/// The key named by the flags cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Its password cannot be read.
    #[error(transparent)]
    Password(#[from] UnreadablePassword),
    /// The key itself cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenKeyError),
}

/// Returns the memory of what the log's key has signed: in the state directory, together with what
/// earlier releases have remembered next to the key. Without a state directory the memory is kept
/// next to the key, if possible, as in those releases; and the missing directory is reported.
pub fn memory(
    key: &OpenedKey,
    state: Result<StateDir, NoState>,
) -> (Option<SignedMemory>, Option<NoState>) {
    let beside = key.file.as_deref().map(SignedMemory::beside);
    let path = state.and_then(|state| Ok(state.memory(&key.signer.verifier_key())?));
    match (path.map(SignedMemory::at), beside) {
        (Ok(memory), Some(beside)) => (Some(memory.and_legacy(beside.path().to_owned())), None),
        (Ok(memory), None) => (Some(memory), None),
        (Err(missing), beside) => {
            let can_write = |memory: &SignedMemory| try_to_write(memory.path()).is_ok();
            (beside.filter(can_write), Some(missing))
        }
    }
}
