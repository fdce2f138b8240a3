//! A signer of signed data: which certificate, which algorithms, and the signature.

use fasti_x509::element::{
    self, EXPLICIT, Element, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET,
};

use super::Certificate;
use crate::error::{KindError, invalid};
use crate::pki::hash::Hash;
use crate::pki::pem;
use crate::pki::signed_digest::{Curve, DigestKey};
use crate::pki::x509::{Key, Scheme};

/// 1.2.840.113549.1.9.4
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];

/// A signer, of whom nothing was verified.
pub(super) struct Signer<'a> {
    /// All of it.
    pub encoded: &'a [u8],
    issuer: &'a [u8],
    serial: &'a [u8],
    /// The content of the `AlgorithmIdentifier` of its hash.
    hash: &'a [u8],
    /// What is signed beside the content, as a list of attributes.
    signed: Option<&'a [u8]>,
    /// The content of the `AlgorithmIdentifier` of its signature.
    algorithm: &'a [u8],
    pub signature: &'a [u8],
    unsigned: &'a [u8],
}

/// What a signature is, by its identifier.
enum Algorithm {
    Rsa(Option<Hash>),
    RsaPss,
    Ecdsa(Option<Hash>),
}

impl<'a> Signer<'a> {
    pub fn read(element: Element<'a>) -> Option<Self> {
        let mut fields = Elements::of(element.encoded).inside(SEQUENCE)?;
        fields.element(INTEGER)?;
        let mut name = fields.inside(SEQUENCE)?;
        let issuer = name.element(SEQUENCE)?.encoded;
        let serial = name.element(INTEGER)?.content;
        let hash = fields.element(SEQUENCE)?.content;
        let signed = fields.element(EXPLICIT).map(|attributes| attributes.content);
        let algorithm = fields.element(SEQUENCE)?.content;
        let signature = fields.element(OCTET_STRING)?.content;
        let unsigned =
            fields.element(EXPLICIT | 1).map_or(&[][..], |attributes| attributes.content);
        let encoded = element.encoded;
        fields.is_empty().then_some(Self {
            encoded,
            issuer,
            serial,
            hash,
            signed,
            algorithm,
            signature,
            unsigned,
        })
    }

    /// The only value of an attribute that is not signed; `None` if there is no such attribute.
    pub fn unsigned_attribute(&self, id: &[u8]) -> Result<Option<&'a [u8]>, KindError> {
        attribute(self.unsigned, id)
    }

    /// Verifies the signature over some content, and returns the key.
    pub fn verify(
        &self,
        content: &[u8],
        certificates: &[Certificate<'_>],
    ) -> Result<Key, KindError> {
        let hash = hash(self.hash)?;
        let mut digest = hash.of(content);
        if let Some(signed) = self.signed.filter(|signed| !signed.is_empty()) {
            let stated = attribute(signed, MESSAGE_DIGEST)?;
            let stated = stated.and_then(|stated| Elements::of(stated).element(OCTET_STRING));
            if stated.is_none_or(|stated| stated.content != digest.as_ref()) {
                return Err(invalid("pkcs7: content digest does not match"));
            }
            digest = hash.of(&element::encode(SET, signed));
        }
        let is_it = |one: &&Certificate<'_>| one.issuer == self.issuer && one.serial == self.serial;
        let certificate = certificates.iter().find(is_it);
        let certificate = certificate.ok_or_else(|| {
            let serial = hex::encode(&self.serial[..self.serial.len().min(20)]);
            invalid(format!("certificate missing from signedData: serial={serial}"))
        })?;
        let algorithm = self.algorithm(hash)?;
        let key = Key::parse(pem::encode("CERTIFICATE", certificate.der).as_bytes())?;
        let bits = key.bits().to_vec();
        let (checker, message) = match (algorithm, key.scheme()?) {
            (Algorithm::Rsa(_), Scheme::Rsa(_)) => (DigestKey::Rsa(bits), RSA),
            (Algorithm::RsaPss, Scheme::Rsa(_)) => (DigestKey::RsaPss(bits), RSA),
            (Algorithm::Ecdsa(_), Scheme::EcdsaP256) => {
                (DigestKey::Ecdsa(Curve::P256, bits), ECDSA)
            }
            (Algorithm::Ecdsa(_), Scheme::EcdsaP384) => {
                (DigestKey::Ecdsa(Curve::P384, bits), ECDSA)
            }
            (Algorithm::Ecdsa(_), Scheme::EcdsaP521) => {
                (DigestKey::Ecdsa(Curve::P521, bits), ECDSA)
            }
            _ => return Err(invalid("incorrect key type for signature")),
        };
        match checker.made(hash, &digest, self.signature) {
            Some(true) => Ok(key),
            Some(false) => Err(invalid(message)),
            None => {
                let hash = hash.name();
                Err(invalid(format!(
                    "this log cannot verify signatures over {hash} by keys of this kind"
                )))
            }
        }
    }

    /// What the signature is; the hash that its name has must be the signer's.
    fn algorithm(&self, hash: Hash) -> Result<Algorithm, KindError> {
        let mut fields = Elements::of(self.algorithm);
        let id = fields.element(OBJECT_IDENTIFIER).map(|id| id.content);
        let found = id.and_then(algorithm);
        let found = found.ok_or_else(|| invalid("unsupported public key algorithm"))?;
        match found {
            Algorithm::RsaPss if !is_pss(fields, self.hash) => {
                Err(invalid("invalid RSA-PSS parameters"))
            }
            Algorithm::Rsa(Some(named)) | Algorithm::Ecdsa(Some(named)) if named != hash => {
                Err(invalid("signature type does not match digest type"))
            }
            found => Ok(found),
        }
    }
}

