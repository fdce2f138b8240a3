//! Signers of every admitted algorithm, a timestamp authority and a certificate log, for tests.
//!
//! Signers sign messages, where the code under test verifies digests.

pub mod made_up_ct_log;
pub mod made_up_tsa;

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use der::asn1::Utf8StringRef;
use der::{Decode as _, Encode as _};
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Digest as _, Sha512, SigningKey};
use rcgen::{CertificateParams, CustomExtension, Issuer, KeyPair, PublicKeyData, SanType};
use spki::SubjectPublicKeyInfoRef;

use super::algorithm::SigningAlgorithm;
use super::digest::ArtifactDigest;

/// What the signers sign.
pub const ARTIFACT: &[u8] = b"an artifact";

enum SecretHalf {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(SigningKey),
}

/// A key pair of an admitted kind.
pub struct Signer {
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    /// Its public half, a DER `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    secret: SecretHalf,
}

impl Signer {
    /// Makes a new one.
    pub fn generate(algorithm: SigningAlgorithm) -> Self {
        use SigningAlgorithm as S;
        let (spki, secret) = match algorithm {
            S::EcdsaP256Sha256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            S::EcdsaP384Sha384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            S::EcdsaP521Sha512 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
            S::RsaPkcs1v15Sha256With2048 => rsa(KeySize::Rsa2048),
            S::RsaPkcs1v15Sha256With3072 => rsa(KeySize::Rsa3072),
            S::RsaPkcs1v15Sha256With4096 => rsa(KeySize::Rsa4096),
            S::Ed25519ph => {
                let key = SigningKey::generate(&mut rand_core::OsRng);
                let spki = key.verifying_key().to_public_key_der().unwrap().into_vec();
                (spki, SecretHalf::Ed25519(key))
            }
        };
        Self { algorithm, spki, secret }
    }

    /// One signer per algorithm, created once because RSA keys are slow to generate.
    pub fn of(algorithm: SigningAlgorithm) -> &'static Self {
        static SIGNERS: [OnceLock<Signer>; 7] = [const { OnceLock::new() }; 7];
        SIGNERS[algorithm as usize].get_or_init(|| Self::generate(algorithm))
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            SecretHalf::Ecdsa(key) => {
                key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
            }
            SecretHalf::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            SecretHalf::Ed25519(key) => {
                let hasher = Sha512::new().chain_update(message);
                key.sign_prehashed(hasher, None).unwrap().to_bytes().to_vec()
            }
        }
    }

    /// The digest of a message that it would sign.
    pub fn digest(&self, message: &[u8]) -> ArtifactDigest {
        ArtifactDigest::of(self.algorithm.hash(), message)
    }

    /// A certificate for this key, from a made-up issuer.
    pub fn certificate_with(
        &self,
        names: Vec<SanType>,
        extensions: Vec<CustomExtension>,
    ) -> Vec<u8> {
        let issuer_key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(CertificateParams::new([]).unwrap(), issuer_key);
        let mut params = CertificateParams::new([]).unwrap();
        params.subject_alt_names = names;
        params.custom_extensions = extensions;
        params.signed_by(self, &issuer).unwrap().der().to_vec()
    }
}

/// An extension of Fulcio's certificates (1.3.6.1.4.1.57264.1).
pub fn fulcio(number: u64, content: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, number], content.to_vec())
}

/// A DER `UTF8String`.
pub fn utf8(text: &str) -> Vec<u8> {
    Utf8StringRef::new(text).unwrap().to_der().unwrap()
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        SubjectPublicKeyInfoRef::from_der(&self.spki).unwrap().subject_public_key.raw_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.algorithm {
            SigningAlgorithm::EcdsaP256Sha256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            SigningAlgorithm::EcdsaP384Sha384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            SigningAlgorithm::EcdsaP521Sha512 => &rcgen::PKCS_ECDSA_P521_SHA512,
            SigningAlgorithm::Ed25519ph => &rcgen::PKCS_ED25519,
            _ => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> (Vec<u8>, SecretHalf) {
    let key = EcdsaKeyPair::generate(algorithm).unwrap();
    (key.public_key().as_der().unwrap().as_ref().to_vec(), SecretHalf::Ecdsa(key))
}

fn rsa(size: KeySize) -> (Vec<u8>, SecretHalf) {
    let key = RsaKeyPair::generate(size).unwrap();
    (key.public_key().as_der().unwrap().as_ref().to_vec(), SecretHalf::Rsa(key))
}
