//! Submitters for every admitted algorithm, and the requests they send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::entry::SigningAlgorithm;
use fasti_kit::certificates::{Authority, Signer, email};
use fasti_kit::requests;
use rcgen::CertificateParams;
use serde_json::Value;

pub const P256: SigningAlgorithm = SigningAlgorithm::EcdsaP256Sha256;

pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// A holder of a key of an admitted kind.
pub struct Submitter(&'static Signer);

impl Submitter {
    /// One for each algorithm, created once: RSA keys take time.
    pub fn of(algorithm: SigningAlgorithm) -> Self {
        Self(Signer::of(algorithm.key_details().name()))
    }

    pub fn generate(algorithm: SigningAlgorithm) -> Self {
        Self(Box::leak(Box::new(Signer::generate(algorithm.key_details().name()))))
    }

    /// A new submitter with an ECDSA P-256 key.
    pub fn stranger() -> Self {
        Self::generate(P256)
    }

    pub fn signer(&self) -> &'static Signer {
        self.0
    }

    pub fn spki(&self) -> Vec<u8> {
        self.0.spki.clone()
    }

    /// A certificate for this key with one email address, by nobody in particular.
    pub fn certificate(&self, address: &str) -> Vec<u8> {
        self.0.certificate_with(vec![email(address)], Vec::new())
    }

    /// A certificate for this key with this many email addresses.
    pub fn certificate_of(&self, names: usize) -> Vec<u8> {
        let names = (0..names).map(|n| email(&format!("{n}@b.c")));
        self.0.certificate_with(names.collect(), Vec::new())
    }

    /// A certificate for this key by an authority.
    pub fn certified(&self, params: &CertificateParams, authority: &Authority) -> Vec<u8> {
        authority.issue(params, self.0)
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message)
    }

    /// The request to log a signature over `artifact`.
    pub fn request(&self, artifact: &str, certificate: Option<&[u8]>) -> Value {
        requests::artifact(self.0, artifact.as_bytes(), certificate)
    }

    /// The request to log an envelope around `payload`.
    pub fn envelope(&self, payload: &str) -> Value {
        requests::envelope(&[(self.0, None)], "text/plain", payload.as_bytes())
    }

    /// An envelope signed by several signers, each with a certificate.
    pub fn envelope_of(signers: &[(&Self, Vec<u8>)], payload: &str) -> Value {
        let signers: Vec<_> =
            signers.iter().map(|(signer, der)| (signer.0, Some(der.as_slice()))).collect();
        requests::envelope(&signers, "text/plain", payload.as_bytes())
    }
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
