//! Signers: they hold a log's keys and sign checkpoint texts with them.
//!
//! One key defines a log: its line is the first in each checkpoint, and its ID is the log's. It is
//! stored in a file ([`FileSigner`]) or in a key service (`AwsKmsSigner`, `GcpKmsSigner`);
//! [`KeyLocation`] says where, or [`find_default_key`] finds it. Further keys can add lines below
//! the first ([`LogSigner`]), for clients that know them.
//!
//! Only the log's guard calls [`Signer::sign`]; a signer sees only note texts, and its key
//! never leaves it (I16). Its signatures are verified before anyone sees them, so a signer is
//! trusted only to keep its key.

mod core_dump;
mod default_key;
mod file;
mod kms;
mod lines;
mod location;
mod lookup;
mod memory;
mod new_key;
mod opened;
mod private_key;

use std::sync::Arc;

use async_trait::async_trait;
use tiles_spec::{CosignError, NoteSignature, Origin, VerifierKey};

pub use core_dump::forbid_core_dumps;
pub use default_key::{MissingKey, find_default_key, make_default_key};
pub use file::{FileSigner, KeyFileError};
#[cfg(feature = "aws-kms")]
pub use kms::AwsKmsSigner;
#[cfg(feature = "gcp-kms")]
pub use kms::GcpKmsSigner;
pub use kms::KmsError;
pub use lines::{LinesError, LogSigner};
pub use location::{AwsKmsKey, GcpKmsKey, KeyLocation, KeyLocationError};
pub use lookup::LookupSigner;
pub use memory::{NewHead, Remembered, SignedMemory, SignedMemoryError};
pub use new_key::{KeyAlgorithm, KeyEncoding, NewKey, generate_key_file};
pub use opened::{OpenKeyError, OpenedKey};
pub use private_key::{Password, PrivateKey, PrivateKeyError};

/// Signs checkpoints of one log.
#[async_trait]
pub trait Signer: Send + Sync + 'static {
    /// The log's origin, which is also the name of its keys.
    fn origin(&self) -> &Origin;

    /// The key that verifies the signatures of [`sign`](Signer::sign). It never changes.
    fn verifier_key(&self) -> VerifierKey;

    /// Signs a checkpoint's text. The same text gives the same line if the algorithm allows it;
    /// nothing may rely on that.
    async fn sign(&self, text: &str) -> Result<NoteSignature, SignerError>;

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
}

impl SignerError {
    /// Whether it may succeed next time: a service was unreachable, busy, or has not yet granted us
    /// access.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Service(_))
    }
}
