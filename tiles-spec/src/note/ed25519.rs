//! Strict Ed25519: no weak keys, and no signature about which two strict verifiers disagree.

use ed25519_dalek::{Signature, VerifyingKey};

use super::name::KeyError;

pub(super) fn decode(bytes: &[u8; 32]) -> Result<VerifyingKey, KeyError> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Material)?;
    // A weak key has signatures that verify for any text.
    if key.is_weak() { Err(KeyError::Material) } else { Ok(key) }
}

/// Strict verification: all strict verifiers agree on the result, whatever points the signer used.
pub(crate) fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}
