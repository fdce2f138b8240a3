//! The log's keys, as named by the flags: opened, or created at the first start.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use fasti::entropy::OsEntropy;
use fasti::http::PeerSecret;
use fasti::signer::{FileSigner, KeyLocation, OpenedKey, Signer, make_default_key, read_secret};
use fasti::state::StateDir;
use tiles_spec::NoteSigningKey;

use crate::flags::Flags;

/// Lengths of the writers' shared secret.
const PEER_SECRET_BYTES_MIN: usize = 32;
const PEER_SECRET_BYTES_MAX: usize = 1 << 20;

/// The log's key, and what the banner says about it.
pub struct Key {
    /// The key, ready to sign.
    pub opened: OpenedKey,
    /// Where it is stored.
    pub place: String,
    /// Whether it was created just now.
    pub is_new: bool,
}

/// Opens the key that signs for clients of Rekor v1: the one named by the flags, else the log's
/// own.
pub async fn open_for_rekor_v1(
    flags: &Flags,
    log: &Arc<dyn Signer>,
) -> anyhow::Result<Arc<dyn Signer>> {
    let Some(place) = &flags.rekor_v1_key else { return Ok(log.clone()) };
    let opened = flags.keys.open_alone(place, flags.origin.clone()).await;
    Ok(opened.with_context(|| format!("--rekor-v1-key {place}"))?.signer)
}

impl Key {
    /// Opens the key of a log in a bucket. All writers of the log have the same key.
    pub async fn open_for_bucket(flags: &Flags) -> anyhow::Result<Self> {
        let Some(place) = &flags.keys.key else {
            bail!(
                "a log in a bucket needs --key FILE, the same for all its writers, its content in \
                 FASTI_KEY_TEXT, or a key in a key service; create one with `fasti keygen \
                 --origin {} --out FILE`",
                flags.origin
            );
        };
        Self::open(flags, place.clone(), false).await
    }

    /// Opens the key named by the flags, else the one created earlier for the log in the directory
    /// `root`, else creates one.
    pub async fn open_for_directory(
        flags: &Flags,
        root: &Path,
        state: Option<&StateDir>,
    ) -> anyhow::Result<Self> {
        if let Some(key) = flags.keys.find(&flags.store, state)? {
            return Self::open(flags, key, false).await;
        }
        let made = make_default_key(root, state, &flags.origin)?;
        Self::open(flags, KeyLocation::File(made), true).await
    }

    /// Opens the key named by the flags, else creates one that is lost when the writer stops, like
    /// its log.
    pub async fn open_for_memory(flags: &Flags) -> anyhow::Result<Self> {
        if let Some(place) = &flags.keys.key {
            return Self::open(flags, place.clone(), false).await;
        }
        let key = NoteSigningKey::generate(&mut OsEntropy, flags.origin.key_name());
        let signer = Arc::new(FileSigner::new(flags.origin.clone(), key));
        let mut opened = OpenedKey { signer, file: None, text: None };
        if let Some(path) = &flags.keys.ml_dsa_key {
            opened = opened.with_ml_dsa(path, flags.keys.password()?.as_ref())?;
        }
        Ok(Self { opened, place: "memory".to_owned(), is_new: true })
    }

    async fn open(flags: &Flags, place: KeyLocation, is_new: bool) -> anyhow::Result<Self> {
        let opened = flags.keys.open(&place, flags.origin.clone()).await;
        let opened = opened.with_context(|| match place {
            KeyLocation::File(_) => {
                "see `fasti keygen` for creating a key, and --origin for naming the log"
            }
            KeyLocation::AwsKms(_) | KeyLocation::GcpKms(_) => "the key service",
        })?;
        Ok(Self { opened, place: place.to_string(), is_new })
    }

    /// Reads the secret that the log's writers share: --peer-secret, or the log's key file.
    pub fn peer_secret(&self, flags: &Flags) -> anyhow::Result<PeerSecret> {
        let signer = &self.opened.signer;
        let key = signer.verifier_key().to_string();
        let derive = |shared: &[u8], place: &dyn fmt::Display| {
            let shared = shared.trim_ascii();
            if shared.len() < PEER_SECRET_BYTES_MIN {
                bail!("{place} is too short for a secret: at least 32 bytes are needed");
            }
            Ok(PeerSecret::derive(shared, signer.origin().as_str(), &key))
        };
        match (&flags.peer_secret, &self.opened.text) {
            (Some(path), _) => {
                let shared = read_secret(path, PEER_SECRET_BYTES_MAX);
                let shared = shared.with_context(|| format!("cannot read {}", path.display()))?;
                derive(&shared, &path.display())
            }
            (None, Some(text)) => derive(text.as_bytes(), &self.place),
            (None, None) => bail!(
                "the log's key is in a key service, so the writers have no file in common: give \
                 each of them the same --peer-secret FILE, or the same FASTI_PEER_SECRET_TEXT, \
                 with at least 32 random bytes"
            ),
        }
    }
}
