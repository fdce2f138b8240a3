//! Signed data of the Cryptographic Message Syntax (RFC 5652), as far as timestamps need it: with
//! content, with one signer, and with signed attributes.

use super::algorithm::HashAlgorithm;
use super::element::{
    self, CONTEXT, EXPLICIT, Elements, Fault, INTEGER, OCTET_STRING, SEQUENCE, SET,
};
use super::structure::Fields;
use super::x509::X509;

/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// 2.5.29.14
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
/// 2.16.840.1.101.3.4.2, the arc of SHA-2. The number follows.
const SHA_2: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];

/// A bound on the certificates that come along.
const CERTIFICATES_MAX: usize = 32;

/// The version of signed data with content other than plain data.
pub(super) const VERSION: i64 = 3;
/// The version that old authorities write, which follow PKCS #7.
pub(super) const OLD_VERSION: i64 = 1;

/// Content, and who signed it. Nothing is verified.
#[derive(Clone, Debug)]
pub(super) struct SignedData<'a> {
    /// The kind of content: the content of an `OBJECT IDENTIFIER`.
    pub content_type: &'a [u8],
    pub content: &'a [u8],
    /// Certificates that came along, DER.
    pub certificates: Vec<&'a [u8]>,
    pub signer: SignerInfo<'a>,
}

/// A signature, and what its signer says about it.
#[derive(Clone, Debug)]
pub(super) struct SignerInfo<'a> {
    pub id: SignerId<'a>,
    /// The hash of content and signature.
    pub hash: HashAlgorithm,
    /// The kind and the only value of each signed attribute.
    pub attributes: Vec<(&'a [u8], &'a [u8])>,
    /// What is signed: the attributes as a DER `SET OF`.
    pub signed: Vec<u8>,
    /// The content of its `AlgorithmIdentifier`.
    pub algorithm: &'a [u8],
    pub signature: &'a [u8],
}

/// Which certificate the signer has.
#[derive(Clone, Copy, Debug)]
pub(super) enum SignerId<'a> {
    /// That of this issuer, a DER `Name`, with this serial number.
    Serial { issuer: &'a [u8], number: &'a [u8] },
    /// One with this subject key identifier.
    KeyId(&'a [u8]),
}

impl<'a> SignedData<'a> {
    /// Reads a `ContentInfo`, whose content has at least this version.
    pub fn of(encoded: &'a [u8], least: i64) -> Result<Self, Fault> {
        let fault = "its token is not signed data";
        let mut whole = Elements::of(encoded);
        let mut info = whole.enter(SEQUENCE, fault)?;
        whole.end(fault)?;
        if info.object_identifier(fault)? != SIGNED_DATA {
            return Err(fault);
        }
        let mut explicit = info.enter(EXPLICIT, fault)?;
        info.end(fault)?;
        let mut fields = explicit.enter(SEQUENCE, fault)?;
        explicit.end(fault)?;
        // More than 3 with certificates of other kinds.
        version(&mut fields, least..=5, fault)?;
        fields.next(SET, fault)?;
        let (content_type, content) = content(&mut fields)?;
        let certificates = fields.optional(EXPLICIT, fault)?.unwrap_or_default();
        fields.optional(EXPLICIT | 1, "its revocation lists are malformed")?;
        let mut signers = fields.enter(SET, "it has no list of signers")?;
        fields.end(fault)?;
        let signer = signer(&mut signers)?;
        signers.end("it has several signers")?;
        let certificates = certificates_of(certificates)?;
        Ok(Self { content_type, content, certificates, signer })
    }
}

impl SignerId<'_> {
    /// Whether it is this certificate.
    pub fn is(&self, certificate: &[u8]) -> bool {
        match *self {
            Self::Serial { issuer, number } => Fields::of(certificate)
                .is_ok_and(|fields| fields.issuer == issuer && fields.serial_number == number),
            Self::KeyId(id) => X509::from_der(certificate).is_ok_and(|certificate| {
                let value = certificate.extension(SUBJECT_KEY_ID);
                let found = value.and_then(|value| Elements::of(value).next(OCTET_STRING, "").ok());
                found == Some(id)
            }),
        }
    }
}

impl<'a> SignerInfo<'a> {
    /// The value of a signed attribute, as a DER element.
    pub fn attribute(&self, id: &[u8]) -> Option<&'a [u8]> {
        self.attributes.iter().find(|(found, _)| *found == id).map(|(_, value)| *value)
    }
}

