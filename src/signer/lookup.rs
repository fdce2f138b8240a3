//! The signer of a lookup log: the log's own key under the name `<origin>/lookup`.
//!
//! Invariant: it signs only checkpoints of the lookup log. So whatever goes wrong in building an
//! index, the key signs nothing for the log itself through this signer.

use std::sync::Arc;

use async_trait::async_trait;
use fasti_lookup_spec::lookup_origin;
use tiles_spec::{NoteSignature, Origin, OriginError, VerifierKey};

use super::signer::{Signer, SignerError};
use super::statement::Statement;

/// Signs for the log of the index's revisions.
pub struct LookupSigner {
    log: Arc<dyn Signer>,
    origin: Origin,
    key: VerifierKey,
}

impl LookupSigner {
    /// A signer with the key of `log`.
    pub fn new(log: Arc<dyn Signer>) -> Result<Self, OriginError> {
        let origin = lookup_origin(log.origin())?;
        let key = log.verifier_key().public_key().clone();
        let key = VerifierKey::new(origin.key_name(), key).expect("the name alone is another");
        Ok(Self { log, origin, key })
    }
}

#[async_trait]
impl Signer for LookupSigner {
    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn verifier_key(&self) -> VerifierKey {
        self.key.clone()
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError> {
        if statement.text().lines().next() != Some(self.origin.as_str()) {
            return Err(SignerError::OtherLog { origin: self.origin.to_string() });
        }
        let signature = self.log.sign(statement).await?;
        let name = self.origin.key_name();
        Ok(NoteSignature::new(name, self.key.key_id(), signature.bytes().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use tiles_spec::{Checkpoint, NoteSigningKey, TreeHead};

    use super::*;
    use crate::FileSigner;

    #[tokio::test]
    async fn nothing_but_the_lookup_log_is_signed() {
        let origin: Origin = "log.test".parse().unwrap();
        let key = NoteSigningKey::from_seed(origin.key_name(), &[3; 32]);
        let log: Arc<dyn Signer> = Arc::new(FileSigner::new(origin, key));
        let signer = LookupSigner::new(log.clone()).unwrap();
        assert_eq!(signer.origin().as_str(), "log.test/lookup");
        let text = |origin: &str| {
            let (origin, extensions) = (origin.to_owned(), Vec::new());
            Checkpoint { origin, head: TreeHead::EMPTY, extensions }.to_text()
        };
        let text_of_its_own = text("log.test/lookup");
        let signature = signer.sign(Statement::Checkpoint(&text_of_its_own)).await.unwrap();
        let key = signer.verifier_key();
        assert!(key.made(&signature) && key.verify(&text_of_its_own, signature.bytes()));
        assert!(!log.verifier_key().made(&signature), "another name is another key ID");
        for other in ["log.test", "log.test/lookup/more", "other.test/lookup"] {
            let refused = signer.sign(Statement::Checkpoint(&text(other))).await;
            assert!(matches!(refused, Err(SignerError::OtherLog { .. })), "{other}");
        }
    }
}
