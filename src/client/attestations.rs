//! Attestations that a log keeps beside its entries (`src/docs/formats.md`, "Attestations").
//!
//! An entry has the SHA-256 of its attestation, and only bytes with that are believed. Whether they
//! are there is nothing that the tree proves: a log need not keep them, and can lose them.

use fasti_entry::{Attestation, attestation_hash};
use fasti_objects::Published;
use tiles_spec::Hash;

use super::fetch::{Fetch, FetchError};

/// Why an attestation could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadAttestationError {
    /// The file is out of reach.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The file has other bytes.
    #[error("{file} is damaged: its bytes have another hash")]
    Damaged {
        /// The file.
        file: Published,
    },
}

impl ReadAttestationError {
    /// Whether what was read is wrong, rather than out of reach.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_damage(),
            Self::Damaged { .. } => true,
        }
    }
}

/// The attestation of this entry; `None` if the log has none of it.
pub async fn attestation_of(
    fetch: &dyn Fetch,
    entry: &[u8],
) -> Result<Option<Attestation>, ReadAttestationError> {
    match attestation_hash(entry) {
        Some(sha256) => attestation(fetch, &sha256).await,
        None => Ok(None),
    }
}

/// The attestation with this SHA-256; `None` if the log has none.
pub async fn attestation(
    fetch: &dyn Fetch,
    sha256: &Hash,
) -> Result<Option<Attestation>, ReadAttestationError> {
    let Some(bytes) = fetch.fetch_attestation(sha256).await? else { return Ok(None) };
    let attestation = Attestation::new(bytes);
    if attestation.digest() != *sha256 {
        return Err(ReadAttestationError::Damaged { file: Published::Attestation(*sha256) });
    }
    Ok(Some(attestation))
}
