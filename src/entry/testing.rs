//! Signers of every admitted algorithm and their submissions, for the tests of this module.
//!
//! They sign messages, where the code under test verifies digests.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode as _;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Digest as _, Sha512, SigningKey};
use rcgen::{CertificateParams, CustomExtension, Issuer, KeyPair, PublicKeyData, SanType};
use serde_json::{Value, json};
use spki::SubjectPublicKeyInfoRef;

use super::algorithm::SigningAlgorithm;
use super::artifact::ArtifactDigest;
use super::canonical::CanonicalEntry;
use super::error::EntryError;
use super::submission::Submission;
use super::verifier::KeyMaterial;

pub(super) const ARTIFACT: &[u8] = b"an artifact";

enum SecretHalf {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(SigningKey),
}

/// A key pair of an admitted kind.
pub(super) struct Signer {
    pub(super) algorithm: SigningAlgorithm,
    pub(super) spki: Vec<u8>,
    secret: SecretHalf,
}

impl Signer {
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Self {
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
    pub(super) fn of(algorithm: SigningAlgorithm) -> &'static Self {
        static SIGNERS: [OnceLock<Signer>; 7] = [const { OnceLock::new() }; 7];
        SIGNERS[algorithm as usize].get_or_init(|| Self::generate(algorithm))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
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

    pub(super) fn digest(&self, message: &[u8]) -> ArtifactDigest {
        ArtifactDigest::of(self.algorithm.hash(), message)
    }

    pub(super) fn public_key(&self) -> KeyMaterial {
        KeyMaterial::PublicKey(self.spki.clone())
    }

    /// A certificate for this key, from a made-up issuer.
    pub(super) fn certificate_with(
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

    pub(super) fn certificate(&self) -> KeyMaterial {
        let email = SanType::Rfc822Name("dev@example.com".try_into().unwrap());
        KeyMaterial::Certificate(self.certificate_with(vec![email], Vec::new()))
    }

    /// A request to log this key's signature over [`ARTIFACT`].
    pub(super) fn request(&self, material: &KeyMaterial) -> Value {
        json!({"hashedRekordRequestV002": {
            "digest": STANDARD.encode(self.digest(ARTIFACT).as_bytes()),
            "signature": {
                "content": STANDARD.encode(self.sign(ARTIFACT)),
                "verifier": verifier(self.algorithm, material),
            },
        }})
    }

    /// A request to log an envelope with this key's signature.
    pub(super) fn dsse_request(&self, material: &KeyMaterial) -> Value {
        json!({"dsseRequestV002": {
            "envelope": {
                "payload": STANDARD.encode(ARTIFACT),
                "payloadType": "text/plain",
                "signatures": [{"sig": STANDARD.encode(self.sign(&super::pae("text/plain", ARTIFACT))), "keyid": ""}],
            },
            "verifiers": [verifier(self.algorithm, material)],
        }})
    }
}

pub(super) fn verifier(algorithm: SigningAlgorithm, material: &KeyMaterial) -> Value {
    json!({
        material.field(): {"rawBytes": STANDARD.encode(material.der())},
        "keyDetails": algorithm.key_details().name(),
    })
}

pub(super) fn admit(request: &Value) -> Result<CanonicalEntry, EntryError> {
    admit_text(&request.to_string())
}

pub(super) fn admit_text(request: &str) -> Result<CanonicalEntry, EntryError> {
    Submission::parse(request.as_bytes())?.verify()
}

/// A copy of the JSON with the value at `pointer` replaced.
pub(super) fn with(json: &Value, pointer: &str, value: Value) -> Value {
    let mut json = json.clone();
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    json
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
