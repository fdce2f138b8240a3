//! A made-up timestamp authority (RFC 3161). Its timestamps are built of parts, so that a test can
//! put something wrong in each place.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey as _, date_time_ymd,
};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

const PKCS_9: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// Ends in 1, 2 or 3 for SHA-256, SHA-384 and SHA-512.
const SHA_2: [u8; 8] = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
const TIME_STAMPING: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 8];

/// An authority with a root and one signer.
pub struct MadeTsa {
    /// The root's certificate, DER.
    pub root: Vec<u8>,
    /// The signer's certificate, DER.
    pub signer: Vec<u8>,
    key: KeyPair,
}

/// The certificates of an authority before they are signed: from 2020 to 2040.
pub struct Certificates {
    /// The root's.
    pub root: CertificateParams,
    /// The signer's, without its purposes.
    pub signer: CertificateParams,
    /// The signer's purposes.
    pub purposes: CustomExtension,
}

/// The parts of a timestamp.
#[derive(Clone)]
pub struct Parts {
    /// The number in the response.
    pub status: u8,
    /// The kind of content: the content of an object identifier.
    pub content_type: Vec<u8>,
    /// The content: a `TSTInfo`.
    pub info: Vec<u8>,
    /// The certificates that come along.
    pub certificates: Vec<Vec<u8>>,
    /// The end of the identifier of the signer's hash: 1, 2 or 3.
    pub hash: u8,
    /// The values of the signed attributes by the ends of their identifiers.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// The signer's algorithm, an `AlgorithmIdentifier`.
    pub algorithm: Vec<u8>,
    /// How often the signer signs.
    pub signers: usize,
}

/// One DER element made of parts.
pub fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).expect("short").to_be_bytes();
    let head = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// Splits off the first of several DER elements.
pub fn first(elements: &[u8]) -> (&[u8], &[u8]) {
    elements.split_at(elements.len() - content(elements).len() + length(elements))
}

/// What follows the tag and length of an element.
pub fn content(element: &[u8]) -> &[u8] {
    &element[if element[1] < 0x80 { 2 } else { 2 + usize::from(element[1] & 0x7f) }..]
}

/// How long the content of an element is, as it says.
fn length(element: &[u8]) -> usize {
    match element[1] {
        short @ 0..=0x7f => short.into(),
        0x81 => element[2].into(),
        _ => u16::from_be_bytes([element[2], element[3]]).into(),
    }
}

/// The digest by the hash whose identifier ends so.
pub fn digest(hash: u8, message: &[u8]) -> Vec<u8> {
    match hash {
        1 => Sha256::digest(message).to_vec(),
        2 => Sha384::digest(message).to_vec(),
        _ => Sha512::digest(message).to_vec(),
    }
}

/// The `AlgorithmIdentifier` of a hash.
pub fn hash_id(hash: u8) -> Vec<u8> {
    der(0x30, &[&der(6, &[&SHA_2, &[hash]])])
}

/// A `TSTInfo` over the digest of a message, with `more` after its time.
pub fn info(hash: u8, message: &[u8], time: &str, more: &[u8]) -> Vec<u8> {
    let imprint = der(0x30, &[&hash_id(hash), &der(4, &[&digest(hash, message)])]);
    let (policy, serial) = (der(6, &[&[0x2a, 3, 4]]), der(2, &[&[7]]));
    let time = der(0x18, &[time.as_bytes()]);
    der(0x30, &[&[2, 1, 1], &policy, &imprint, &serial, &time, more])
}

impl Certificates {
    /// The purposes of the signer, each by its object identifier.
    pub fn purposes(critical: bool, purposes: &[&[u8]]) -> CustomExtension {
        let ids: Vec<u8> = purposes.iter().flat_map(|purpose| der(6, &[purpose])).collect();
        let list = der(0x30, &[&ids]);
        let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 37], list);
        extension.set_criticality(critical);
        extension
    }
}

impl Default for MadeTsa {
    fn default() -> Self {
        Self::new(&rcgen::PKCS_ECDSA_P256_SHA256, |_| {})
    }
}

