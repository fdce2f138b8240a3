//! Signers of every kind that a log admits, authorities, and the certificates that they issue.
//!
//! Signers sign messages, where the code under test verifies digests. Kinds are named as in
//! Sigstore's `PublicKeyDetails`.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::Utf8StringRef;
use der::{Decode as _, Encode as _};
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::{Digest as _, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};
use sha2::{Sha256, Sha384, Sha512};
use spki::SubjectPublicKeyInfoRef;

/// What the signers sign if it does not matter.
pub const ARTIFACT: &[u8] = b"an artifact";

/// The kind that most signers are of.
pub const P256: &str = "PKIX_ECDSA_P256_SHA_256";
/// Ed25519ph.
pub const ED25519_PH: &str = "PKIX_ED25519_PH";

/// The kinds that a log admits.
pub const KINDS: [&str; 7] = [
    P256,
    "PKIX_ECDSA_P384_SHA_384",
    "PKIX_ECDSA_P521_SHA_512",
    "PKIX_RSA_PKCS1V15_2048_SHA256",
    "PKIX_RSA_PKCS1V15_3072_SHA256",
    "PKIX_RSA_PKCS1V15_4096_SHA256",
    ED25519_PH,
];

enum SecretHalf {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(SigningKey),
}

/// A key pair of an admitted kind.
pub struct Signer {
    /// Its kind, one of [`KINDS`].
    pub kind: &'static str,
    /// Its public half, a DER `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    secret: SecretHalf,
}

impl Signer {
    /// Makes a new one.
    pub fn generate(kind: &str) -> Self {
        let known = KINDS.into_iter().find(|known| *known == kind);
        let kind = known.unwrap_or_else(|| panic!("no signer is of the kind {kind}"));
        let (spki, secret) = match kind {
            P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            "PKIX_ECDSA_P384_SHA_384" => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            "PKIX_ECDSA_P521_SHA_512" => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
            "PKIX_RSA_PKCS1V15_2048_SHA256" => rsa(KeySize::Rsa2048),
            "PKIX_RSA_PKCS1V15_3072_SHA256" => rsa(KeySize::Rsa3072),
            "PKIX_RSA_PKCS1V15_4096_SHA256" => rsa(KeySize::Rsa4096),
            _ => {
                let key = SigningKey::generate(&mut rand_core::OsRng);
                let spki = key.verifying_key().to_public_key_der().expect("it has a DER form");
                (spki.into_vec(), SecretHalf::Ed25519(key))
            }
        };
        Self { kind, spki, secret }
    }

