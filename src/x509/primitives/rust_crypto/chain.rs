//! The signatures in chains of certificates.

use ed25519_dalek::{Signature as Ed25519Signature, Verifier as _, VerifyingKey};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;

use super::super::super::chain_algorithm::ChainAlgorithm;
use super::ecdsa::Point;
use super::hash::digest_of;
use super::rsa::{Padding, RsaKey};

/// Whether this key made this signature over this message; `None` if the key is not valid.
pub(super) fn holds(
    algorithm: ChainAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    Some(match algorithm {
        ChainAlgorithm::EcdsaP256(hash) => {
            Point::<NistP256>::new(key)?.made(signature, &digest_of(hash, message))
        }
        ChainAlgorithm::EcdsaP384(hash) => {
            Point::<NistP384>::new(key)?.made(signature, &digest_of(hash, message))
        }
        ChainAlgorithm::EcdsaP521(hash) => {
            Point::<NistP521>::new(key)?.made(signature, &digest_of(hash, message))
        }
        ChainAlgorithm::Ed25519 => {
            let signature = Ed25519Signature::from_slice(signature).ok()?;
            ed25519_key(key)?.verify(message, &signature).is_ok()
        }
        ChainAlgorithm::RsaPkcs1v15(hash) => {
            let digest = digest_of(hash, message);
            RsaKey::new(key)?.made(signature, Padding::Pkcs1v15, hash, &digest)
        }
        ChainAlgorithm::RsaPss(hash) => {
            RsaKey::new(key)?.made(signature, Padding::Pss, hash, &digest_of(hash, message))
        }
    })
}

/// Reads a point in its only canonical encoding, as aws-lc does.
fn ed25519_key(key: &[u8]) -> Option<VerifyingKey> {
    let encoded = key.try_into().ok()?;
    let key = VerifyingKey::from_bytes(encoded).ok()?;
    (key.to_edwards().compress().as_bytes() == encoded).then_some(key)
}
