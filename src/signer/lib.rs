//! Signers: they hold a log's keys, and sign [`Statement`]s with them.
//!
//! One key defines a log: its line is the first in each checkpoint, and its ID is the log's. It is
//! stored in a file ([`FileSigner`]) or in a key service (`AwsKmsSigner`, `GcpKmsSigner`);
//! [`KeyLocation`] says where, or [`find_default_key`] finds it. Further keys can add lines below
//! the first ([`LogSigner`]), for clients that know them.
//!
//! Only the log's guard calls [`Signer::sign`]; a signer sees only typed statements, and its key
//! never leaves it (I16). Its signatures are verified before anyone sees them, so a signer is
//! trusted only to keep its key.

mod bastion_key;
mod core_dump;
mod default_key;
mod file;
mod kms;
mod kms_error;
mod lines;
mod location;
mod lookup;
mod memory;
mod named_file;
mod new_key;
mod opened;
mod private_key;
mod signer;
mod statement;
mod witness_key;

pub use bastion_key::BastionKey;
pub use core_dump::forbid_core_dumps;
pub use default_key::{MissingKey, find_default_key, make_default_key};
pub use file::{FileSigner, KeyFileError};
#[cfg(feature = "aws-kms")]
pub use kms::AwsKmsSigner;
#[cfg(feature = "gcp-kms")]
pub use kms::GcpKmsSigner;
pub use kms_error::KmsError;
pub use lines::{LinesError, LogSigner};
pub use location::{AwsKmsKey, GcpKmsKey, KeyLocation, KeyLocationError};
pub use lookup::LookupSigner;
pub use memory::{NewHead, Remembered, SignedMemory, SignedMemoryError};
pub use named_file::read_secret;
pub use new_key::{KeyAlgorithm, KeyEncoding, NewKey, generate_key_file};
pub use opened::{OpenKeyError, OpenedKey};
pub use private_key::{Password, PrivateKey, PrivateKeyError};
pub use signer::{Signer, SignerError};
pub use statement::Statement;
pub use witness_key::WitnessKey;
