//! ECDSA P-256 keys that sign notes (type 0x02).
//!
//! Signatures are deterministic (RFC 6979): the same text gives the same line.
//!
//! Invariants: no `Debug` or error shows a secret, and the key wipes itself when dropped.

use std::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use super::key::VerifierKey;
use super::name::{KeyError, KeyName};
use super::public_key::PublicKey;
use super::signature::NoteSignature;

/// A named ECDSA P-256 key that signs the text of a note (type 0x02).
#[derive(Clone)]
pub struct EcdsaSigningKey {
    verifier_key: VerifierKey,
    secret: SigningKey,
}

impl EcdsaSigningKey {
    /// Generates a new key from `rng`.
    pub fn generate(rng: &mut impl CryptoRngCore, name: KeyName) -> Self {
        let secret = SecretKey::random(rng);
        Self::new(name, &secret).expect("a generated key is valid")
    }

    /// Parses a PKCS #8 `PrivateKeyInfo` in DER.
    pub fn from_pkcs8_der(name: KeyName, der: &[u8]) -> Result<Self, KeyError> {
        let secret = SecretKey::from_pkcs8_der(der).map_err(|_| KeyError::Material)?;
        Self::new(name, &secret)
    }

    /// Parses an RFC 5915 `ECPrivateKey` in DER.
    pub fn from_sec1_der(name: KeyName, der: &[u8]) -> Result<Self, KeyError> {
        let secret = SecretKey::from_sec1_der(der).map_err(|_| KeyError::Material)?;
        Self::new(name, &secret)
    }

    fn new(name: KeyName, secret: &SecretKey) -> Result<Self, KeyError> {
        let spki = secret.public_key().to_public_key_der().map_err(|_| KeyError::Material)?;
        let verifier_key = VerifierKey::new(name, PublicKey::EcdsaP256(spki.into_vec()))?;
        Ok(Self { verifier_key, secret: secret.into() })
    }

    /// Writes the form that [`EcdsaSigningKey::from_pkcs8_der`] reads. Wiped when dropped.
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let der = SecretKey::from(&self.secret).to_pkcs8_der();
        der.expect("a key of fixed size is encoded").to_bytes()
    }

    /// The public key.
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.verifier_key
    }

    /// Signs the text of a note.
    pub fn sign(&self, text: &str) -> NoteSignature {
        let signature: Signature = self.secret.sign(text.as_bytes());
        let bytes = signature.to_der().as_bytes().to_vec();
        NoteSignature::new(self.verifier_key.name().clone(), self.verifier_key.key_id(), bytes)
    }
}

impl fmt::Debug for EcdsaSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcdsaSigningKey({})", self.verifier_key)
    }
}
