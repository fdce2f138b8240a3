//! A witness's key: it cosigns checkpoints of others' logs, with the time (C2SP tlog-cosignature).
//!
//! It is read from the same kinds of files as a log's key. A note line states the type of its key,
//! and one of a log's key is refused, since no key should sign two kinds of statements.

use std::path::Path;

use tiles_spec::{
    CosignError, CosigningKey, KeyName, NoteSignature, SignedSubtree, TreeCosigningKey,
    VerifierKey, cosign, cosign_subtree, cosign_tree,
};

use super::file::{KeyFileError, read_private};
use super::private_key::{NOTE_PREFIX, Password, PrivateKey};

/// A name for keys whose files state none, until the right one is known to be missing.
const UNNAMED: &str = "unnamed";

/// A key that cosigns.
#[derive(Clone, Debug)]
pub enum WitnessKey {
    /// Ed25519 over a time and the text.
    Ed25519(Box<CosigningKey>),
    /// ML-DSA-44 over a name, a time and the tree that the text states, or a part of it.
    MlDsa44(Box<TreeCosigningKey>),
}

impl WitnessKey {
    /// Reads a key from a file that nobody else may read. `name` is the witness's: required for
    /// files in PEM, which do not state it.
    pub fn open(
        path: &Path,
        name: Option<&KeyName>,
        password: Option<&Password>,
    ) -> Result<Self, KeyFileError> {
        let text = read_private(path)?;
        let shown = || path.display().to_string();
        let is_note = text.trim_start().starts_with(NOTE_PREFIX);
        let given = name.cloned().unwrap_or_else(|| UNNAMED.parse().expect("a name"));
        let key = PrivateKey::parse(&text, given, password);
        let key = match key.map_err(|source| KeyFileError::Malformed { path: shown(), source })? {
            PrivateKey::Ed25519Cosignature(key) => Self::Ed25519(key),
            PrivateKey::MlDsa44(key) => Self::MlDsa44(key),
            PrivateKey::Ed25519(key) if !is_note => {
                let name = key.verifier_key().name().clone();
                Self::Ed25519(Box::new(CosigningKey::from_seed(name, &key.seed())))
            }
            PrivateKey::Ed25519(_) | PrivateKey::EcdsaP256(_) => {
                return Err(KeyFileError::OfLog { path: shown() });
            }
        };
        let found = key.verifier_key().name();
        match name {
            None if !is_note => Err(KeyFileError::NoName { path: shown() }),
            Some(name) if name != found => {
                let (found, expected) = (found.to_string(), name.to_string());
                Err(KeyFileError::WrongOrigin { path: shown(), found, expected })
            }
            _ => Ok(key),
        }
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        match self {
            Self::Ed25519(key) => key.verifier_key(),
            Self::MlDsa44(key) => key.verifier_key(),
        }
    }

    /// Signs the text of a checkpoint as the largest consistent tree seen at that time, in POSIX
    /// seconds.
    pub fn cosign(&self, text: &str, unix_seconds: u64) -> Result<NoteSignature, CosignError> {
        match self {
            Self::Ed25519(key) => Ok(cosign(key, text, unix_seconds)?),
            Self::MlDsa44(key) => cosign_tree(key, text, unix_seconds),
        }
    }

    /// Signs a part of a tree; `None` if this kind of key cannot.
    pub fn cosign_subtree(
        &self,
        part: &SignedSubtree<'_>,
    ) -> Option<Result<NoteSignature, CosignError>> {
        match self {
            Self::Ed25519(_) => None,
            Self::MlDsa44(key) => Some(cosign_subtree(key, part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyAlgorithm, KeyEncoding, NewKey};

    fn file(algorithm: KeyAlgorithm, encoding: KeyEncoding) -> (tempfile::TempDir, VerifierKey) {
        let dir = tempfile::tempdir().unwrap();
        let new = NewKey { algorithm, encoding, password: None };
        let key = new.write(&dir.path().join("key"), &"w.test".parse().unwrap()).unwrap();
        (dir, key)
    }

    fn open(dir: &tempfile::TempDir, name: Option<&str>) -> Result<WitnessKey, String> {
        let name = name.map(|name| name.parse().unwrap());
        let opened = WitnessKey::open(&dir.path().join("key"), name.as_ref(), None);
        opened.map_err(|error| error.to_string())
    }

    #[test]
    fn keys_of_witnesses_are_read_and_those_of_logs_are_not() {
        for algorithm in [KeyAlgorithm::Ed25519Cosignature, KeyAlgorithm::MlDsa44] {
            let (dir, made) = file(algorithm, KeyEncoding::Note);
            for name in [None, Some("w.test")] {
                assert_eq!(open(&dir, name).unwrap().verifier_key(), &made);
            }
            assert!(open(&dir, Some("x.test")).unwrap_err().contains("not to \"x.test\""));
        }
        let (dir, _) = file(KeyAlgorithm::Ed25519, KeyEncoding::Note);
        assert!(open(&dir, None).unwrap_err().contains("is a log's"));
        let (dir, _) = file(KeyAlgorithm::EcdsaP256, KeyEncoding::Pkcs8);
        assert!(open(&dir, Some("w.test")).unwrap_err().contains("is a log's"));
    }

    #[test]
    fn a_key_in_pem_gets_its_name_from_the_operator() {
        for algorithm in [KeyAlgorithm::Ed25519, KeyAlgorithm::MlDsa44] {
            let (dir, _) = file(algorithm, KeyEncoding::Pkcs8);
            assert!(open(&dir, None).unwrap_err().contains("--name"));
            let key = open(&dir, Some("other.test")).unwrap();
            assert_eq!(key.verifier_key().name().as_str(), "other.test");
            assert!(key.verifier_key().public_key().cosigns());
        }
    }

    #[test]
    fn a_log_does_not_sign_with_a_witness_key() {
        let (dir, _) = file(KeyAlgorithm::Ed25519Cosignature, KeyEncoding::Note);
        let origin = "w.test".parse().unwrap();
        let opened = crate::FileSigner::open(&dir.path().join("key"), origin, None);
        assert!(matches!(opened, Err(KeyFileError::OfWitness { .. })));
    }
}