/// The hash that an `AlgorithmIdentifier` with this content names; `None` if it is not one of
/// SHA-2.
pub(super) fn hash_of(algorithm: &[u8]) -> Result<Option<HashAlgorithm>, Fault> {
    let fault = "a hash algorithm in it is malformed";
    let mut fields = Elements::of(algorithm);
    let id = fields.object_identifier(fault)?;
    // Parameters can be NULL or missing (RFC 5754, section 2).
    if !fields.is_empty() && fields.any().is_none_or(|parameters| *parameters.encoded != [5, 0]) {
        return Err(fault);
    }
    fields.end(fault)?;
    Ok(match id.strip_prefix(SHA_2) {
        Some([1]) => Some(HashAlgorithm::Sha256),
        Some([2]) => Some(HashAlgorithm::Sha384),
        Some([3]) => Some(HashAlgorithm::Sha512),
        _ => None,
    })
}

/// Reads a version number, which must be one of these.
pub(super) fn version(
    fields: &mut Elements<'_>,
    known: std::ops::RangeInclusive<i64>,
    fault: Fault,
) -> Result<(), Fault> {
    let version = element::small_integer(fields.next(INTEGER, fault)?);
    if version.is_some_and(|version| known.contains(&version)) { Ok(()) } else { Err(fault) }
}

fn content<'a>(fields: &mut Elements<'a>) -> Result<(&'a [u8], &'a [u8]), Fault> {
    let fault = "it has no content";
    let mut info = fields.enter(SEQUENCE, fault)?;
    let kind = info.object_identifier(fault)?;
    let mut explicit = info.enter(EXPLICIT, fault)?;
    info.end(fault)?;
    let content = explicit.next(OCTET_STRING, fault)?;
    explicit.end(fault)?;
    Ok((kind, content))
}

/// The X.509 certificates among those of all kinds.
fn certificates_of(set: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let mut set = Elements::of(set);
    let mut certificates = Vec::new();
    while !set.is_empty() {
        let certificate = set.any().ok_or("a certificate in it is malformed")?;
        if certificate.tag == SEQUENCE {
            certificates.push(certificate.encoded);
        }
        if certificates.len() > CERTIFICATES_MAX {
            return Err("it has more than 32 certificates");
        }
    }
    Ok(certificates)
}

fn signer<'a>(signers: &mut Elements<'a>) -> Result<SignerInfo<'a>, Fault> {
    let fault = "its signer is malformed";
    let mut fields = signers.enter(SEQUENCE, "it has no signer")?;
    let version = element::small_integer(fields.next(INTEGER, fault)?);
    let id = match (version, fields.optional(CONTEXT, fault)?) {
        (Some(3), Some(id)) => SignerId::KeyId(id),
        (Some(1), None) => {
            let mut serial = fields.enter(SEQUENCE, fault)?;
            let issuer = serial.next_encoded(SEQUENCE, fault)?;
            let number = serial.next(INTEGER, fault)?;
            serial.end(fault)?;
            SignerId::Serial { issuer, number }
        }
        _ => return Err(fault),
    };
    let hash = hash_of(fields.next(SEQUENCE, fault)?)?;
    let hash = hash.ok_or("it is signed over another hash than SHA-256, SHA-384 and SHA-512")?;
    let set = fields.optional(EXPLICIT, fault)?.ok_or("it has no signed attributes")?;
    let algorithm = fields.next(SEQUENCE, fault)?;
    let signature = fields.next(OCTET_STRING, fault)?;
    fields.optional(EXPLICIT | 1, fault)?;
    fields.end(fault)?;
    let (attributes, signed) = attributes(set)?;
    Ok(SignerInfo { id, hash, attributes, signed, algorithm, signature })
}

type Attributes<'a> = (Vec<(&'a [u8], &'a [u8])>, Vec<u8>);

/// The attributes, each with its only value; and their DER, in which they are in order, whatever
/// their order here.
fn attributes(set: &[u8]) -> Result<Attributes<'_>, Fault> {
    let fault = "its signed attributes are malformed";
    let mut set = Elements::of(set);
    let (mut attributes, mut encoded) = (Vec::new(), Vec::new());
    while !set.is_empty() {
        let attribute = set.any().filter(|one| one.tag == SEQUENCE).ok_or(fault)?;
        let mut fields = Elements::of(attribute.content);
        let id = fields.object_identifier(fault)?;
        let mut values = fields.enter(SET, fault)?;
        fields.end(fault)?;
        let value = values.any().ok_or(fault)?.encoded;
        values.end("one of its signed attributes has several values")?;
        attributes.push((id, value));
        encoded.push(attribute.encoded);
    }
    let mut ids: Vec<_> = attributes.iter().map(|(id, _)| *id).collect();
    if !element::are_distinct(&mut ids) {
        return Err("one of its signed attributes occurs twice");
    }
    encoded.sort_unstable();
    Ok((attributes, element::encode(SET, &encoded.concat())))
}
