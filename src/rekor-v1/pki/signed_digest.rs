//! Signatures over digests by keys of any kind that aws-lc knows, without regard to which algorithm
//! fits which key: old formats leave that to the signer.

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1,
    ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA1_ASN1,
    ECDSA_P521_SHA224_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use aws_lc_rs::signature::{
    ECDSA_P256K1_SHA3_256_ASN1, ECDSA_P256K1_SHA256_ASN1, ECDSA_P521_SHA3_512_ASN1, ED25519,
};

use super::hash::Hash;

/// An elliptic curve for ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

/// A public key of X.509 or of another family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DigestKey {
    /// An `RSAPublicKey` in DER, for RSASSA-PKCS1-v1_5.
    Rsa(Vec<u8>),
    /// The same for RSASSA-PSS, with a salt as long as the digest.
    RsaPss(Vec<u8>),
    /// An uncompressed point. Signatures are two INTEGERs in DER.
    Ecdsa(Curve, Vec<u8>),
    /// The digest is signed as if it were the message.
    Ed25519(Vec<u8>),
}

impl DigestKey {
    /// Whether its owner made this signature over a digest; `None` if nothing here can tell, for
    /// this kind of key and this hash.
    pub fn made(&self, hash: Hash, digest: &Digest, signature: &[u8]) -> Option<bool> {
        let (algorithm, key): (&'static dyn VerificationAlgorithm, _) = match self {
            Self::Rsa(key) => (rsa(hash)?, key),
            Self::RsaPss(key) => (rsa_pss(hash)?, key),
            Self::Ecdsa(curve, point) => (ecdsa(*curve, hash)?, point),
            Self::Ed25519(key) => {
                let key = UnparsedPublicKey::new(&ED25519, key);
                return Some(key.verify(digest.as_ref(), signature).is_ok());
            }
        };
        Some(UnparsedPublicKey::new(algorithm, key).verify_digest(digest, signature).is_ok())
    }
}

fn rsa(hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match hash {
        Hash::Sha1 => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        _ => return None,
    })
}

fn rsa_pss(hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match hash {
        Hash::Sha256 => &RSA_PSS_2048_8192_SHA256,
        Hash::Sha384 => &RSA_PSS_2048_8192_SHA384,
        Hash::Sha512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn ecdsa(curve: Curve, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, hash) {
        (Curve::P256, Hash::Sha1) => &ECDSA_P256_SHA1_ASN1,
        (Curve::P256, Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha1) => &ECDSA_P521_SHA1_ASN1,
        (Curve::P521, Hash::Sha224) => &ECDSA_P521_SHA224_ASN1,
        (Curve::P521, Hash::Sha256) => &ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &ECDSA_P521_SHA512_ASN1,
        (Curve::P521, Hash::Sha3_512) => &ECDSA_P521_SHA3_512_ASN1,
        (Curve::Secp256k1, Hash::Sha256) => &ECDSA_P256K1_SHA256_ASN1,
        (Curve::Secp256k1, Hash::Sha3_256) => &ECDSA_P256K1_SHA3_256_ASN1,
        _ => return None,
    })
}
