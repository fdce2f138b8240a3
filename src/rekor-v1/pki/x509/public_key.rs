//! A public key of any kind that Rekor parses, in a `SubjectPublicKeyInfo`, and the signatures that
//! it makes.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P521_SHA256_ASN1,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as RSA_PKCS1_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Sequence};
use fasti_x509::ArtifactDigest;
use spki::SubjectPublicKeyInfoRef;

use crate::error::{KindError, invalid};
use crate::pki::ecdsa;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P224: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.33");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The sizes of RSA keys that are verified, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 1024..=8192;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
    /// RSA, with so many bits.
    Rsa(usize),
}

/// What is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unsupported {
    /// By anyone.
    Kind(&'static str),
    /// Here, where Rekor does.
    Here(&'static str),
}

/// A public key.
#[derive(Debug)]
pub(crate) struct PublicKey {
    /// How it signs; or what it is, if that is not supported.
    scheme: Result<Scheme, Unsupported>,
    spki: Vec<u8>,
    bits: Vec<u8>,
}

/// `RSAPublicKey` (RFC 8017, appendix A.1.1).
#[derive(Sequence)]
struct RsaNumbers<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo`.
    pub fn of(spki: &[u8]) -> Result<Self, KindError> {
        let malformed = |_| invalid("x509: malformed public key");
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(malformed)?;
        let bits = info.subject_public_key.as_bytes();
        let bits = bits.ok_or_else(|| invalid("x509: malformed public key"))?;
        let scheme = match info.algorithm.oid {
            EC => {
                let curve = info.algorithm.parameters.and_then(|curve| curve.decode_as().ok());
                on_curve(curve, bits)?
            }
            RSA => {
                if !info.algorithm.parameters.is_some_and(der::asn1::AnyRef::is_null) {
                    return Err(invalid("x509: RSA key missing NULL parameters"));
                }
                rsa(bits)?
            }
            ED25519 => {
                fasti_x509::PublicKey::from_spki_der(spki)
                    .map_err(|error| invalid(format!("x509: {error}")))?;
                Ok(Scheme::Ed25519)
            }
            DSA => Err(Unsupported::Kind("DSA")),
            _ => Err(Unsupported::Kind("unknown")),
        };
        Ok(Self { scheme, spki: spki.to_vec(), bits: bits.to_vec() })
    }

    /// How it signs, if signatures can be verified with it.
    pub fn scheme(&self) -> Result<Scheme, KindError> {
        self.scheme.map_err(|unsupported| {
            let (Unsupported::Kind(kind) | Unsupported::Here(kind)) = unsupported;
            invalid(format!("unsupported public key type: {kind}"))
        })
    }

    /// The key itself: a point, or an `RSAPublicKey`.
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Modulus and exponent, big-endian, if it is an RSA key.
    pub fn rsa_numbers(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let numbers = RsaNumbers::from_der(&self.bits).ok()?;
        Some((numbers.modulus.as_bytes().to_vec(), numbers.public_exponent.as_bytes().to_vec()))
    }

    /// Verifies a signature over a message, with SHA-256 unless it is of Ed25519.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KindError> {
        let algorithm: &'static dyn VerificationAlgorithm = match self.scheme()? {
            Scheme::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
            Scheme::EcdsaP384 => &ECDSA_P384_SHA256_ASN1,
            Scheme::EcdsaP521 => &ECDSA_P521_SHA256_ASN1,
            Scheme::Rsa(_) => &RSA_PKCS1_SHA256,
            Scheme::Ed25519 => {
                let key = fasti_x509::PublicKey::from_spki_der(&self.spki);
                let verified = key.and_then(|key| key.verify_v1(message, signature));
                return verified.map_err(|_| self.unverified(signature));
            }
        };
        let encoded = self.encoded(signature)?;
        UnparsedPublicKey::new(algorithm, &self.bits)
            .verify(message, &encoded)
            .map_err(|_| self.unverified(signature))
    }

    /// Verifies a signature over a digest, with one of the algorithms that a log admits by default:
    /// each kind of key with one hash.
    pub fn verify_digest(
        &self,
        digest: &ArtifactDigest,
        signature: &[u8],
    ) -> Result<(), KindError> {
        if matches!(self.scheme, Err(Unsupported::Kind(_))) {
            self.scheme()?;
        }
        let key = fasti_x509::PublicKey::from_spki_der(&self.spki);
        let key = key.ok().filter(|key| key.algorithm().hash() == digest.algorithm());
        let key = key.ok_or(KindError::Algorithm)?;
        let encoded = self.encoded(signature)?;
        key.verify(digest, &encoded).map_err(|_| self.unverified(signature))
    }

    /// The signature in the encoding in which it is verified.
    fn encoded(&self, signature: &[u8]) -> Result<Vec<u8>, KindError> {
        match self.scheme()? {
            Scheme::EcdsaP256 | Scheme::EcdsaP384 | Scheme::EcdsaP521 => ecdsa::der(signature)
                .ok_or_else(|| invalid("ecdsa: Invalid IEEE_P1363 encoded bytes")),
            Scheme::Ed25519 | Scheme::Rsa(_) => Ok(signature.to_vec()),
        }
    }

    fn unverified(&self, signature: &[u8]) -> KindError {
        let ecdsa = |form| format!("invalid signature when validating {form} encoded signature");
        invalid(match self.scheme {
            Ok(Scheme::Rsa(_)) => "crypto/rsa: verification error".to_owned(),
            Ok(Scheme::Ed25519) | Err(_) => "failed to verify signature".to_owned(),
            Ok(_) => ecdsa(if ecdsa::is_der(signature) { "ASN.1" } else { "IEEE_P1363" }),
        })
    }
}

type Found = Result<Scheme, Unsupported>;

/// The kind of an elliptic curve key, whose point must not be compressed. Whether it is on its
/// curve is found out when a signature is verified.
fn on_curve(curve: Option<ObjectIdentifier>, point: &[u8]) -> Result<Found, KindError> {
    let (scheme, coordinate) = match curve {
        Some(P256) => (Ok(Scheme::EcdsaP256), 32),
        Some(P384) => (Ok(Scheme::EcdsaP384), 48),
        Some(P521) => (Ok(Scheme::EcdsaP521), 66),
        Some(P224) => (Err(Unsupported::Here("ECDSA on P-224")), 28),
        _ => return Err(invalid("x509: unsupported elliptic curve")),
    };
    if point.first() != Some(&4) || point.len() != 1 + 2 * coordinate {
        return Err(invalid("ecdsa: invalid uncompressed public key"));
    }
    Ok(scheme)
}

fn rsa(key: &[u8]) -> Result<Found, KindError> {
    let numbers =
        RsaNumbers::from_der(key).map_err(|_| invalid("x509: malformed RSA public key"))?;
    let (modulus, exponent) = (numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes());
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| !last.is_multiple_of(2));
    if !is_odd(modulus) || !is_odd(exponent) || exponent.len() > 4 || exponent == [1] {
        return Err(invalid("x509: the numbers of the RSA public key cannot be those of one"));
    }
    let zeros = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = modulus.len() * 8 - zeros;
    Ok(if RSA_BITS.contains(&bits) {
        Ok(Scheme::Rsa(bits))
    } else {
        Err(Unsupported::Here("RSA of such a size"))
    })
}
