//! Keys of authorities, and how they sign.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::der::{element, key, object_identifier, sequence};

/// A key pair.
pub struct Key {
    /// The public half, a `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    secret: Secret,
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    Ecdsa(EcdsaKeyPair, u8),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

const NULL: &[u8] = &[5, 0];

impl Key {
    /// A P-256 key that is the same in every run.
    pub fn p256(seed: u8) -> Self {
        let secret = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a secret number");
        let point = secret.verifying_key().to_encoded_point(false);
        let ec = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
        let p256 = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
        Self { spki: key(&[&ec, &p256], point.as_bytes()), secret: Secret::P256(secret) }
    }

    /// Keys of the other kinds.
    pub fn others() -> Vec<Self> {
        let ed25519 = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
        let id = object_identifier(&[0x2b, 0x65, 112]);
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        vec![
            ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, 3),
            ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING, 4),
            Self {
                spki: key(&[&id], ed25519.public_key().as_ref()),
                secret: Secret::Ed25519(ed25519),
            },
            Self {
                spki: rsa.public_key().as_der().expect("it is written").as_ref().to_vec(),
                secret: Secret::Rsa(rsa.into()),
            },
        ]
    }

    /// Signs a message in one of the ways of its kind, which `way` chooses. Returns the content of
    /// the `AlgorithmIdentifier` and the signature.
    pub fn sign(&self, message: &[u8], way: usize) -> (Vec<u8>, Vec<u8>) {
        match &self.secret {
            Secret::P256(secret) => {
                let (last, digest) = match way % 4 {
                    0 | 3 => (2, Sha256::digest(message).to_vec()),
                    1 => (3, Sha384::digest(message).to_vec()),
                    _ => (4, Sha512::digest(message).to_vec()),
                };
                let signature: p256::ecdsa::DerSignature =
                    secret.sign_prehash(&digest).expect("it signs");
                // Go does not look at these parameters, which should not be there.
                let parameters = if way % 4 == 3 { NULL } else { &[] };
                ([ecdsa_with(last), parameters.to_vec()].concat(), signature.as_bytes().to_vec())
            }
            Secret::Ecdsa(secret, last) => {
                let signature = secret.sign(&SystemRandom::new(), message).expect("it signs");
                (ecdsa_with(*last), signature.as_ref().to_vec())
            }
            Secret::Ed25519(secret) => {
                let signature = secret.sign(message).as_ref().to_vec();
                (object_identifier(&[0x2b, 0x65, 112]), signature)
            }
            Secret::Rsa(secret) => {
                let (padding, identifier): (&dyn RsaEncoding, _) = match way % 7 {
                    0 => (&RSA_PKCS1_SHA256, pkcs1(11, NULL)),
                    1 => (&RSA_PKCS1_SHA384, pkcs1(12, NULL)),
                    2 => (&RSA_PKCS1_SHA512, pkcs1(13, NULL)),
                    3 => (&RSA_PSS_SHA256, pss(1, 32)),
                    4 => (&RSA_PSS_SHA384, pss(2, 48)),
                    5 => (&RSA_PSS_SHA512, pss(3, 64)),
                    _ => (&RSA_PKCS1_SHA256, pkcs1(11, &[])),
                };
                let mut signature = vec![0; secret.public_modulus_len()];
                let random = SystemRandom::new();
                secret.sign(padding, &random, message, &mut signature).expect("it signs");
                (identifier, signature)
            }
        }
    }
}

fn ecdsa(kind: &'static EcdsaSigningAlgorithm, last: u8) -> Key {
    let secret = EcdsaKeyPair::generate(kind).expect("a key");
    let spki = secret.public_key().as_der().expect("it is written").as_ref().to_vec();
    Key { spki, secret: Secret::Ecdsa(secret, last) }
}

fn ecdsa_with(last: u8) -> Vec<u8> {
    object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last])
}

fn pkcs1(last: u8, parameters: &[u8]) -> Vec<u8> {
    let id = object_identifier(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last]);
    [&id, parameters].concat()
}

fn pss(hash: u8, salt: u8) -> Vec<u8> {
    let sha = object_identifier(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash]);
    let sha = sequence(&[&sha, NULL]);
    let mgf1 = object_identifier(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8]);
    let parameters = sequence(&[
        &element(0xa0, &sha),
        &element(0xa1, &sequence(&[&mgf1, &sha])),
        &element(0xa2, &element(2, &[salt])),
    ]);
    pkcs1(10, &parameters)
}
