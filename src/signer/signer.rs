//! What every signer does, wherever its key is.

use std::sync::Arc;

use async_trait::async_trait;
use tiles_spec::{CosignError, NoteSignature, Origin, VerifierKey};

use super::kms_error::KmsError;
use super::statement::Statement;

/// Signs the checkpoints of one log, and when entries entered it.
#[async_trait]
pub trait Signer: Send + Sync + 'static {
    /// The log's origin, which is also the name of its keys.
    fn origin(&self) -> &Origin;

    /// The key that verifies the signatures of [`sign`](Signer::sign). It never changes.
    fn verifier_key(&self) -> VerifierKey;

    /// Signs a statement. The same statement gives the same line if the algorithm allows it;
    /// nothing may rely on that.
    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError>;

    /// Signers of the lines below, in order, with other keys. They have no further signers of their
    /// own.
    fn further(&self) -> &[Arc<dyn Signer>] {
        &[]
    }
}

/// The signer did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// A key service failed; the source says how.
    #[error("the key service failed")]
    Service(#[from] KmsError),
    /// The text is not a checkpoint of the signer's log.
    #[error("only checkpoints of {origin} are signed here")]
    OtherLog {
        /// The log.
        origin: String,
    },
    /// The key does not sign texts of this kind.
    #[error("the key cannot sign this text")]
    Text(#[from] CosignError),
    /// The key is a witness's.
    #[error("the key is a witness's, and signs nothing for a log of its own")]
    Witness,
}

impl SignerError {
    /// Whether it may succeed next time: a service was unreachable, busy, or has not yet granted us
    /// access.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Service(_))
    }
}
