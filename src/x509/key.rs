//! A submitter's public key, from its DER `SubjectPublicKeyInfo` (RFC 5280, RFC 5480, RFC 8410).
//!
//! Invariants of a [`PublicKey`]: its encoding is DER with nothing after it. It is of one of the
//! seven admitted kinds, so exactly one [`SigningAlgorithm`] fits it. An elliptic curve point is
//! uncompressed and on its curve. An Ed25519 point is not of small order. An RSA modulus is odd and
//! exactly 2048, 3072 or 4096 bits long.

use std::fmt;

use const_oid::ObjectIdentifier;
use ed25519_dalek::VerifyingKey;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::algorithm::SigningAlgorithm;
use super::element::{self, BIT_STRING, SEQUENCE};
use super::error::X509Error;
use super::message_signature;
use super::primitives::{HeldKey as _, Key};
use super::rsa_numbers::{RsaNumbers, is_odd};
use super::strict_der::strict_der;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A public key of an admitted kind, ready to verify signatures.
#[derive(Clone)]
pub struct PublicKey {
    algorithm: SigningAlgorithm,
    spki: Vec<u8>,
    verifying: VerifyingHalf,
}

/// The key in the form that verifies signatures.
#[derive(Clone)]
pub(crate) enum VerifyingHalf {
    EcdsaOrRsa(Key),
    Ed25519(Box<VerifyingKey>),
}

impl PublicKey {
    /// Parses a `SubjectPublicKeyInfo`.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, X509Error> {
        let info: SubjectPublicKeyInfoRef<'_> = strict_der(spki, "SubjectPublicKeyInfo")?;
        let key = info.subject_public_key.as_bytes().ok_or_else(|| X509Error::UnsupportedKey {
            found: "a key that is not a whole number of bytes".to_owned(),
        })?;
        let (algorithm, verifying) = match info.algorithm.oid {
            EC => ec_key(info.algorithm, key)?,
            RSA => rsa_key(info.algorithm, key)?,
            ED25519 => ed25519_key(info.algorithm, key)?,
            other => return Err(unsupported(format!("a public key of algorithm {other}"))),
        };
        Ok(Self { algorithm, spki: spki.to_vec(), verifying })
    }

    /// Parses an `RSAPublicKey` (RFC 8017, appendix A.1.1), as old descriptions of logs have it.
    pub fn from_pkcs1_der(key: &[u8]) -> Result<Self, X509Error> {
        let kind = element::encode(SEQUENCE, message_signature::RSA_ENCRYPTION);
        let key = element::encode(BIT_STRING, &[&[0], key].concat());
        Self::from_spki_der(&element::encode(SEQUENCE, &[kind, key].concat()))
    }

    /// The only algorithm that fits this key.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The DER `SubjectPublicKeyInfo` from which the key was parsed.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn verifying_half(&self) -> &VerifyingHalf {
        &self.verifying
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.algorithm, hex::encode(&self.spki))
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

type Parts = (SigningAlgorithm, VerifyingHalf);

fn ec_key(id: AlgorithmIdentifierRef<'_>, point: &[u8]) -> Result<Parts, X509Error> {
    let curve = id
        .parameters
        .and_then(|parameters| ObjectIdentifier::try_from(parameters).ok())
        .ok_or_else(|| unsupported("an ECDSA key without a named curve".to_owned()))?;
    let (algorithm, coordinate) = match curve {
        P256 => (SigningAlgorithm::EcdsaP256Sha256, 32),
        P384 => (SigningAlgorithm::EcdsaP384Sha384, 48),
        P521 => (SigningAlgorithm::EcdsaP521Sha512, 66),
        other => return Err(unsupported(format!("an ECDSA key on curve {other}"))),
    };
    let invalid = |reason| X509Error::InvalidKey { kind: "ECDSA", reason };
    if point.first() != Some(&4) || point.len() != 1 + 2 * coordinate {
        return Err(invalid("the point is not an uncompressed point of its curve"));
    }
    let key = Key::new(algorithm, point).ok_or_else(|| invalid("the point is not on its curve"))?;
    Ok((algorithm, VerifyingHalf::EcdsaOrRsa(key)))
}

fn rsa_key(id: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Parts, X509Error> {
    let invalid = |reason| X509Error::InvalidKey { kind: "RSA", reason };
    if !id.parameters.is_some_and(der::asn1::AnyRef::is_null) {
        return Err(invalid("its algorithm parameters are not NULL"));
    }
    let numbers: RsaNumbers<'_> = strict_der(key, "RSAPublicKey")?;
    let algorithm = match numbers.bits() {
        2048 => SigningAlgorithm::RsaPkcs1v15Sha256With2048,
        3072 => SigningAlgorithm::RsaPkcs1v15Sha256With3072,
        4096 => SigningAlgorithm::RsaPkcs1v15Sha256With4096,
        bits => return Err(unsupported(format!("an RSA key of {bits} bits"))),
    };
    if !is_odd(numbers.modulus) {
        return Err(invalid("its modulus is even"));
    }
    // 2^31 - 1 is the largest exponent that every common verifier accepts.
    let exponent = numbers.public_exponent.as_bytes().iter().try_fold(0_u32, |value, byte| {
        Some(value.checked_mul(256)? + u32::from(*byte)).filter(|value| *value < 1 << 31)
    });
    if !exponent.is_some_and(|exponent| exponent >= 3 && exponent % 2 == 1) {
        return Err(invalid("its exponent is not an odd number from 3 to 2^31-1"));
    }
    let key = Key::new(algorithm, key)
        .ok_or_else(|| invalid("its modulus and exponent do not form an RSA key"))?;
    Ok((algorithm, VerifyingHalf::EcdsaOrRsa(key)))
}

fn ed25519_key(id: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Parts, X509Error> {
    let invalid = |reason| X509Error::InvalidKey { kind: "Ed25519", reason };
    if id.parameters.is_some() {
        return Err(invalid("its algorithm has parameters"));
    }
    let key: &[u8; 32] = key.try_into().map_err(|_| invalid("it is not 32 bytes long"))?;
    let key =
        VerifyingKey::from_bytes(key).map_err(|_| invalid("it is not a point of the curve"))?;
    if key.is_weak() {
        return Err(invalid("the point has a small order, so anyone can sign for it"));
    }
    Ok((SigningAlgorithm::Ed25519ph, VerifyingHalf::Ed25519(Box::new(key))))
}

fn unsupported(found: String) -> X509Error {
    X509Error::UnsupportedKey { found }
}

#[cfg(test)]
mod tests;
