//! The lines of a log's checkpoints: its own first, then those of further keys.
//!
//! C2SP signed-note lets anyone ignore lines of unknown keys, so a further key changes nothing for
//! clients that do not know it. Invariants: all keys have the origin's name, and no two lines could
//! be mistaken for each other.

use std::sync::Arc;

use async_trait::async_trait;
use tiles_spec::{NoteSignature, Origin, VerifierKey};

use super::signer::{Signer, SignerError};
use super::statement::Statement;

/// A log's signer together with further ones.
pub struct LogSigner {
    first: Arc<dyn Signer>,
    further: Vec<Arc<dyn Signer>>,
}

/// Signers that cannot be combined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinesError {
    /// A key of another log.
    #[error("the further key belongs to the log {found:?}, not to {expected:?}")]
    OtherLog {
        /// The log it belongs to.
        found: String,
        /// The log it should belong to.
        expected: String,
    },
    /// The same key, or one with the same ID.
    #[error("two of the log's keys have the ID {0}; each line needs a key of its own")]
    SameKey(tiles_spec::KeyId),
}

impl LogSigner {
    /// Combines the lines of `first` with those of `further` below them, in order.
    pub fn new(first: Arc<dyn Signer>, further: Vec<Arc<dyn Signer>>) -> Result<Self, LinesError> {
        let mut ids = vec![first.verifier_key().key_id()];
        for signer in &further {
            if signer.origin() != first.origin() {
                let (found, expected) = (signer.origin().to_string(), first.origin().to_string());
                return Err(LinesError::OtherLog { found, expected });
            }
            let id = signer.verifier_key().key_id();
            if ids.contains(&id) {
                return Err(LinesError::SameKey(id));
            }
            ids.push(id);
        }
        Ok(Self { first, further })
    }
}

#[async_trait]
impl Signer for LogSigner {
    fn origin(&self) -> &Origin {
        self.first.origin()
    }

    fn verifier_key(&self) -> VerifierKey {
        self.first.verifier_key()
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError> {
        self.first.sign(statement).await
    }

    fn further(&self) -> &[Arc<dyn Signer>] {
        &self.further
    }
}

#[cfg(test)]
mod tests {
    use tiles_spec::{NoteSigningKey, TreeCosigningKey};

    use super::*;
    use crate::FileSigner;

    fn signer(origin: &str, seed: u8) -> Arc<dyn Signer> {
        let origin: Origin = origin.parse().unwrap();
        let key = NoteSigningKey::from_seed(origin.key_name(), &[seed; 32]);
        Arc::new(FileSigner::new(origin, key))
    }

    #[test]
    fn each_line_has_a_key_of_its_own() {
        let origin: Origin = "log.test".parse().unwrap();
        let tree = TreeCosigningKey::from_seed(origin.key_name(), &[1; 32]).unwrap();
        let tree: Arc<dyn Signer> = Arc::new(FileSigner::new(origin, tree));
        let lines = LogSigner::new(signer("log.test", 1), vec![tree.clone()]).unwrap();
        assert_eq!(lines.verifier_key(), signer("log.test", 1).verifier_key());
        assert_eq!(lines.further().len(), 1);
        let same = vec![tree.clone(), tree];
        let same = LogSigner::new(signer("log.test", 1), same);
        assert!(matches!(same, Err(LinesError::SameKey(_))));
        let other = LogSigner::new(signer("log.test", 1), vec![signer("other.test", 2)]);
        assert!(matches!(other, Err(LinesError::OtherLog { .. })));
    }
}
