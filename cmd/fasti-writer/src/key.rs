//! The log's keys, as the flags name them: opened, or made at the first start.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use fasti::entropy::OsEntropy;
use fasti::http::PeerSecret;
use fasti::signer::{FileSigner, KeyLocation, OpenedKey, generate_key_file};
use tiles_spec::NoteSigningKey;

use crate::flags::Flags;

/// Shortest secret of the writers.
const PEER_SECRET_BYTES_MIN: usize = 32;

/// The log's key, and what a person is told of it.
pub struct Key {
    /// What signs.
    pub opened: OpenedKey,
    /// Where it is.
    pub place: String,
    /// It was made just now.
    pub is_new: bool,
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
        let origin = flags.origin.clone();
        let (place, is_new) = match (&flags.keys.key, private) {
            (Some(place), _) => (place.clone(), false),
            (None, Some(private)) => {
                let path = private.join("log.key");
                let is_new = !path.exists();
                if is_new {
                    refuse_missing_key(&path)?;
                    generate_key_file(&path, &origin)?;
                }
                (KeyLocation::File(path), is_new)
            }
            (None, None) => return Self::in_memory(flags),
        };
        let opened = flags.keys.open(&place, origin).await.with_context(|| match place {
            KeyLocation::File(_) => {
                "see `fasti keygen` for making a key, and --origin for naming the log"
            }
            KeyLocation::AwsKms(_) | KeyLocation::GcpKms(_) => "the key service",
        })?;
        Ok(Self { opened, place: place.to_string(), is_new })
    }

    /// A key that is gone when the writer stops, as its log is.
    fn in_memory(flags: &Flags) -> anyhow::Result<Self> {
        let key = NoteSigningKey::generate(&mut OsEntropy, flags.origin.key_name());
        let signer = Arc::new(FileSigner::new(flags.origin.clone(), key));
        let mut opened = OpenedKey { signer, memory: None, file: None };
        if let Some(path) = &flags.keys.ml_dsa_key {
            opened = opened.with_ml_dsa(path, flags.keys.password()?.as_ref())?;
        }
        Ok(Self { opened, place: "memory".to_owned(), is_new: true })
    }

    /// What the writers of the log share: a file made for it, or the log's key file.
    pub fn peer_secret(&self, flags: &Flags) -> anyhow::Result<PeerSecret> {
        let Some(path) = flags.peer_secret.as_ref().or(self.opened.file.as_ref()) else {
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
        let signer = &self.opened.signer;
        let key = signer.verifier_key().to_string();
        Ok(PeerSecret::derive(shared.trim_ascii(), signer.origin().as_str(), &key))
    }
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
