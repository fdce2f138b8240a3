//! Signed data in PKCS #7 (RFC 2315; RFC 5652 calls it CMS), as JAR files have it.
//!
//! Verified is each signer's signature, over the content or over attributes with its digest, and
//! with it a timestamp, if the signer has one. Nobody asks who issued the certificates, or when
//! they are valid. The data must be DER, as in Rekor.
//!
//! The canonical form is the data without its content, which a JAR file has elsewhere.
//!
//! Invariant: certificates and signers are bounded in number, and timestamps are not looked for in
//! timestamps.

mod signer;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timestamp;

use fasti_entry::X509;
use fasti_x509::element::{
    self, EXPLICIT, Element, Elements, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET,
};

use self::signer::Signer;
use super::{pem, x509};
use crate::error::{KindError, invalid};

const CERTIFICATES_MAX: usize = 32;
const SIGNERS_MAX: usize = 8;

/// Signed data.
pub(crate) struct SignedData<'a> {
    /// The `OBJECT IDENTIFIER` of signed data, the version, and what kind of content it is, as
    /// elements.
    kind: &'a [u8],
    version: &'a [u8],
    content_type: &'a [u8],
    /// The content of the content's octets, if it is inside.
    content: Option<&'a [u8]>,
    digest_algorithms: Vec<&'a [u8]>,
    /// The lists of certificates and of revocations, as elements.
    certificate_list: &'a [u8],
    revocation_list: &'a [u8],
    certificates: Vec<Certificate<'a>>,
    signers: Vec<Signer<'a>>,
}

/// A certificate, by whose issuer and serial number a signer names it.
#[derive(Clone, Copy)]
struct Certificate<'a> {
    der: &'a [u8],
    issuer: &'a [u8],
    serial: &'a [u8],
}

impl<'a> SignedData<'a> {
    /// Reads a `ContentInfo`. Zeros may follow it.
    pub fn read(bytes: &'a [u8]) -> Result<Self, KindError> {
        let mut whole = Elements::of(bytes);
        let read = read(&mut whole);
        if read.is_some() && whole.rest().iter().any(|byte| *byte != 0) {
            return Err(invalid("pkcs7: trailing garbage after PKCS#7 structure"));
        }
        read.ok_or_else(|| invalid("pkcs7: it is not signed data in DER"))
    }

    /// Verifies every signature, over this content, to which any content inside must be equal.
    /// Returns the keys that signed.
    pub fn verify(&self, content: &[u8]) -> Result<Vec<x509::Key>, KindError> {
        if self.content.is_some_and(|inside| inside != content) {
            return Err(invalid(
                "pkcs7: internal and external content were both provided but are not equal",
            ));
        }
        if self.signers.is_empty() {
            return Err(invalid("pkcs7 contains no signatures"));
        }
        let keys = self.signers.iter().map(|signer| {
            let key = signer.verify(content, &self.certificates)?;
            timestamp::verify(signer, &self.certificates)?;
            Ok(key)
        });
        keys.collect()
    }

    /// The first certificate in PEM, if all can be parsed.
    pub fn first_certificate(&self) -> Result<String, KindError> {
        for certificate in &self.certificates {
            X509::from_der(certificate.der).map_err(|error| invalid(format!("x509: {error}")))?;
        }
        let first = self.certificates.first();
        let first = first.ok_or_else(|| {
            invalid("unable to extract public key from certificate inside PKCS7 bundle")
        })?;
        Ok(pem::encode("CERTIFICATE", first.der))
    }

    /// The data without its content, in PEM.
    pub fn detached(&self) -> String {
        // Go sorts sets, which in DER they are anyway.
        let sorted = |mut elements: Vec<&[u8]>| {
            elements.sort_unstable();
            element::encode(SET, &elements.concat())
        };
        let signers = self.signers.iter().map(|signer| signer.encoded).collect();
        let data = [
            self.version,
            &sorted(self.digest_algorithms.clone()),
            &element::encode(SEQUENCE, self.content_type),
            self.certificate_list,
            self.revocation_list,
            &sorted(signers),
        ]
        .concat();
        let explicit = element::encode(EXPLICIT, &element::encode(SEQUENCE, &data));
        let whole = element::encode(SEQUENCE, &[self.kind, &explicit].concat());
        pem::encode("PKCS7", &whole)
    }
}

fn read<'a>(whole: &mut Elements<'a>) -> Option<SignedData<'a>> {
    let mut info = whole.inside(SEQUENCE)?;
    let kind = info.element(OBJECT_IDENTIFIER)?.encoded;
    let mut explicit = info.inside(EXPLICIT)?;
    let mut data = explicit.inside(SEQUENCE)?;
    let version = data.element(INTEGER)?.encoded;
    let digest_algorithms = list(data.inside(SET)?, SIGNERS_MAX)?;
    let digest_algorithms = digest_algorithms.iter().map(|algorithm| algorithm.encoded).collect();
    let mut content = data.inside(SEQUENCE)?;
    let content_type = content.element(OBJECT_IDENTIFIER)?.encoded;
    let content = match content.inside(EXPLICIT) {
        Some(mut explicit) => Some(explicit.any()?.content),
        None => None,
    };
    let certificates = data.element(EXPLICIT);
    let revocations = data.element(EXPLICIT | 1);
    let signers = list(data.inside(SET)?, SIGNERS_MAX)?;
    let is_whole = data.is_empty() && explicit.is_empty() && info.is_empty();
    let inside = certificates.map_or(Elements::of(&[]), |list| Elements::of(list.content));
    let found = list(inside, CERTIFICATES_MAX)?.into_iter().map(Certificate::read);
    is_whole.then_some(SignedData {
        kind,
        version,
        content_type,
        content,
        digest_algorithms,
        certificate_list: certificates.map_or(&[], |list| list.encoded),
        revocation_list: revocations.map_or(&[], |list| list.encoded),
        certificates: found.collect::<Option<_>>()?,
        signers: signers.into_iter().map(Signer::read).collect::<Option<_>>()?,
    })
}

/// All elements of a list, of which there may be so many.
fn list(mut elements: Elements<'_>, count_max: usize) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !elements.is_empty() {
        found.push(elements.any()?);
        if found.len() > count_max {
            return None;
        }
    }
    Some(found)
}

impl<'a> Certificate<'a> {
    fn read(element: Element<'a>) -> Option<Self> {
        let mut whole = Elements::of(element.encoded);
        let mut signed = whole.inside(SEQUENCE)?.inside(SEQUENCE)?;
        signed.element(EXPLICIT);
        let serial = signed.element(INTEGER)?.content;
        signed.element(SEQUENCE)?;
        Some(Self { der: element.encoded, serial, issuer: signed.element(SEQUENCE)?.encoded })
    }
}
