//! The log's keys, as the flags name them: opened, or made at the first start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use fasti::entropy::OsEntropy;
use fasti::http::PeerSecret;
use fasti::signer::{
    AwsKmsSigner, FileSigner, GcpKmsSigner, KeyLocation, LogSigner, Password, SignedMemory, Signer,
    generate_key_file,
};
use tiles_spec::NoteSigningKey;

use crate::flags::Flags;

/// Shortest secret of the writers.
const PEER_SECRET_BYTES_MIN: usize = 32;

/// What signs, and what is known of its key.
pub struct Key {
    /// Signs every line of a checkpoint.
    pub signer: Arc<dyn Signer>,
    /// What the key has signed; only files have a place beside them.
    pub memory: Option<SignedMemory>,
    /// What a person is told.
    pub place: String,
    /// It was made just now.
    pub is_new: bool,
    file: Option<PathBuf>,
}

impl Key {
    /// The key of a log in a bucket, which every writer of it has.
    pub async fn open_for_bucket(flags: &Flags) -> anyhow::Result<Self> {
        if flags.keys.key.is_none() {
            bail!(
                "a log in a bucket needs --key FILE, the same for all of its writers, or a key in a \
                 key service; `fasti keygen --origin {} --out FILE` makes one",
                flags.origin
            );
        }
        Self::open(flags, None).await
    }

    /// The key that was named, or the one in the store's private part, or one in memory.
    pub async fn open(flags: &Flags, private: Option<&Path>) -> anyhow::Result<Self> {
        let (origin, endpoint) = (flags.origin.clone(), flags.keys.kms_endpoint());
        let mut key = match (&flags.keys.key, private) {
            (Some(KeyLocation::File(path)), _) => Self::read(path.clone(), flags, false)?,
            (Some(place @ KeyLocation::AwsKms(key)), _) => {
                let signer = AwsKmsSigner::open(key, origin, endpoint).await;
                Self::of_service(signer.with_context(|| place.to_string())?, place)
            }
            (Some(place @ KeyLocation::GcpKms(key)), _) => {
                let signer = GcpKmsSigner::open(key, origin, endpoint).await;
                Self::of_service(signer.with_context(|| place.to_string())?, place)
            }
            (None, Some(private)) => {
                let path = private.join("log.key");
                let is_new = !path.exists();
                if is_new {
                    refuse_missing_key(&path)?;
                    generate_key_file(&path, &origin)?;
                }
                Self::read(path, flags, is_new)?
            }
            (None, None) => {
                let key = NoteSigningKey::generate(&mut OsEntropy, origin.key_name());
                let signer = Arc::new(FileSigner::new(origin, key));
                let place = "memory".to_owned();
                Self { signer, memory: None, place, is_new: true, file: None }
            }
        };
        if let Some(path) = &flags.keys.ml_dsa_key {
            let password = password(flags)?;
            let further = FileSigner::open_ml_dsa(path, flags.origin.clone(), password.as_ref())?;
            key.signer = Arc::new(LogSigner::new(key.signer, vec![Arc::new(further)])?);
        }
        Ok(key)
    }

    fn of_service(signer: impl Signer, place: &KeyLocation) -> Self {
        let place = place.to_string();
        Self { signer: Arc::new(signer), memory: None, place, is_new: false, file: None }
    }

    fn read(path: PathBuf, flags: &Flags, is_new: bool) -> anyhow::Result<Self> {
        let password = password(flags)?;
        let signer = FileSigner::open(&path, flags.origin.clone(), password.as_ref());
        let signer = signer.with_context(|| {
            "see `fasti keygen` for making a key, and --origin for naming the log".to_owned()
        })?;
        let memory = Some(SignedMemory::beside(&path));
        let place = path.display().to_string();
        Ok(Self { signer: Arc::new(signer), memory, place, is_new, file: Some(path) })
    }

    /// What the writers of the log share: a file made for it, or the log's key file.
    pub fn peer_secret(&self, flags: &Flags) -> anyhow::Result<PeerSecret> {
        let Some(path) = flags.peer_secret.as_ref().or(self.file.as_ref()) else {
            bail!(
                "the log's key is in a key service, so that the writers have no file in common: give \
                 each of them the same --peer-secret FILE, of 32 random bytes or more"
            );
        };
        let shared = std::fs::read(path);
        let shared = shared.with_context(|| format!("cannot read {}", path.display()))?;
        if shared.trim_ascii().len() < PEER_SECRET_BYTES_MIN {
            bail!("{} is too short for a secret: 32 bytes or more", path.display());
        }
        Ok(PeerSecret::derive(shared.trim_ascii()))
    }
}

/// The password of encrypted key files, if one was given.
fn password(flags: &Flags) -> anyhow::Result<Option<Password>> {
    let password = match &flags.keys.key_password_file {
        Some(path) => {
            let content = std::fs::read_to_string(path);
            let content = content.with_context(|| format!("cannot read {}", path.display()))?;
            Some(Password::of_file(&content))
        }
        None => flags.keys.key_password.clone(),
    };
    Ok(password.filter(|password| !password.is_empty()))
}

/// A directory that holds a log already is of a key that has been lost, and a new one cannot
/// continue it.
fn refuse_missing_key(path: &Path) -> anyhow::Result<()> {
    let root = path.parent().and_then(Path::parent);
    match root.map(|root| root.join("checkpoint")) {
        Some(checkpoint) if checkpoint.exists() => bail!(
            "there is a log here ({}), but not its key {}; restore that file, or name the key with \
             --key",
            checkpoint.display(),
            path.display()
        ),
        _ => Ok(()),
    }
}
