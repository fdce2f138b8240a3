//! Public keys by signature type: their bytes and their IDs.
//!
//! C2SP signed-note "Signatures", tlog-cosignature "Format".
//!
//! Invariants: a [`Verifier`] is made only from a valid key of its type, in its canonical encoding,
//! that is not weak.

use std::sync::Arc;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use ml_dsa::{EncodedVerifyingKey, MlDsa44, VerifyingKey as MlDsaKey};
use p256::ecdsa::VerifyingKey as P256Key;
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use sha2::{Digest, Sha256};

use super::ed25519;
use super::name::{KeyError, KeyName};

/// Size of an ML-DSA-44 public key in bytes.
pub const ML_DSA_44_KEY_BYTES: usize = 1312;

/// The part of an Ed25519 `SubjectPublicKeyInfo` before the key itself (RFC 8410).
const ED25519_SPKI_HEAD: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A public key, by signature type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// Type 0x01: Ed25519 over the text.
    Ed25519([u8; 32]),
    /// Type 0x02: ECDSA with SHA-256 on P-256 over the text, as ASN.1 DER. Holds the DER
    /// SubjectPublicKeyInfo.
    EcdsaP256(Vec<u8>),
    /// Type 0x04: Ed25519 over a time and the text; used by witnesses.
    Ed25519Cosignature([u8; 32]),
    /// Type 0x06: ML-DSA-44 over the key's name, a time and the tree that the text states; used by
    /// witnesses, and by logs in addition to their own signature.
    MlDsa44Cosignature(Box<[u8; ML_DSA_44_KEY_BYTES]>),
}

/// A decoded public key.
#[derive(Clone)]
pub(super) enum Verifier {
    Ed25519(Ed25519Key),
    EcdsaP256(Box<P256Key>),
    Ed25519Cosignature(Ed25519Key),
    MlDsa44Cosignature(Arc<MlDsaKey<MlDsa44>>),
}

impl PublicKey {
    /// The byte for the signature type.
    pub const fn signature_type(&self) -> u8 {
        match self {
            Self::Ed25519(_) => 0x01,
            Self::EcdsaP256(_) => 0x02,
            Self::Ed25519Cosignature(_) => 0x04,
            Self::MlDsa44Cosignature(_) => 0x06,
        }
    }

    /// The key material, in the form that the type defines.
    pub fn material(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) | Self::Ed25519Cosignature(key) => key,
            Self::EcdsaP256(spki) => spki,
            Self::MlDsa44Cosignature(key) => &**key,
        }
    }

    /// A key that signs texts (type 0x01 or 0x02), from its DER SubjectPublicKeyInfo.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyError> {
        let public_key = match spki.strip_prefix(&ED25519_SPKI_HEAD) {
            Some(point) => Self::Ed25519(point.try_into().map_err(|_| KeyError::Material)?),
            None => Self::EcdsaP256(spki.to_vec()),
        };
        Verifier::new(&public_key)?;
        Ok(public_key)
    }

    /// The DER SubjectPublicKeyInfo of a key that signs texts.
    pub fn to_spki_der(&self) -> Option<Vec<u8>> {
        match self {
            Self::Ed25519(point) => Some([&ED25519_SPKI_HEAD[..], point].concat()),
            Self::EcdsaP256(spki) => Some(spki.clone()),
            Self::Ed25519Cosignature(_) | Self::MlDsa44Cosignature(_) => None,
        }
    }

    /// Whether it also signs a time, so that its signatures are cosignatures, even if a log makes
    /// them.
    pub const fn cosigns(&self) -> bool {
        matches!(self, Self::Ed25519Cosignature(_) | Self::MlDsa44Cosignature(_))
    }

    pub(super) fn from_material(signature_type: u8, material: &[u8]) -> Result<Self, KeyError> {
        let ed25519 = || material.try_into().map_err(|_| KeyError::Material);
        match signature_type {
            0x01 => Ok(Self::Ed25519(ed25519()?)),
            0x02 => Ok(Self::EcdsaP256(material.to_vec())),
            0x04 => Ok(Self::Ed25519Cosignature(ed25519()?)),
            0x06 => {
                let key = Box::<[u8]>::from(material).try_into();
                Ok(Self::MlDsa44Cosignature(key.map_err(|_| KeyError::Material)?))
            }
            other => Err(KeyError::Type(other)),
        }
    }

    /// The SHA-256 of which the key ID is the start.
    pub(super) fn log_id(&self, name: &KeyName) -> [u8; 32] {
        let hasher = match self {
            // The IDs of ECDSA keys are older than the scheme below: no name, no type.
            Self::EcdsaP256(spki) => Sha256::new_with_prefix(spki),
            _ => Sha256::new_with_prefix(name.as_str())
                .chain_update([b'\n', self.signature_type()])
                .chain_update(self.material()),
        };
        hasher.finalize().into()
    }
}

impl Verifier {
    pub(super) fn new(public_key: &PublicKey) -> Result<Self, KeyError> {
        match public_key {
            PublicKey::Ed25519(key) => ed25519::decode(key).map(Self::Ed25519),
            PublicKey::EcdsaP256(spki) => decode_p256(spki).map(Box::new).map(Self::EcdsaP256),
            PublicKey::Ed25519Cosignature(key) => {
                ed25519::decode(key).map(Self::Ed25519Cosignature)
            }
            PublicKey::MlDsa44Cosignature(key) => {
                // Any bytes of that length are a key, and different bytes are different keys.
                let key = MlDsaKey::decode(&EncodedVerifyingKey::<MlDsa44>::from(**key));
                Ok(Self::MlDsa44Cosignature(Arc::new(key)))
            }
        }
    }
}

fn decode_p256(spki: &[u8]) -> Result<P256Key, KeyError> {
    let key = P256Key::from_public_key_der(spki).map_err(|_| KeyError::Material)?;
    // Another encoding of the same key would have another ID.
    let canonical = p256::PublicKey::from(&key).to_public_key_der();
    if canonical.is_ok_and(|der| der.as_bytes() == spki) {
        Ok(key)
    } else {
        Err(KeyError::Material)
    }
}
