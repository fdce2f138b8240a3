//! The algorithms for chains of certificates: those that `webpki` has for aws-lc, in its order.

use ed25519_dalek::{Signature as Ed25519Signature, Verifier as _, VerifyingKey};
use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsaParams};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use rustls_pki_types::alg_id::{
    self, ECDSA_P256, ECDSA_P384, ECDSA_P521, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512, ED25519,
    RSA_ENCRYPTION, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512,
};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use super::super::super::algorithm::HashAlgorithm::{self, Sha256, Sha384, Sha512};
use super::ecdsa::Point;
use super::hash::digest_of;
use super::rsa::{Padding, RsaKey};

/// An algorithm by its two names in certificates.
#[derive(Debug)]
struct Algorithm {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    check: Check,
}

/// What an algorithm does.
#[derive(Debug)]
enum Check {
    EcdsaP256(HashAlgorithm),
    EcdsaP384(HashAlgorithm),
    EcdsaP521(HashAlgorithm),
    Ed25519,
    Rsa(Padding, HashAlgorithm, usize),
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

use Check::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519, MlDsa44, MlDsa65, MlDsa87, Rsa};
use Padding::{Pkcs1v15, Pss};

/// `sha256WithRSAEncryption` and its kin without the parameter NULL, which RFC 4055 requires.
const ABSENT: [AlgorithmIdentifier; 3] = [absent(&BARE_11), absent(&BARE_12), absent(&BARE_13)];
const BARE_11: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const BARE_12: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
const BARE_13: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];

const fn absent(id: &'static [u8]) -> AlgorithmIdentifier {
    AlgorithmIdentifier::from_slice(id)
}

pub(super) static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    &of(ECDSA_P256, ECDSA_SHA256, EcdsaP256(Sha256)),
    &of(ECDSA_P256, ECDSA_SHA384, EcdsaP256(Sha384)),
    &of(ECDSA_P256, ECDSA_SHA512, EcdsaP256(Sha512)),
    &of(ECDSA_P384, ECDSA_SHA256, EcdsaP384(Sha256)),
    &of(ECDSA_P384, ECDSA_SHA384, EcdsaP384(Sha384)),
    &of(ECDSA_P384, ECDSA_SHA512, EcdsaP384(Sha512)),
    &of(ECDSA_P521, ECDSA_SHA256, EcdsaP521(Sha256)),
    &of(ECDSA_P521, ECDSA_SHA384, EcdsaP521(Sha384)),
    &of(ECDSA_P521, ECDSA_SHA512, EcdsaP521(Sha512)),
    &of(ED25519, ED25519, Ed25519),
    &of(RSA_ENCRYPTION, RSA_PKCS1_SHA256, Rsa(Pkcs1v15, Sha256, 2048)),
    &of(RSA_ENCRYPTION, RSA_PKCS1_SHA384, Rsa(Pkcs1v15, Sha384, 2048)),
    &of(RSA_ENCRYPTION, RSA_PKCS1_SHA512, Rsa(Pkcs1v15, Sha512, 2048)),
    &of(RSA_ENCRYPTION, ABSENT[0], Rsa(Pkcs1v15, Sha256, 2048)),
    &of(RSA_ENCRYPTION, ABSENT[1], Rsa(Pkcs1v15, Sha384, 2048)),
    &of(RSA_ENCRYPTION, ABSENT[2], Rsa(Pkcs1v15, Sha512, 2048)),
    &of(RSA_ENCRYPTION, RSA_PKCS1_SHA384, Rsa(Pkcs1v15, Sha384, 3072)),
    &of(RSA_ENCRYPTION, RSA_PSS_SHA256, Rsa(Pss, Sha256, 2048)),
    &of(RSA_ENCRYPTION, RSA_PSS_SHA384, Rsa(Pss, Sha384, 2048)),
    &of(RSA_ENCRYPTION, RSA_PSS_SHA512, Rsa(Pss, Sha512, 2048)),
    &of(alg_id::ML_DSA_44, alg_id::ML_DSA_44, MlDsa44),
    &of(alg_id::ML_DSA_65, alg_id::ML_DSA_65, MlDsa65),
    &of(alg_id::ML_DSA_87, alg_id::ML_DSA_87, MlDsa87),
];

const fn of(key: AlgorithmIdentifier, signature: AlgorithmIdentifier, check: Check) -> Algorithm {
    Algorithm { key, signature, check }
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }

    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.check
            .holds(key, message, signature)
            .unwrap_or(false)
            .then_some(())
            .ok_or(InvalidSignature)
    }
}

impl Check {
    /// Whether this key made this signature over this message; `None` if the key is not valid.
    fn holds(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
        Some(match *self {
            EcdsaP256(hash) => {
                Point::<NistP256>::new(key)?.made(signature, &digest_of(hash, message))
            }
            EcdsaP384(hash) => {
                Point::<NistP384>::new(key)?.made(signature, &digest_of(hash, message))
            }
            EcdsaP521(hash) => {
                Point::<NistP521>::new(key)?.made(signature, &digest_of(hash, message))
            }
            Rsa(padding, hash, least) => {
                let key = RsaKey::new(key).filter(|key| key.bits() >= least)?;
                key.made(signature, padding, hash, &digest_of(hash, message))
            }
            Ed25519 => {
                let signature = Ed25519Signature::from_slice(signature).ok()?;
                ed25519_key(key)?.verify(message, &signature).is_ok()
            }
            MlDsa44 => made_by_ml_dsa::<ml_dsa::MlDsa44>(key, message, signature)?,
            MlDsa65 => made_by_ml_dsa::<ml_dsa::MlDsa65>(key, message, signature)?,
            MlDsa87 => made_by_ml_dsa::<ml_dsa::MlDsa87>(key, message, signature)?,
        })
    }
}

/// Reads a point in its only canonical encoding, as aws-lc does.
fn ed25519_key(key: &[u8]) -> Option<VerifyingKey> {
    let encoded = key.try_into().ok()?;
    let key = VerifyingKey::from_bytes(encoded).ok()?;
    (key.to_edwards().compress().as_bytes() == encoded).then_some(key)
}

/// ML-DSA (FIPS 204) with an empty context.
fn made_by_ml_dsa<P: MlDsaParams>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let key = EncodedVerifyingKey::<P>::try_from(key).ok()?;
    let signature = EncodedSignature::<P>::try_from(signature).ok()?;
    let signature = ml_dsa::Signature::<P>::decode(&signature)?;
    Some(ml_dsa::VerifyingKey::<P>::decode(&key).verify_with_context(message, &[], &signature))
}
