//! A witness's own keys: every checkpoint is cosigned with all of them.
//!
//! Invariants: there is at least one, and no two could be mistaken for each other or share their
//! key material (C2SP signed-note).

use fasti_signer::WitnessKey;
use thiserror::Error;
use tiles_spec::{CosignError, KeyId, NoteSignature, SignedSubtree, VerifierKey};

/// A witness's own keys.
#[derive(Debug)]
pub struct OwnKeys {
    keys: Vec<WitnessKey>,
    verifier_keys: Vec<VerifierKey>,
}

/// Keys that cannot be used together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OwnKeysError {
    /// No key at all.
    #[error("a witness needs a key")]
    None,
    /// The same key, or one with the same name and ID, or the same key material.
    #[error("two of the witness's keys are the same, or have the same ID {0}")]
    Same(KeyId),
}

impl OwnKeys {
    /// These keys, in the order of their lines.
    pub fn new(keys: Vec<WitnessKey>) -> Result<Self, OwnKeysError> {
        let verifier_keys: Vec<_> = keys.iter().map(|key| key.verifier_key().clone()).collect();
        for (position, key) in verifier_keys.iter().enumerate() {
            let is_same = |other: &VerifierKey| {
                (other.name(), other.key_id()) == (key.name(), key.key_id())
                    || other.public_key().material() == key.public_key().material()
            };
            if verifier_keys[..position].iter().any(is_same) {
                return Err(OwnKeysError::Same(key.key_id()));
            }
        }
        if keys.is_empty() { Err(OwnKeysError::None) } else { Ok(Self { keys, verifier_keys }) }
    }

    /// The public halves.
    pub fn verifier_keys(&self) -> &[VerifierKey] {
        &self.verifier_keys
    }

    /// Cosigns the text of a checkpoint as the largest consistent tree seen at that time, in POSIX
    /// seconds. A key that cannot cover the text (such as extension lines) is left out; if none
    /// can, that is an error.
    pub fn cosign(&self, text: &str, unix_seconds: u64) -> Result<Vec<NoteSignature>, CosignError> {
        let mut lines = Vec::new();
        for key in &self.keys {
            match key.cosign(text, unix_seconds) {
                Ok(line) => lines.push(line),
                Err(CosignError::NotCovered) => {}
                Err(error) => return Err(error),
            }
        }
        if lines.is_empty() { Err(CosignError::NotCovered) } else { Ok(lines) }
    }

    /// Whether any of them can sign parts of trees.
    pub fn sign_subtrees(&self) -> bool {
        self.keys.iter().any(|key| matches!(key, WitnessKey::MlDsa44(_)))
    }

    /// Cosigns a part of a tree, with those keys that have cosigned the tree and can; or else with
    /// all that can.
    pub fn cosign_subtree(
        &self,
        part: &SignedSubtree<'_>,
        signers: &[&VerifierKey],
    ) -> Result<Vec<NoteSignature>, CosignError> {
        let with = |is_meant: &dyn Fn(&WitnessKey) -> bool| {
            let meant = self.keys.iter().filter(|key| is_meant(key));
            meant.filter_map(|key| key.cosign_subtree(part)).collect::<Result<Vec<_>, _>>()
        };
        let lines = with(&|key| signers.contains(&key.verifier_key()))?;
        if lines.is_empty() { with(&|_| true) } else { Ok(lines) }
    }
}

#[cfg(test)]
mod tests {
    use tiles_spec::{CosigningKey, TreeCosigningKey};

    use super::*;

    fn ed25519(name: &str, seed: u8) -> WitnessKey {
        WitnessKey::Ed25519(Box::new(CosigningKey::from_seed(name.parse().unwrap(), &[seed; 32])))
    }

    fn ml_dsa(seed: u8) -> WitnessKey {
        let key = TreeCosigningKey::from_seed("w.test".parse().unwrap(), &[seed; 32]);
        WitnessKey::MlDsa44(Box::new(key.unwrap()))
    }

    #[test]
    fn no_key_is_there_twice() {
        assert_eq!(OwnKeys::new(vec![]).unwrap_err(), OwnKeysError::None);
        for twice in [
            vec![ed25519("w.test", 1), ed25519("w.test", 1)],
            vec![ed25519("w.test", 1), ed25519("x.test", 1)],
            vec![ml_dsa(1), ed25519("w.test", 1), ml_dsa(1)],
        ] {
            assert!(matches!(OwnKeys::new(twice), Err(OwnKeysError::Same(_))));
        }
        assert!(OwnKeys::new(vec![ed25519("w.test", 1), ml_dsa(1)]).is_ok());
    }

    #[test]
    fn a_key_signs_what_it_covers() {
        let both = OwnKeys::new(vec![ed25519("w.test", 1), ml_dsa(1)]).unwrap();
        let root = tiles_spec::EMPTY_ROOT.to_base64();
        let text = format!("log.test\n0\n{root}\n");
        assert_eq!(both.cosign(&text, 5).unwrap().len(), 2);
        let extended = format!("{text}more\n");
        assert_eq!(both.cosign(&extended, 5).unwrap().len(), 1);
        let alone = OwnKeys::new(vec![ml_dsa(1)]).unwrap();
        assert_eq!(alone.cosign(&extended, 5), Err(CosignError::NotCovered));
        assert!(both.sign_subtrees() && alone.sign_subtrees());
        assert!(!OwnKeys::new(vec![ed25519("w.test", 1)]).unwrap().sign_subtrees());
    }
}
