//! The signer of a lookup log: the log's own key under the name `<origin>/lookup`.
//!
//! Invariant: nothing but checkpoints of the lookup log gets past it. So whatever goes wrong in building
//! an index, the key signs nothing of the log itself by this way.

use std::sync::Arc;

use async_trait::async_trait;
use tiles_spec::lookup::lookup_origin;
use tiles_spec::{NoteSignature, Origin, OriginError, VerifierKey};

use super::{Signer, SignerError};

/// Signs for the log of an index' revisions.
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

    async fn sign(&self, text: &str) -> Result<NoteSignature, SignerError> {
        if text.lines().next() != Some(self.origin.as_str()) {
            return Err(SignerError::OtherLog { origin: self.origin.to_string() });
        }
        let signature = self.log.sign(text).await?;
        let name = self.origin.key_name();
        Ok(NoteSignature::new(name, self.key.key_id(), signature.bytes().to_vec()))
    }
}
