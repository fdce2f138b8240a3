//! Subjects, authorities and certificates for the tests of this module.

use std::time::{Duration, SystemTime};

use fasti_entry::{
    ArtifactDigest, HashAlgorithm, KeyMaterial, PublicKey, SignedDigest, Submission,
    VerifiableSignature, Verifier,
};
use fasti_kit::certificates::{self, email, signing, utf8};
pub use fasti_kit::certificates::{Authority as Ca, fulcio, pem};
use rcgen::{CertificateParams, CustomExtension, KeyPair, PublicKeyData as _};
use time::OffsetDateTime;

/// When the signers' certificates begin, in seconds since 1970; they end ten minutes later.
pub const BEGIN: u64 = 1_767_268_800;
pub const END: u64 = BEGIN + 600;

/// A moment in seconds since 1970.
pub fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub fn offset(seconds: u64) -> OffsetDateTime {
    at(seconds).into()
}

/// A Fulcio extension with a text.
pub fn fulcio_text(number: u64, text: &str) -> CustomExtension {
    fulcio(number, &utf8(text))
}

/// A short-lived code signing certificate for one email address.
pub fn signer(address: &str) -> CertificateParams {
    signing(email(address), "https://login.example.com", at(BEGIN))
}

/// A certificate of an authority with this name.
pub fn authority(name: &str) -> CertificateParams {
    let mut params = certificates::authority(name);
    params.not_before = offset(BEGIN - 1_000_000);
    params.not_after = offset(BEGIN + 1_000_000);
    params
}

/// A holder of a key.
pub struct Subject(pub KeyPair);

impl Subject {
    pub fn new() -> Self {
        Self(KeyPair::generate().unwrap())
    }

    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_spki_der(&self.0.subject_public_key_info()).unwrap()
    }

    pub fn signed_by_itself(&self, params: &CertificateParams) -> Vec<u8> {
        params.self_signed(&self.0).unwrap().der().to_vec()
    }

    pub fn self_signed(&self, email: &str) -> Vec<u8> {
        self.signed_by_itself(&signer(email))
    }
}

/// A submission with this verifier and a made-up signature.
pub fn submission(material: KeyMaterial) -> Submission {
    let verifier = Verifier::new(material).unwrap();
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, b"an artifact");
    let signature = VerifiableSignature { content: vec![0; 70], verifier };
    Submission::HashedRekord(SignedDigest { digest, signature })
}
