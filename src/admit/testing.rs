//! Subjects, authorities and certificates for the tests of this module.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Encode as _;
use der::asn1::Utf8StringRef;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType,
};
use time::OffsetDateTime;

use fasti_entry::{
    ArtifactDigest, HashAlgorithm, KeyMaterial, PublicKey, SignedDigest, Submission,
    VerifiableSignature, Verifier,
};

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

/// A block as OpenSSL writes it.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A Fulcio extension with these exact bytes.
pub fn fulcio(number: u64, content: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, number], content.to_vec())
}

/// A Fulcio extension with a text.
pub fn fulcio_text(number: u64, text: &str) -> CustomExtension {
    fulcio(number, &Utf8StringRef::new(text).unwrap().to_der().unwrap())
}

/// A short-lived code signing certificate for one email address.
pub fn signer(email: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.not_before = offset(BEGIN);
    params.not_after = offset(END);
    params.subject_alt_names = vec![SanType::Rfc822Name(email.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params.custom_extensions = vec![fulcio_text(8, "https://login.example.com")];
    params
}

/// A certificate of an authority with this name.
pub fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.not_before = offset(BEGIN - 1_000_000);
    params.not_after = offset(BEGIN + 1_000_000);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
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

/// An authority with its certificate.
pub struct Ca {
    pub der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub fn root(params: CertificateParams) -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { der, issuer: Issuer::new(params, key) }
    }

    /// An authority below this one.
    pub fn below(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        Self { der, issuer: Issuer::new(params, key) }
    }

    pub fn issue(&self, params: &CertificateParams, subject: &Subject) -> Vec<u8> {
        params.signed_by(&subject.0, &self.issuer).unwrap().der().to_vec()
    }

    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }
}

/// A submission with this verifier and a made-up signature.
pub fn submission(material: KeyMaterial) -> Submission {
    let verifier = Verifier::new(material).unwrap();
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, b"an artifact");
    let signature = VerifiableSignature { content: vec![0; 70], verifier };
    Submission::HashedRekord(SignedDigest { digest, signature })
}