    /// One signer per kind, created once because RSA keys are slow to generate.
    pub fn of(kind: &str) -> &'static Self {
        static SIGNERS: LazyLock<Mutex<BTreeMap<String, &'static Signer>>> =
            LazyLock::new(Mutex::default);
        let mut signers = SIGNERS.lock().expect("no panics");
        let new = || &*Box::leak(Box::new(Self::generate(kind)));
        signers.entry(kind.to_owned()).or_insert_with(new)
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            SecretHalf::Ecdsa(key) => {
                let signature = key.sign(&SystemRandom::new(), message);
                signature.expect("the key signs").as_ref().to_vec()
            }
            SecretHalf::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let random = SystemRandom::new();
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.expect("the key signs");
                signature
            }
            SecretHalf::Ed25519(key) => {
                let hasher = Sha512::new().chain_update(message);
                let signature = key.sign_prehashed(hasher, None);
                signature.expect("the key signs").to_bytes().to_vec()
            }
        }
    }

    /// The digest of a message that it would sign.
    pub fn digest(&self, message: &[u8]) -> Vec<u8> {
        match self.kind {
            "PKIX_ECDSA_P384_SHA_384" => Sha384::digest(message).to_vec(),
            "PKIX_ECDSA_P521_SHA_512" | ED25519_PH => Sha512::digest(message).to_vec(),
            _ => Sha256::digest(message).to_vec(),
        }
    }

    /// A certificate for this key, from a made-up issuer.
    pub fn certificate_with(
        &self,
        names: Vec<SanType>,
        extensions: Vec<CustomExtension>,
    ) -> Vec<u8> {
        let mut params = CertificateParams::new([]).expect("no names");
        params.subject_alt_names = names;
        params.custom_extensions = extensions;
        let authority = CertificateParams::new([]).expect("no names");
        let issuer = Issuer::new(authority, KeyPair::generate().expect("a key"));
        issued(&params, self, &issuer)
    }
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        let spki = SubjectPublicKeyInfoRef::from_der(&self.spki).expect("it was made here");
        spki.subject_public_key.raw_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.kind {
            P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            "PKIX_ECDSA_P384_SHA_384" => &rcgen::PKCS_ECDSA_P384_SHA384,
            "PKIX_ECDSA_P521_SHA_512" => &rcgen::PKCS_ECDSA_P521_SHA512,
            ED25519_PH => &rcgen::PKCS_ED25519,
            _ => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> (Vec<u8>, SecretHalf) {
    let key = EcdsaKeyPair::generate(algorithm).expect("a key");
    let spki = key.public_key().as_der().expect("it has a DER form").as_ref().to_vec();
    (spki, SecretHalf::Ecdsa(key))
}

fn rsa(size: KeySize) -> (Vec<u8>, SecretHalf) {
    let key = RsaKeyPair::generate(size).expect("a key");
    let spki = key.public_key().as_der().expect("it has a DER form").as_ref().to_vec();
    (spki, SecretHalf::Rsa(key))
}

fn issued(
    params: &CertificateParams,
    key: &impl PublicKeyData,
    issuer: &Issuer<'_, KeyPair>,
) -> Vec<u8> {
    params.signed_by(key, issuer).expect("the issuer signs").der().to_vec()
}

/// An authority with its certificate.
pub struct Authority {
    /// Its certificate.
    pub der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A root with this certificate. Its key is of another kind than those of signers.
    pub fn root(params: CertificateParams) -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key");
        let der = params.self_signed(&key).expect("it signs itself").der().to_vec();
        Self { der, issuer: Issuer::new(params, key) }
    }

    /// An authority below this one.
    #[must_use]
    pub fn below(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let der = issued(&params, &key, &self.issuer);
        Self { der, issuer: Issuer::new(params, key) }
    }

    /// A certificate for this key.
    pub fn issue(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Vec<u8> {
        issued(params, key, &self.issuer)
    }

    /// Its certificate as text.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }
}

/// What an authority with this name says of itself: that it may issue.
pub fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// A short-lived certificate for signing code, valid for ten minutes from `begin` on.
pub fn signing(name: SanType, issuer: &str, begin: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::new([]).expect("no names");
    params.not_before = begin.into();
    params.not_after = (begin + Duration::from_mins(10)).into();
    params.subject_alt_names = vec![name];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params.custom_extensions = vec![fulcio(8, &utf8(issuer))];
    params
}

/// A certificate that vouches for itself, for a server with this name or address; with its key.
pub fn server(name: &str) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    (server_with(name, &key), key)
}

/// The same with this key.
pub fn server_with(name: &str, key: &KeyPair) -> rcgen::Certificate {
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.self_signed(key).expect("it signs itself")
}

/// An email address as a certificate names it.
pub fn email(address: &str) -> SanType {
    SanType::Rfc822Name(address.try_into().expect("ASCII"))
}

/// An extension of Fulcio's certificates (1.3.6.1.4.1.57264.1) with these exact bytes.
pub fn fulcio(number: u64, content: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, number], content.to_vec())
}

/// A DER `UTF8String`.
pub fn utf8(text: &str) -> Vec<u8> {
    let text = Utf8StringRef::new(text).expect("it is short");
    text.to_der().expect("it is short")
}

/// A block as OpenSSL writes it.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
