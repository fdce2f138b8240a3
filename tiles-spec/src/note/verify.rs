//! Verification of signature lines, by the type of the key.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature as P256Signature, VerifyingKey as P256Key};

use super::ed25519;
use super::name::KeyName;
use super::public_key::Verifier;
use crate::cosignature::verify::{SignedSubtree, verify_subtree, verify_text, verify_tree};

impl Verifier {
    /// Whether the bytes of a signature line are a signature over the text by this key under that
    /// name.
    pub(super) fn verify(&self, name: &KeyName, text: &str, signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519::verify(key, text.as_bytes(), signature),
            Self::EcdsaP256(key) => verify_p256(key, text.as_bytes(), signature),
            Self::Ed25519Cosignature(key) => verify_text(key, text, signature),
            Self::MlDsa44Cosignature(key) => verify_tree(key, name, text, signature),
        }
    }
}

impl Verifier {
    /// Whether the bytes of a signature line are a signature over a part of a log's tree.
    pub(super) fn verify_subtree(
        &self,
        name: &KeyName,
        signed: &SignedSubtree<'_>,
        signature: &[u8],
    ) -> bool {
        match self {
            Self::MlDsa44Cosignature(key) => verify_subtree(key, name, signed, signature),
            _ => false,
        }
    }
}

fn verify_p256(key: &P256Key, message: &[u8], signature: &[u8]) -> bool {
    P256Signature::from_der(signature)
        .is_ok_and(|signature| key.verify(message, &signature).is_ok())
}