const RSA: &str = "crypto/rsa: verification error";
const ECDSA: &str = "ECDSA verification failed";

/// The only value of an attribute in a list.
fn attribute<'a>(list: &'a [u8], id: &[u8]) -> Result<Option<&'a [u8]>, KindError> {
    let malformed = || invalid("pkcs7: its attributes are malformed");
    let mut list = Elements::of(list);
    while !list.is_empty() {
        let mut fields = list.inside(SEQUENCE).ok_or_else(malformed)?;
        let found = fields.element(OBJECT_IDENTIFIER).ok_or_else(malformed)?;
        let mut values = fields.inside(SET).ok_or_else(malformed)?;
        if found.content == id {
            let value = values.any().ok_or_else(malformed)?.encoded;
            return if values.is_empty() { Ok(Some(value)) } else { Err(malformed()) };
        }
    }
    Ok(None)
}

/// The hash that the content of an `AlgorithmIdentifier` names.
pub(super) fn hash(algorithm: &[u8]) -> Result<Hash, KindError> {
    /// 2.16.840.1.101.3.4.2, before the number.
    const SHA_2: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
    let id = Elements::of(algorithm).element(OBJECT_IDENTIFIER).map_or(&[][..], |id| id.content);
    match (id, id.strip_prefix(SHA_2)) {
        // 1.3.14.3.2.26
        ([0x2b, 0x0e, 3, 2, 0x1a], _) => Ok(Hash::Sha1),
        (_, Some([1])) => Ok(Hash::Sha256),
        (_, Some([2])) => Ok(Hash::Sha384),
        (_, Some([3])) => Ok(Hash::Sha512),
        (_, Some([4])) => Ok(Hash::Sha224),
        _ => Err(invalid("pkcs7: unsupported hash algorithm")),
    }
}

fn algorithm(id: &[u8]) -> Option<Algorithm> {
    /// 1.2.840.113549.1.1 and 1.2.840.10045, before their numbers.
    const PKCS_1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
    const X9_62: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d];
    Some(match (id.strip_prefix(PKCS_1), id.strip_prefix(X9_62)) {
        (Some([1]), _) => Algorithm::Rsa(None),
        (Some([5]), _) => Algorithm::Rsa(Some(Hash::Sha1)),
        (Some([10]), _) => Algorithm::RsaPss,
        (Some([11]), _) => Algorithm::Rsa(Some(Hash::Sha256)),
        (Some([12]), _) => Algorithm::Rsa(Some(Hash::Sha384)),
        (Some([13]), _) => Algorithm::Rsa(Some(Hash::Sha512)),
        (_, Some([2, 1])) => Algorithm::Ecdsa(None),
        (_, Some([4, 1])) => Algorithm::Ecdsa(Some(Hash::Sha1)),
        (_, Some([4, 3, 2])) => Algorithm::Ecdsa(Some(Hash::Sha256)),
        (_, Some([4, 3, 3])) => Algorithm::Ecdsa(Some(Hash::Sha384)),
        (_, Some([4, 3, 4])) => Algorithm::Ecdsa(Some(Hash::Sha512)),
        _ => return None,
    })
}

/// Whether the parameters of RSASSA-PSS (RFC 4055, section 3.1) say the signer's hash, twice. The
/// length of the salt is that of the digest, or the signature does not verify.
fn is_pss(mut parameters: Elements<'_>, hash: &[u8]) -> bool {
    /// MGF1, 1.2.840.113549.1.1.8
    const MGF_1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    let id = |algorithm: &mut Elements<'_>| {
        Some(algorithm.inside(SEQUENCE)?.element(OBJECT_IDENTIFIER)?.content.to_vec())
    };
    let mut named = || {
        let mut fields = parameters.inside(SEQUENCE)?;
        let hash = id(&mut fields.inside(EXPLICIT)?)?;
        let mut generator = fields.inside(EXPLICIT | 1)?.inside(SEQUENCE)?;
        let generator_id = generator.element(OBJECT_IDENTIFIER)?.content;
        (generator_id == MGF_1 && id(&mut generator)? == hash).then_some(hash)
    };
    let expected = Elements::of(hash).element(OBJECT_IDENTIFIER).map(|id| id.content.to_vec());
    expected.is_some() && named() == expected
}
