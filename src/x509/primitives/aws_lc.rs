//! [`Primitives`] by aws-lc (`aws-lc-rs`).

use aws_lc_rs::digest::{self, Context, Digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};

use super::super::algorithm::{HashAlgorithm, SigningAlgorithm};
use super::super::chain_algorithm::ChainAlgorithm;
use super::contract::{Hashing, HeldKey, Primitives};

pub(crate) struct AwsLc;

/// A hash in the making.
pub(crate) struct Hasher(Context);

/// A key, and the hash of which it signs digests.
#[derive(Clone)]
pub(crate) struct Key {
    key: ParsedPublicKey,
    hash: &'static digest::Algorithm,
}

impl Primitives for AwsLc {
    type Hasher = Hasher;
    type Key = Key;

    fn signed(algorithm: ChainAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(of_chains(algorithm), key).verify(message, signature).is_ok()
    }

    fn sha1(bytes: &[u8]) -> [u8; 20] {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
        hash.as_ref().try_into().expect("its length")
    }
}

impl Hashing for Hasher {
    fn new(hash: HashAlgorithm) -> Self {
        Self(Context::new(implementation(hash)))
    }

    fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    fn finish(self, digest: &mut [u8]) {
        digest.copy_from_slice(self.0.finish().as_ref());
    }
}

impl HeldKey for Key {
    fn new(algorithm: SigningAlgorithm, key: &[u8]) -> Option<Self> {
        use SigningAlgorithm as S;
        let verification: &'static dyn VerificationAlgorithm = match algorithm {
            S::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
            S::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
            S::EcdsaP521Sha512 => &ECDSA_P521_SHA512_ASN1,
            S::RsaPkcs1v15Sha256With2048
            | S::RsaPkcs1v15Sha256With3072
            | S::RsaPkcs1v15Sha256With4096 => &RSA_PKCS1_2048_8192_SHA256,
            S::Ed25519ph => return None,
        };
        let key = ParsedPublicKey::new(verification, key).ok()?;
        Some(Self { key, hash: implementation(algorithm.hash()) })
    }

    fn made(&self, signature: &[u8], digest: &[u8]) -> bool {
        Digest::import_less_safe(digest, self.hash)
            .and_then(|digest| self.key.verify_digest_sig(&digest, signature))
            .is_ok()
    }

    fn made_over_sha256(&self, signature: &[u8], digest: &[u8]) -> bool {
        let verification: &'static dyn VerificationAlgorithm = match self.hash.output_len() {
            48 => &ECDSA_P384_SHA256_ASN1,
            64 => &ECDSA_P521_SHA256_ASN1,
            _ => return self.made(signature, digest),
        };
        let hash = implementation(HashAlgorithm::Sha256);
        ParsedPublicKey::new(verification, self.key.as_ref()).is_ok_and(|key| {
            Digest::import_less_safe(digest, hash)
                .and_then(|digest| key.verify_digest_sig(&digest, signature))
                .is_ok()
        })
    }
}

fn of_chains(algorithm: ChainAlgorithm) -> &'static dyn VerificationAlgorithm {
    use ChainAlgorithm::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519, RsaPkcs1v15, RsaPss};
    use HashAlgorithm::{Sha256, Sha384, Sha512};

    match algorithm {
        EcdsaP256(Sha256) => &ECDSA_P256_SHA256_ASN1,
        EcdsaP256(Sha384) => &ECDSA_P256_SHA384_ASN1,
        EcdsaP256(Sha512) => &ECDSA_P256_SHA512_ASN1,
        EcdsaP384(Sha256) => &ECDSA_P384_SHA256_ASN1,
        EcdsaP384(Sha384) => &ECDSA_P384_SHA384_ASN1,
        EcdsaP384(Sha512) => &ECDSA_P384_SHA512_ASN1,
        EcdsaP521(Sha256) => &ECDSA_P521_SHA256_ASN1,
        EcdsaP521(Sha384) => &ECDSA_P521_SHA384_ASN1,
        EcdsaP521(Sha512) => &ECDSA_P521_SHA512_ASN1,
        Ed25519 => &ED25519,
        RsaPkcs1v15(Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        RsaPkcs1v15(Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        RsaPkcs1v15(Sha512) => &RSA_PKCS1_2048_8192_SHA512,
        RsaPss(Sha256) => &RSA_PSS_2048_8192_SHA256,
        RsaPss(Sha384) => &RSA_PSS_2048_8192_SHA384,
        RsaPss(Sha512) => &RSA_PSS_2048_8192_SHA512,
    }
}

fn implementation(hash: HashAlgorithm) -> &'static digest::Algorithm {
    match hash {
        HashAlgorithm::Sha256 => &digest::SHA256,
        HashAlgorithm::Sha384 => &digest::SHA384,
        HashAlgorithm::Sha512 => &digest::SHA512,
    }
}