impl MadeTsa {
    /// Makes an authority whose signer has a key of this kind.
    pub fn new(
        kind: &'static rcgen::SignatureAlgorithm,
        edit: impl FnOnce(&mut Certificates),
    ) -> Self {
        let params = |name: &str| {
            let mut params = CertificateParams::new([]).unwrap();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2040, 1, 1);
            params
        };
        let mut certificates = Certificates {
            root: params("root.tsa.test"),
            signer: params("tsa.test"),
            purposes: Certificates::purposes(true, &[&TIME_STAMPING]),
        };
        certificates.root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        certificates.root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        edit(&mut certificates);
        let Certificates { root, mut signer, purposes } = certificates;
        signer.custom_extensions.push(purposes);
        let root_key = KeyPair::generate().unwrap();
        let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
        let key = KeyPair::generate_for(kind).unwrap();
        let issuer = Issuer::new(root, root_key);
        let signer = signer.signed_by(&key, &issuer).unwrap().der().to_vec();
        Self { root: root_der, signer, key }
    }

    /// A timestamp of a message at a time such as `20260101000000Z`.
    pub fn stamp(&self, message: &[u8], time: &str) -> Vec<u8> {
        self.sign(&self.parts(info(1, message, time, &[])))
    }

    /// The parts of a timestamp with this content, all of them right.
    pub fn parts(&self, info: Vec<u8>) -> Parts {
        let hash = if self.key.algorithm() == &rcgen::PKCS_ECDSA_P384_SHA384 { 2 } else { 1 };
        let content_type = [&PKCS_9[..], &[16, 1, 4]].concat();
        let attributes = vec![
            (vec![3], der(6, &[&content_type])),
            (vec![4], der(4, &[&digest(hash, &info)])),
            (vec![16, 2, 47], self.signing_certificate(&der(4, &[&digest(1, &self.signer)]))),
        ];
        let algorithm = if self.key.algorithm() == &rcgen::PKCS_RSA_SHA256 {
            der(0x30, &[&der(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]]), &[5, 0]])
        } else {
            der(0x30, &[&der(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1 + hash]])])
        };
        let certificates = vec![self.signer.clone()];
        let (status, signers) = (0, 1);
        Parts { status, content_type, info, certificates, hash, attributes, algorithm, signers }
    }

    /// The value of `signingCertificate` and its successor: a certificate's hash, then its issuer
    /// and serial number.
    pub fn signing_certificate(&self, hash: &[u8]) -> Vec<u8> {
        let (issuer, number) = self.serial();
        let names = der(0x30, &[&der(0xa4, &[&issuer])]);
        let id = der(0x30, &[hash, &der(0x30, &[&names, &number])]);
        der(0x30, &[&der(0x30, &[&id])])
    }

    /// Signs parts, and puts them together.
    pub fn sign(&self, parts: &Parts) -> Vec<u8> {
        let (issuer, number) = self.serial();
        let mut attributes: Vec<Vec<u8>> = parts
            .attributes
            .iter()
            .map(|(id, value)| der(0x30, &[&der(6, &[&PKCS_9, id]), &der(0x31, &[value])]))
            .collect();
        attributes.sort();
        let attributes = attributes.concat();
        let signature = self.key.sign(&der(0x31, &[&attributes])).unwrap();
        let signer = der(
            0x30,
            &[
                &[2, 1, 1],
                &der(0x30, &[&issuer, &number]),
                &hash_id(parts.hash),
                &der(0xa0, &[&attributes]),
                &parts.algorithm,
                &der(4, &[&signature]),
            ],
        );
        let content =
            der(0x30, &[&der(6, &[&parts.content_type]), &der(0xa0, &[&der(4, &[&parts.info])])]);
        let data = der(
            0x30,
            &[
                &[2, 1, 3],
                &der(0x31, &[&hash_id(parts.hash)]),
                &content,
                &der(0xa0, &[&parts.certificates.concat()]),
                &der(0x31, &vec![&signer[..]; parts.signers]),
            ],
        );
        let token = der(0x30, &[&der(6, &[&SIGNED_DATA]), &der(0xa0, &[&data])]);
        der(0x30, &[&der(0x30, &[&der(2, &[&[parts.status]])]), &token])
    }

    /// The issuer and the serial number in the signer's certificate, as elements.
    fn serial(&self) -> (Vec<u8>, Vec<u8>) {
        let (signed, _) = first(content(&self.signer));
        let (_version, rest) = first(content(signed));
        let (number, rest) = first(rest);
        let (_algorithm, rest) = first(rest);
        (first(rest).0.to_vec(), number.to_vec())
    }
}
