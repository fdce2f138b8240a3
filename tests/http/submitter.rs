//! Submitters for every admitted algorithm, and the requests they send.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Digest as _, Sha512};
use fasti::entry::{ArtifactDigest, SigningAlgorithm, pae};
use rcgen::{
    CertificateParams, Issuer, KeyPair, PublicKeyData as _, RsaKeySize, SanType, SigningKey as _,
};
use serde_json::{Value, json};

pub const P256: SigningAlgorithm = SigningAlgorithm::EcdsaP256Sha256;

pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// A key pair of an admitted kind.
pub struct Submitter {
    algorithm: SigningAlgorithm,
    key: KeyPair,
}

impl Submitter {
    /// One for each algorithm, created once: RSA keys take time.
    pub fn of(algorithm: SigningAlgorithm) -> &'static Self {
        static SUBMITTERS: [OnceLock<Submitter>; 7] = [const { OnceLock::new() }; 7];
        SUBMITTERS[algorithm as usize].get_or_init(|| Self::generate(algorithm))
    }

    pub fn generate(algorithm: SigningAlgorithm) -> Self {
        use SigningAlgorithm as S;
        let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size);
        let key = match algorithm {
            S::EcdsaP256Sha256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            S::EcdsaP384Sha384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            S::EcdsaP521Sha512 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
            S::Ed25519ph => KeyPair::generate_for(&rcgen::PKCS_ED25519),
            S::RsaPkcs1v15Sha256With2048 => rsa(RsaKeySize::_2048),
            S::RsaPkcs1v15Sha256With3072 => rsa(RsaKeySize::_3072),
            S::RsaPkcs1v15Sha256With4096 => rsa(RsaKeySize::_4096),
        };
        Self { algorithm, key: key.expect("a key pair") }
    }

    /// A new submitter with an ECDSA P-256 key.
    pub fn stranger() -> Self {
        Self { algorithm: P256, key: KeyPair::generate().expect("a key pair") }
    }

    pub fn spki(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }

    /// A self-signed certificate for this key with one email address.
    pub fn certificate(&self, email: &str) -> Vec<u8> {
        self.self_signed([email.to_owned()])
    }

    /// A self-signed certificate for this key with this many email addresses.
    pub fn certificate_of(&self, names: usize) -> Vec<u8> {
        self.self_signed((0..names).map(|n| format!("{n}@b.c")))
    }

    fn self_signed(&self, emails: impl IntoIterator<Item = String>) -> Vec<u8> {
        let mut params = CertificateParams::new([]).expect("no names");
        let name = |email: String| SanType::Rfc822Name(email.try_into().expect("ASCII"));
        params.subject_alt_names = emails.into_iter().map(name).collect();
        params.self_signed(&self.key).expect("a certificate").der().to_vec()
    }

    /// A certificate for this key by an authority.
    pub fn certified(&self, params: &CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Vec<u8> {
        params.signed_by(&self.key, issuer).expect("a certificate").der().to_vec()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        if self.algorithm == SigningAlgorithm::Ed25519ph {
            let key = ed25519_dalek::SigningKey::from_pkcs8_der(self.key.serialized_der());
            let hasher = Sha512::new().chain_update(message);
            let signature = key.expect("PKCS #8").sign_prehashed(hasher, None);
            return signature.expect("a signature").to_bytes().to_vec();
        }
        self.key.sign(message).expect("a signature")
    }

    fn verifier(&self, certificate: Option<&[u8]>) -> Value {
        let details = self.algorithm.key_details().name();
        match certificate {
            None => json!({"publicKey": {"rawBytes": base64(self.spki())}, "keyDetails": details}),
            Some(der) => {
                json!({"x509Certificate": {"rawBytes": base64(der)}, "keyDetails": details})
            }
        }
    }

    /// The request to log a signature over `artifact`.
    pub fn request(&self, artifact: &str, certificate: Option<&[u8]>) -> Value {
        let digest = ArtifactDigest::of(self.algorithm.hash(), artifact.as_bytes());
        json!({"hashedRekordRequestV002": {
            "digest": base64(digest.as_bytes()),
            "signature": {
                "content": base64(self.sign(artifact.as_bytes())),
                "verifier": self.verifier(certificate),
            },
        }})
    }

    /// The request to log an envelope around `payload`.
    pub fn envelope(&self, payload: &str) -> Value {
        envelope(payload, [(self, self.verifier(None))])
    }

    /// An envelope signed by several signers, each with a certificate.
    pub fn envelope_of(signers: &[(&Self, Vec<u8>)], payload: &str) -> Value {
        let verifier = |(signer, der): &(&'_ Self, Vec<u8>)| signer.verifier(Some(der));
        envelope(payload, signers.iter().map(|one| (one.0, verifier(one))))
    }
}

fn envelope<'a>(payload: &str, signers: impl IntoIterator<Item = (&'a Submitter, Value)>) -> Value {
    let message = pae("text/plain", payload.as_bytes());
    let signed = |(signer, verifier): (&Submitter, Value)| {
        (json!({"sig": base64(signer.sign(&message)), "keyid": ""}), verifier)
    };
    let (signatures, verifiers): (Vec<_>, Vec<_>) = signers.into_iter().map(signed).unzip();
    json!({"dsseRequestV002": {
        "envelope": {
            "payload": base64(payload),
            "payloadType": "text/plain",
            "signatures": signatures,
        },
        "verifiers": verifiers,
    }})
}

/// A unique valid request.
pub fn good() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let artifact = format!("good artifact {}", NEXT.fetch_add(1, Ordering::Relaxed));
    Submitter::of(P256).request(&artifact, None).to_string()
}

/// The same JSON with another value at `pointer`.
pub fn with(json: &Value, pointer: &str, value: Value) -> Value {
    let mut json = json.clone();
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    json
}
