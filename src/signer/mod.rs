//! Signers: what holds the log's key and signs checkpoint texts with it.
//!
//! Only [`crate::log::guard`] calls [`Signer::sign`]; a signer sees note texts and nothing else,
//! and its key never leaves it (I16).

mod file;
mod memory;

use async_trait::async_trait;
use tiles_spec::{NoteSignature, Origin, VerifierKey};

pub use file::{FileSigner, KeyFileError, generate_key_file};
pub use memory::{SignedMemory, SignedMemoryError};

/// Signs checkpoints of one log.
#[async_trait]
pub trait Signer: Send + Sync + 'static {
    /// The log's origin, which is also the name of its key.
    fn origin(&self) -> &Origin;

    /// The key that verifies what [`sign`](Signer::sign) makes.
    fn verifier_key(&self) -> VerifierKey;

    /// Signs a checkpoint's text. The same text gives the same line wherever the algorithm allows.
    async fn sign(&self, text: &str) -> Result<NoteSignature, SignerError>;
}

/// The signer did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// A key service failed; the source says how.
    #[error("the key service failed")]
    Service(#[source] Box<dyn std::error::Error + Send + Sync>),
}
